/* SPDX-License-Identifier: BSD-3-Clause */
#include "offers.h"

#include "bookjson.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { CORRELATOR_MAX = 128 };

/* x-correlator goes back as it came, if it is one. */
static void correlator_copy(struct evhttp_request *request)
{
	const char *c = evhttp_find_header(evhttp_request_get_input_headers(request), "x-correlator");
	size_t len = c ? strlen(c) : 0;

	if (len < 1 || len > CORRELATOR_MAX ||
		strspn(c, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:;./<>{}") != len)
		return;
	evhttp_add_header(evhttp_request_get_output_headers(request), "x-correlator", c);
}

/* Takes the object. */
static void reply(struct evhttp_request *request, int status, const char *phrase, const char *type, json_t *object)
{
	struct evbuffer *body = evbuffer_new();
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	correlator_copy(request);
	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Cache-Control", "no-store");
	if (body && text)
		evbuffer_add(body, text, strlen(text));
	evhttp_send_reply(request, text ? status : 500, text ? phrase : "Internal Server Error", body);
	if (body)
		evbuffer_free(body);
	free(text);
}

/* RFC 9457. */
static void problem(struct evhttp_request *request, int status, const char *title, json_t *more)
{
	json_t *object = json_pack("{s:s, s:s, s:i}", "type", "about:blank", "title", title, "status", status);

	if (more)
		json_object_update(object, more);
	json_decref(more);
	reply(request, status, title, "application/problem+json", object);
}

static json_t *answer_make(const char *domain, uint32_t book, const char *text, size_t len, const char *state)
{
	uint8_t digest[32] = { 0 };
	char hex[65];
	json_t *answer;

	(void)EVP_Digest(text, len, digest, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	answer = json_pack("{s:s, s:s, s:s, s:s}", "format", "mdshim-answer-1", "digest", hex, "state", state, "domain", domain);
	if (book)
		json_object_set_new(answer, "book", json_integer(book));
	return answer;
}

/* The path has to name what the document says; else something was mixed up on the way. */
static bool same_number(const char *text, size_t len, unsigned long wanted)
{
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL), *book = json_object_get(root, "book");
	bool same = !json_is_integer(book) || json_integer_value(book) == (json_int_t)wanted;

	json_decref(root);
	return same;
}

static void judge(struct offers *o, struct evhttp_request *request, unsigned long wanted, const char *text, size_t len)
{
	struct md_book_faults faults = { 0 };
	uint32_t book = 0;
	int err = -EINVAL;
	json_t *answer;

	if (!same_number(text, len, wanted))
		md_book_fault(&faults, MD_B_FIELD, MD_BOOK_WHOLE, 0, "book");
	else
		err = shelf_offer(o->shelf, text, len, &faults, &book);
	if (!err) {
		reply(request, 200, "OK", "application/json", answer_make(shelf_domain(o->shelf), book, text, len, "accepted"));
		return;
	}
	if (err != -EINVAL) {
		evhttp_add_header(evhttp_request_get_output_headers(request), "Retry-After", "5");
		problem(request, 503, "Service Unavailable", json_pack("{s:s}", "detail", strerrordesc_np(-err)));
		return;
	}
	answer = answer_make(shelf_domain(o->shelf), (uint32_t)wanted, text, len, "rejected");
	json_object_set_new(answer, "reasons", bookjson_reasons(&faults));
	problem(request, 422, "Unprocessable Content", answer);
}

static void put_book(struct offers *o, struct evhttp_request *request, unsigned long wanted)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(request);
	size_t len = evbuffer_get_length(body);
	char *text = malloc(len + 1);

	if (!text || evbuffer_remove(body, text, len) != (int)len) {
		free(text);
		problem(request, 503, "Service Unavailable", NULL);
		return;
	}
	judge(o, request, wanted, text, len);
	bookjson_free(text, len);
}

/* Counts, never codes. */
static void get_books(struct offers *o, struct evhttp_request *request)
{
	static const char *const state[] = { "current", "previous" };
	struct shelf_book kept[2] = { 0 };
	unsigned n = shelf_books(o->shelf, kept);
	json_t *list = json_array();

	for (unsigned i = 0; i < n && i < 2; i++)
		json_array_append_new(list, json_pack("{s:I, s:s, s:I, s:I, s:I, s:I}", "book", (json_int_t)kept[i].book, "state", state[i],
			"codes", (json_int_t)kept[i].codes, "keys", (json_int_t)kept[i].keys, "notBefore", (json_int_t)kept[i].not_before,
			"notAfter", (json_int_t)kept[i].not_after));
	reply(request, 200, "OK", "application/json", json_pack("{s:s, s:o}", "domain", shelf_domain(o->shelf), "books", list));
}

/* What follows "/domains/DOMAIN/books", or NULL for a path that is none of ours. What stands in front is a matter of the
 * configuration of whoever is between. */
static const char *path_rest(const char *path, const char *domain)
{
	const char *at = path ? strstr(path, "/domains/") : NULL;
	size_t len = strlen(domain);

	if (!at || strncmp(at + 9, domain, len) != 0 || strncmp(at + 9 + len, "/books", 6) != 0)
		return NULL;
	return at + 9 + len + 6;
}

void offers_request(struct evhttp_request *request, void *context)
{
	struct offers *o = context;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *rest = path_rest(uri ? evhttp_uri_get_path(uri) : NULL, shelf_domain(o->shelf));
	enum evhttp_cmd_type method = evhttp_request_get_command(request);
	unsigned long book = 0;
	char *end = NULL;

	if (!control_trusts(request, o->client_name)) {
		problem(request, 403, "Forbidden", NULL);
		return;
	}
	if (rest && rest[0] == '/' && rest[1] >= '1' && rest[1] <= '9')
		book = strtoul(rest + 1, &end, 10);
	if (!rest || (*rest && (!book || *end || book > UINT32_MAX))) {
		problem(request, 404, "Not Found", NULL);
	} else if (!*rest && method == EVHTTP_REQ_GET) {
		get_books(o, request);
	} else if (book && method == EVHTTP_REQ_PUT) {
		put_book(o, request, book);
	} else {
		evhttp_add_header(evhttp_request_get_output_headers(request), "Allow", book ? "PUT" : "GET");
		problem(request, 405, "Method Not Allowed", NULL);
	}
}
