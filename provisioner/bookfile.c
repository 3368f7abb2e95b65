/* SPDX-License-Identifier: BSD-3-Clause */
#include "bookfile.h"

#include "bookdisk.h"
#include "bookjson.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

enum { TOP = 64 + 1 };

static void top_make(char top[static TOP + 1], const char *text, size_t len)
{
	uint8_t digest[32] = { 0 };

	(void)EVP_Digest(text, len, digest, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < 32; i++)
		snprintf(top + 2 * i, 3, "%02x", digest[i]);
	strcpy(top + 64, "\n");
}

static void name_make(char name[static 128], const char *domain, uint32_t book)
{
	snprintf(name, 128, "%s.%u.book", domain, book);
}

static int highest_write(const char *folder, const char *domain, uint32_t book)
{
	char name[128], text[16];
	struct iovec piece = { text, (size_t)snprintf(text, sizeof(text), "%u\n", book) };

	snprintf(name, sizeof(name), "%s.highest", domain);
	return file_replace(folder, name, 0640, &piece, 1);
}

int bookfile_write(const char *folder, const char *domain, uint32_t book, const char *text, size_t len)
{
	char top[TOP + 1], name[128];
	struct iovec piece[2] = { { top, TOP }, { (void *)(uintptr_t)text, len } };
	int err;

	top_make(top, text, len);
	name_make(name, domain, book);
	/* The book first: a number alone would make us refuse, as old, a book that we do not have. */
	err = file_replace(folder, name, 0640, piece, 2);
	return err ? err : highest_write(folder, domain, book);
}

void bookfile_forget(const char *folder, const char *domain, uint32_t book)
{
	char name[128];

	name_make(name, domain, book);
	file_erase(folder, name);
}

static void highest_read(const char *folder, const char *domain, uint32_t *highest)
{
	char name[128], *text;
	size_t len;

	snprintf(name, sizeof(name), "%s.highest", domain);
	if (file_load(folder, name, 64, &text, &len) < 0)
		return;
	*highest = (uint32_t)strtoul(text, NULL, 10);
	free(text);
}

int bookfile_load(const char *folder, const char *domain, uint32_t *highest,
	void (*each)(void *context, uint32_t book, const char *text, size_t len), void *context, unsigned *damaged)
{
	uint32_t book[FILE_BOOKS];
	unsigned n = 0;
	int err = file_folder(folder, 0750);

	if (!err)
		err = file_books(folder, domain, book, &n);
	if (!err)
		highest_read(folder, domain, highest);
	for (unsigned i = 0; i < n; i++) {
		char name[128], top[TOP + 1], *text;
		size_t len;

		name_make(name, domain, book[i]);
		if (file_load(folder, name, TOP + MD_BOOK_OCTETS, &text, &len) < 0)
			continue;
		top_make(top, text + (len < TOP ? 0 : TOP), len < TOP ? 0 : len - TOP);
		if (len > TOP && memcmp(top, text, TOP) == 0) {
			each(context, book[i], text + TOP, len - TOP);
		} else {
			*damaged += !file_was_erased(text, len);
			file_erase(folder, name);
		}
		bookjson_free(text, len);
	}
	return err;
}
