/* SPDX-License-Identifier: BSD-3-Clause
 *
 * notes.h - what was said of a packet before its send, found again there: across threads, without locks, bounded. A note
 * that was overwritten costs only what it said. */
#ifndef MD_NOTES_H
#define MD_NOTES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { NOTE_WORDS = 3 };

struct notes {
	struct notes_bucket *bucket; /* in memory that is wiped at fork; NULL: no room was to be had */
	_Atomic uint32_t any;        /* a note was ever made: what is asked first */
};

/* 0 or -ENOMEM. Only from the constructor. */
int notes_make(struct notes *notes);

/* Makes a note. Keys that follow one another (sequence numbers) lie in different buckets. word[0] must not be 0. */
void notes_put(struct notes *notes, uint64_t key, const uint64_t word[NOTE_WORDS]);

/* The latest note of that key. */
bool notes_find(const struct notes *notes, uint64_t key, uint64_t word[NOTE_WORDS]);

static inline bool notes_any(const struct notes *notes)
{
	return atomic_load_explicit(&notes->any, memory_order_relaxed) != 0;
}

#endif
