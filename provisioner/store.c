/* SPDX-License-Identifier: BSD-3-Clause */
#include "store.h"

#include "bookjson.h"
#include "bookdisk.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <unistd.h>

/* "mdshim-store-1 " and 64 digits and a newline, then what the digest is of: a line of JSON, and the document. */
static const char mark[] = "mdshim-store-1 ";
enum { MARK = sizeof(mark) - 1, TOP = MARK + 64 + 1, HEAD_MAX = 16384 };

static const char *const state_name[] = { "offered", "accepted", "active", "draining" };

const char *book_state_name(enum book_state state)
{
	return state_name[state];
}

static int state_parse(const char *name)
{
	for (int i = 0; name && i <= BOOK_DRAINING; i++)
		if (strcmp(name, state_name[i]) == 0)
			return i;
	return -1;
}

static void top_make(char top[static TOP + 1], const char *a, size_t a_len, const char *b, size_t b_len)
{
	uint8_t digest[32] = { 0 };
	EVP_MD_CTX *sum = EVP_MD_CTX_new();

	/* Without memory a file has a wrong digest, and is taken for a damaged one: nothing false is believed. */
	if (sum && EVP_DigestInit_ex(sum, EVP_sha256(), NULL) && EVP_DigestUpdate(sum, a, a_len) &&
		EVP_DigestUpdate(sum, b, b_len))
		EVP_DigestFinal_ex(sum, digest, NULL);
	EVP_MD_CTX_free(sum);
	memcpy(top, mark, MARK);
	for (int i = 0; i < 32; i++)
		snprintf(top + MARK + 2 * i, 3, "%02x", digest[i]);
	strcpy(top + TOP - 1, "\n");
	explicit_bzero(digest, sizeof(digest));
}

static int write_summed(const char *folder, const char *name, const char *head, const char *text, size_t len)
{
	char top[TOP + 1];
	struct iovec piece[3] = { { top, TOP }, { (void *)(uintptr_t)head, strlen(head) }, { (void *)(uintptr_t)text, len } };

	top_make(top, head, strlen(head), text, len);
	return file_replace(folder, name, 0600, piece, 3);
}

/* The head as JSON and the document behind it; NULL for a file that is not whole. */
static json_t *read_summed(char *text, size_t len, char **document, size_t *document_len)
{
	char top[TOP + 1], *end;

	if (len < TOP)
		return NULL;
	top_make(top, text + TOP, len - TOP, "", 0);
	if (memcmp(top, text, TOP) != 0 || !(end = memchr(text + TOP, '\n', len - TOP)))
		return NULL;
	*document = end + 1;
	*document_len = len - (size_t)(end + 1 - text);
	return json_loadb(text + TOP, (size_t)(end - text) - TOP, JSON_REJECT_DUPLICATES, NULL);
}

/* --- Books ---------------------------------------------------------------------------------------------------------------- */

int store_book(const char *folder, const char *domain, const struct stored *s)
{
	json_t *names = json_array(), *head;
	char name[128], *line;
	size_t len;
	int err = -ENOMEM;

	for (uint32_t i = 0; i < s->accepts; i++)
		json_array_append_new(names, json_string(s->accepted[i]));
	head = json_pack("{s:s, s:I, s:o}", "state", state_name[s->state], "book", (json_int_t)s->book, "accepted", names);
	line = head ? json_dumps(head, JSON_COMPACT) : NULL;
	json_decref(head);
	len = line ? strlen(line) : 0;
	if (line && len < HEAD_MAX) {
		char text[HEAD_MAX + 2];

		memcpy(text, line, len);
		strcpy(text + len, "\n");
		snprintf(name, sizeof(name), "%s.%u.book", domain, s->book);
		err = write_summed(folder, name, text, s->text, s->len);
	}
	free(line);
	return err;
}

void store_forget(const char *folder, const char *domain, uint32_t book)
{
	char name[128];

	snprintf(name, sizeof(name), "%s.%u.book", domain, book);
	file_erase(folder, name);
}

static bool stored_read(char *text, size_t len, uint32_t book, struct stored *s)
{
	char *document;
	size_t document_len, i;
	json_t *head = read_summed(text, len, &document, &document_len), *one;
	int state = state_parse(json_string_value(json_object_get(head, "state")));
	bool good = state >= 0 && json_integer_value(json_object_get(head, "book")) == book;

	memset(s, 0, sizeof(*s));
	json_array_foreach(json_object_get(head, "accepted"), i, one) {
		const char *name = json_string_value(one);

		if (name && strlen(name) < CONFIG_NAME && s->accepts < STORE_NAMES)
			strcpy(s->accepted[s->accepts++], name);
	}
	json_decref(head);
	if (!good || !(s->text = malloc(document_len + 1)))
		return false;
	memcpy(s->text, document, document_len);
	s->text[document_len] = '\0';
	s->len = document_len;
	s->state = (enum book_state)state;
	s->book = book;
	return true;
}

int store_load(const char *folder, const char *domain, void (*each)(void *context, struct stored *s), void *context,
	unsigned *damaged)
{
	uint32_t book[FILE_BOOKS];
	unsigned n;
	int err = file_books(folder, domain, book, &n);

	*damaged = 0;
	for (unsigned i = 0; !err && i < n; i++) {
		static struct stored s;
		char name[128], *text;
		size_t len;
		bool good, erased;

		snprintf(name, sizeof(name), "%s.%u.book", domain, book[i]);
		if (file_load(folder, name, MD_BOOK_OCTETS + HEAD_MAX + TOP, &text, &len) == -ENOMEM)
			return -ENOMEM;
		good = text && stored_read(text, len, book[i], &s);
		erased = text && file_was_erased(text, len);
		bookjson_free(text, len);
		if (good) {
			each(context, &s);
		} else {
			file_erase(folder, name);
			*damaged += !erased;
		}
	}
	return err;
}

/* --- Domains -------------------------------------------------------------------------------------------------------------- */

int store_domain(const char *folder, const char *domain, uint32_t book, int64_t made, const struct keyring *ring)
{
	json_t *ended = json_array(), *root;
	char name[128], *text;
	int err = -ENOMEM;

	for (int i = 0; i < 256; i++)
		json_array_append_new(ended, json_integer(ring->ended[i]));
	root = json_pack("{s:I, s:I, s:i, s:o}", "book", (json_int_t)book, "made", (json_int_t)made, "last", ring->last, "ended", ended);
	text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	snprintf(name, sizeof(name), "%s.domain", domain);
	if (text)
		err = write_summed(folder, name, text, "\n", 1);
	free(text);
	return err;
}

int store_domain_load(const char *folder, const char *domain, uint32_t *book, int64_t *made, struct keyring *ring)
{
	char name[128], *text, *rest;
	size_t len, rest_len;
	json_t *root;
	int err;

	snprintf(name, sizeof(name), "%s.domain", domain);
	err = file_load(folder, name, 65536, &text, &len);
	if (err)
		return err == -ENOENT ? 0 : err;
	root = read_summed(text, len, &rest, &rest_len);
	free(text);
	if (root) {
		*book = (uint32_t)json_integer_value(json_object_get(root, "book"));
		*made = json_integer_value(json_object_get(root, "made"));
		ring->last = (uint8_t)json_integer_value(json_object_get(root, "last"));
		for (size_t i = 0; i < 256; i++)
			ring->ended[i] = json_integer_value(json_array_get(json_object_get(root, "ended"), i));
	}
	json_decref(root);
	return 0;
}

int store_open(const char *folder, int *lock)
{
	char path[512];
	int err = file_folder(folder, 0700);

	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/lock", folder);
	*lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*lock < 0)
		return -errno;
	if (flock(*lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	close(*lock);
	return err;
}
