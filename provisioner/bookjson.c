/* SPDX-License-Identifier: BSD-3-Clause */
#include "bookjson.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	struct md_codebook *book;
	struct md_book_faults *faults;
	enum md_book_part part;
	size_t index;
};

static int refuse(struct reading *r, enum md_book_reason reason, const char *member)
{
	md_book_fault(r->faults, reason, r->part, r->index, member);
	return -EINVAL;
}

static bool starts_x(const char *name)
{
	return name[0] == 'x' && name[1] == '-';
}

/* Whether an object has no members but these and such as begin with "x-". */
static bool known(json_t *object, const char *const names[])
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		const char *const *n = names;

		while (*n && strcmp(*n, name) != 0)
			n++;
		if (!*n && !starts_x(name))
			return false;
	}
	return true;
}

/* An integer within bounds. Absent: otherwise, unless that is negative. -1: not that. */
static int64_t integer(json_t *object, const char *name, int64_t low, int64_t high, int64_t otherwise)
{
	json_t *value = json_object_get(object, name);
	int64_t n;

	if (!value)
		return otherwise;
	n = json_is_integer(value) ? json_integer_value(value) : -1;
	return n < low || n > high ? -1 : n;
}

static bool truth(json_t *object, const char *name, bool *out)
{
	json_t *value = json_object_get(object, name);

	*out = json_is_true(value);
	return !value || json_is_boolean(value);
}

int bookjson_octets(const char *hex, size_t digits, uint8_t *out, size_t room)
{
	if (digits % 2 || digits / 2 > room)
		return -1;
	for (size_t i = 0; i < digits; i++) {
		char c = hex[i];
		int v = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;

		if (v < 0)
			return -1;
		out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | v : v << 4);
	}
	return (int)(digits / 2);
}

/* --- Codes -------------------------------------------------------------------------------------------------------- */

static int frame_read(struct reading *r, json_t *from, struct md_meaning *m)
{
	const char *role = json_string_value(json_object_get(from, "role"));
	int number = role ? md_role_parse(role) : -1;
	int64_t colour = integer(from, "colour", 0, MD_BOOK_COLOURS - 1, 0);

	if (json_object_get(from, "stream"))
		return refuse(r, MD_B_FIELD, "stream");
	if (number < 0 || (number == MD_ROLE_EDGE && !r->book->lab))
		return refuse(r, MD_B_ROLE, "role");
	if (colour < 0)
		return refuse(r, MD_B_COLOUR, "colour");
	m->role = (uint8_t)number;
	m->colour = (uint8_t)colour;
	return 0;
}

static int stream_read(struct reading *r, json_t *from, struct md_meaning *m)
{
	int64_t stream = integer(from, "stream", 0, 255, -1);

	if (json_object_get(from, "role"))
		return refuse(r, MD_B_FIELD, "role");
	if (json_object_get(from, "colour"))
		return refuse(r, MD_B_FIELD, "colour");
	if (stream < 0)
		return refuse(r, MD_B_FIELD, "stream");
	m->stream = (uint8_t)stream;
	return 0;
}

static int meaning_read(struct reading *r, json_t *from, struct md_meaning *m)
{
	int64_t p = integer(from, "p", 1, 3, -1), l = integer(from, "l", 0, 2, -1), d = integer(from, "d", 0, m->s ? 0 : 3, 0);

	if (p < 0 || l < 0 || d < 0)
		return refuse(r, MD_B_VALUE, p < 0 ? "p" : l < 0 ? "l" : "d");
	m->p = (uint8_t)p;
	m->l = (uint8_t)l;
	m->d = (uint8_t)d;
	return m->s ? stream_read(r, from, m) : frame_read(r, from, m);
}

/* The first fault of an entry is its reason; with its code readable it still counts where codes are compared. */
static void code_read(struct reading *r, json_t *from)
{
	static const char *const names[] = { "c", "s", "role", "colour", "stream", "d", "p", "l", NULL };
	struct md_code *code = &r->book->code[r->book->codes];
	json_t *c = json_object_get(from, "c");
	int64_t s;

	if (!json_is_object(from) || !known(from, names) || (s = integer(from, "s", 0, 1, 0)) < 0) {
		refuse(r, MD_B_FIELD, NULL);
		return;
	}
	if (json_string_length(c) != 2 * MD_CODE_LEN ||
		bookjson_octets(json_string_value(c), 2 * MD_CODE_LEN, code->code, MD_CODE_LEN) < 0) {
		refuse(r, MD_B_CODE_DIGITS, "c");
		return;
	}
	code->meaning = (struct md_meaning){ .s = (uint8_t)s };
	code->faulty = meaning_read(r, from, &code->meaning) < 0;
	code->at = (uint16_t)r->index;
	r->book->codes++;
}

/* --- Keys --------------------------------------------------------------------------------------------------------- */

static int cover_read(json_t *from, struct md_key *key)
{
	json_t *cover = json_object_get(from, "cover");
	int64_t n = integer(from, "cover", MD_COVER_MIN, 65535, -1);

	key->cover = n < 0 ? 0 : (uint32_t)n;
	if (!cover || n >= 0 || (json_is_string(cover) && strcmp(json_string_value(cover), "datagram") == 0))
		return 0;
	return -EINVAL;
}

/* "AES-128-CMAC-96" and "HMAC-SHA1-96" only as they are written. */
static int algorithm_read(json_t *from, struct md_key *key)
{
	const char *name = json_string_value(json_object_get(from, "alg"));
	int algorithm = name ? md_algorithm_parse(name) : -1;

	if (algorithm < 0 || strcmp(md_algorithm_name((enum md_algorithm)algorithm), name) != 0)
		return -EINVAL;
	key->algorithm = (enum md_algorithm)algorithm;
	return 0;
}

static int secret_read(json_t *from, struct md_key *key)
{
	json_t *hex = json_object_get(from, "key");
	int n = json_is_string(hex) ? bookjson_octets(json_string_value(hex), json_string_length(hex), key->key, MD_KEY_MAX) : -1;

	key->len = n < 0 ? 0 : (size_t)n;
	return n < MD_KEY_MIN ? -EINVAL : 0;
}

static void key_read(struct reading *r, json_t *from)
{
	static const char *const names[] = { "keyid", "alg", "key", "cover", "nat", "notBefore", "notAfter", NULL };
	struct md_book_key *to = &r->book->key[r->book->keys];
	int64_t keyid = integer(from, "keyid", 0, 255, -1);

	if (!json_is_object(from) || !known(from, names) || keyid < 0 || !truth(from, "nat", &to->key.nat)) {
		refuse(r, MD_B_FIELD, NULL);
		return;
	}
	to->key.keyid = (uint8_t)keyid;
	to->at = (uint16_t)r->index;
	if (algorithm_read(from, &to->key) < 0)
		refuse(r, MD_B_KEY_ALG, "alg");
	if (secret_read(from, &to->key) < 0)
		refuse(r, MD_B_KEY_LENGTH, "key");
	if (cover_read(from, &to->key) < 0)
		refuse(r, MD_B_KEY_COVER, "cover");
	to->not_before = integer(from, "notBefore", 0, INT64_C(1) << 53, -1);
	to->not_after = integer(from, "notAfter", 0, INT64_C(1) << 53, -1);
	if (to->not_before < 0 || to->not_after <= to->not_before || to->not_after - to->not_before > MD_KEY_LIFE)
		refuse(r, MD_B_KEY_TIME, "notBefore");
	r->book->keys++;
}

/* --- The document --------------------------------------------------------------------------------------------------- */

/* Everything of the outermost object but the lists. 0, or -EINVAL if the check ends here. */
static int head_read(struct reading *r, json_t *root)
{
	static const char *const names[] = { "format", "domain", "book", "notBefore", "notAfter", "bqUnit", "legacy16", "lab",
		"codes", "keys", NULL };
	json_t *domain = json_object_get(root, "domain"), *from = json_object_get(root, "notBefore"),
		*to = json_object_get(root, "notAfter");
	int64_t book = integer(root, "book", 1, UINT32_MAX, -1), unit = integer(root, "bqUnit", 1, 65535, 0);
	struct md_codebook *b = r->book;

	if (json_is_string(domain) && md_domain_good(json_string_value(domain), json_string_length(domain)))
		strcpy(b->domain, json_string_value(domain));
	else
		refuse(r, MD_B_DOMAIN, "domain");
	if (!known(root, names) || book < 0 || unit < 0 || !truth(root, "legacy16", &b->legacy16) || !truth(root, "lab", &b->lab) ||
		!json_is_integer(from) || !json_is_integer(to) || !json_is_array(json_object_get(root, "codes")) ||
		!json_is_array(json_object_get(root, "keys")))
		return refuse(r, MD_B_FIELD, NULL);
	b->book = (uint32_t)book;
	b->bq_unit = (uint32_t)unit;
	b->not_before = integer(root, "notBefore", 0, INT64_C(1) << 53, -1);
	b->not_after = integer(root, "notAfter", 0, INT64_C(1) << 53, -1);
	if (b->not_before < 0 || b->not_after <= b->not_before)
		refuse(r, MD_B_TIME, "notBefore");
	return 0;
}

static int lists_read(struct reading *r, json_t *codes, json_t *keys)
{
	json_t *item;

	if (json_array_size(codes) > MD_BOOK_CODES || json_array_size(keys) > MD_BOOK_KEYS)
		return refuse(r, MD_B_SIZE, NULL);
	if (!json_array_size(codes) && !json_array_size(keys))
		refuse(r, MD_B_EMPTY, NULL);
	r->part = MD_BOOK_CODE;
	for (r->index = 0; (item = json_array_get(codes, r->index)); r->index++)
		code_read(r, item);
	r->part = MD_BOOK_KEY;
	for (r->index = 0; (item = json_array_get(keys, r->index)); r->index++)
		key_read(r, item);
	return 0;
}

int bookjson_read(const char *text, size_t len, bool lab_allowed, struct md_codebook *book, struct md_book_faults *faults)
{
	struct reading r = { book, faults, MD_BOOK_WHOLE, 0 };
	json_error_t error;
	const char *format;
	json_t *root;

	memset(book, 0, sizeof(*book));
	memset(faults, 0, sizeof(*faults));
	if (len > MD_BOOK_OCTETS)
		return refuse(&r, MD_B_SIZE, NULL);
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!root && json_error_code(&error) == json_error_out_of_memory)
		return -ENOMEM;
	format = json_string_value(json_object_get(root, "format"));
	if (!format || strcmp(format, "mdshim-book-1") != 0)
		refuse(&r, MD_B_FORMAT, NULL);
	else if (head_read(&r, root) == 0 && lists_read(&r, json_object_get(root, "codes"), json_object_get(root, "keys")) == 0) {
		md_codebook_index(book);
		md_codebook_check(book, lab_allowed, faults);
	}
	json_decref(root);
	explicit_bzero(&error, sizeof(error)); /* its text may quote the document */
	if (faults->reasons)
		md_codebook_wipe(book);
	return faults->reasons ? -EINVAL : 0;
}

/* --- Answers -------------------------------------------------------------------------------------------------------- */

const char *bookjson_place(const struct md_book_faults *faults, unsigned i, char text[static 48])
{
	const char *member = faults->at[i].member, *dot = member ? "." : "";
	const char *list = faults->at[i].part == MD_BOOK_CODE ? "codes" : "keys";

	if (faults->at[i].part == MD_BOOK_WHOLE)
		snprintf(text, 48, "%.30s", member ? member : "");
	else
		snprintf(text, 48, "%s[%u]%s%.20s", list, faults->at[i].index, dot, member ? member : "");
	return text;
}

/* The first place of each reason, then further places while there is room; sorted by reason. */
json_t *bookjson_reasons(const struct md_book_faults *faults)
{
	json_t *list = json_array(), *one;
	unsigned left = MD_BOOK_FAULTS, distinct = (unsigned)__builtin_popcount(faults->reasons);
	char place[48];

	for (unsigned reason = 0; reason < MD_BOOK_REASON_COUNT && left; reason++) {
		unsigned places = 0;

		if (!(faults->reasons >> reason & 1))
			continue;
		distinct--;
		for (unsigned i = 0; i < faults->count && left > distinct; i++) {
			if (faults->at[i].reason != (enum md_book_reason)reason)
				continue;
			one = json_pack("{s:s}", "reason", md_book_reason_name((enum md_book_reason)reason));
			if (*bookjson_place(faults, i, place))
				json_object_set_new(one, "at", json_string(place));
			json_array_append_new(list, one);
			places++, left--;
		}
		if (!places && left) {
			json_array_append_new(list, json_pack("{s:s}", "reason", md_book_reason_name((enum md_book_reason)reason)));
			left--;
		}
	}
	return list;
}

/* --- Secrecy -------------------------------------------------------------------------------------------------------- */

static void wiping_free(void *block)
{
	if (block)
		explicit_bzero(block, malloc_usable_size(block));
	free(block);
}

void bookjson_secrecy(void)
{
	json_set_alloc_funcs(malloc, wiping_free);
}

void bookjson_free(char *text, size_t len)
{
	if (text)
		explicit_bzero(text, len);
	free(text);
}
