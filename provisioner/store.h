/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store.h - what survives: each live book with its state in a file of its own, and for each domain what must never be used
 * twice. Every file is written beside, synced and renamed, and carries a SHA-256 of its content, so that after a crash at
 * any moment there is the old file or the new one, and a torn one is known as such. 0600: it is the daemon's own. */
#ifndef PROVISION_STORE_H
#define PROVISION_STORE_H

#include "mint.h"

enum book_state { BOOK_OFFERED, BOOK_ACCEPTED, BOOK_ACTIVE, BOOK_DRAINING };
const char *book_state_name(enum book_state state);

enum { STORE_NAMES = CONFIG_CONTROLLERS };

/* A live book as it lies in its file. */
struct stored {
	enum book_state state;
	uint32_t book;
	char *text;                  /* the document, octet for octet as it is offered; bookjson_free() */
	size_t len;
	char accepted[STORE_NAMES][CONFIG_NAME]; /* controllers that have accepted it */
	uint32_t accepts;
};

/* Writes; 0 or -errno, and then what was there before is there still. */
int store_book(const char *folder, const char *domain, const struct stored *s);

/* Removes a book's file, its content overwritten first as far as the file system lets us. */
void store_forget(const char *folder, const char *domain, uint32_t book);

/* Hands over every good book of a domain, in rising order; damaged files are removed and *damaged counts them. 0 or -errno. */
int store_load(const char *folder, const char *domain, void (*each)(void *context, struct stored *s), void *context,
	unsigned *damaged);

/* The highest book id given out and when, and when KeyIDs were in use. store_domain_load() of a domain that has no good file: 0, nothing
 * changed. */
int store_domain(const char *folder, const char *domain, uint32_t book, int64_t made, const struct keyring *ring);
int store_domain_load(const char *folder, const char *domain, uint32_t *book, int64_t *made, struct keyring *ring);

/* Makes the folder if need be, and takes it for this process alone: *lock stays open. 0 or -errno; -EBUSY: another one has it. */
int store_open(const char *folder, int *lock);

#endif
