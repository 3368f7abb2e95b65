/* SPDX-License-Identifier: BSD-3-Clause
 *
 * book.h - the codebooks in force, as the provisioner publishes them (codebook format, section 5).
 *
 * Each domain's file is mapped at start and looked at again by the sends, every few milliseconds while they go on: one
 * load of the generation word. What is in it is copied and checked once; packets use the copy, which stays what it is
 * while it is pinned. A file that is damaged, cut or gone changes nothing: the last good book is used until it expires. A
 * file that takes the place of the mapped one, or appears at last, is noticed within a second. */
#ifndef MD_BOOK_H
#define MD_BOOK_H

#include <mdshim/snapshot.h>
#include <mdshim/stats.h>

#include "config.h"

/* What one packet uses. All zero: nothing. */
struct book {
	const struct md_snapshot *snapshot;
	const struct md_snapshot_key *key; /* to sign with now; NULL: none is valid */
	uint64_t mark;               /* of the key: another one for whatever differs from it; not 0 */
	uint8_t next_keyid;
	_Atomic uint32_t *pin;
};

/* Maps the books of the domains that routes name, and takes what is published. 0 or -errno. Only from the constructor. */
int book_start(const struct config *config);

/* Pins the domain's book; MD_ASIDE_COUNT, or why there is none to use. now is in seconds since 1970, tick in milliseconds.
 * What is left pinned keeps memory from being used again, so nothing may block or be sent meanwhile. */
enum md_aside book_pin(int domain, int64_t now, uint32_t tick, struct book *book);

/* Also for one that is not pinned. */
void book_let_go(struct book *book);

/* Lets go what this thread still has pinned because it left our code by a jump. */
void book_abandon(void);

#endif
