/* SPDX-License-Identifier: BSD-3-Clause
 *
 * shelf.h - the books of the router's domain: the newest accepted one and the one before it, in memory and on disk
 * (codebook format, sections 4 to 6). Offers come from the control thread, look-ups from the loop; whoever looks up or
 * ticks holds the lock. */
#ifndef MDROUTER_SHELF_H
#define MDROUTER_SHELF_H

#include "keys.h"

#include <mdshim/codebook.h>

struct shelf;

struct shelf_counts {
	uint64_t offers, accepted, repeated, rejected; /* repeated: the same document again */
	uint64_t damaged;    /* files that were not whole, or of expired books, at the start */
};

/* What is known of a book that is kept; no secret. */
struct shelf_book {
	uint32_t book, codes, keys;
	int64_t not_before, not_after;
};

/* folder: where accepted books are kept; made if need be. keys: where the books' keys go. Loads what is there; what is over at the time
 * now (seconds since 1970; that of a recording, if it is read with them) goes off the disk. 0 or -errno. */
int shelf_open(struct shelf **out, const char *folder, const char *domain, bool lab_allowed, struct keys *keys, int64_t now);
void shelf_close(struct shelf *s); /* what is on disk stays */

/* Judges an offer and keeps a good one: 0 once it is on disk and decoded; -EINVAL with reasons; -EIO, -ENOSPC...: it could not be
 * stored, ask again later. Takes the lock itself. book receives the number, 0 if unreadable. */
int shelf_offer(struct shelf *s, const char *text, size_t len, struct md_book_faults *faults, uint32_t *book);

void shelf_lock(struct shelf *s);
void shelf_unlock(struct shelf *s);

/* Forgets books that are over, wiped and off the disk. Takes the lock itself; from the thread that offers. */
void shelf_sweep(struct shelf *s, int64_t now);

/* Once a second: the time, and the keys valid now. */
void shelf_tick(struct shelf *s, int64_t now);

/* For decide_config.code_find. */
bool shelf_find(void *shelf, struct md_metadata *meta, struct md_meaning *meaning);

/* At most two, newest first. Takes the lock itself. */
unsigned shelf_books(struct shelf *s, struct shelf_book out[2]);
struct shelf_counts shelf_counts(struct shelf *s);
const char *shelf_domain(const struct shelf *s);

#endif
