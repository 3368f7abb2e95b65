/* SPDX-License-Identifier: BSD-3-Clause */
#include "notes.h"

#include <errno.h>

#include "process.h"
#include "stir.h"

enum { BUCKETS = 2048, WAYS = 4 };

/* check is the key mixed with all words: words of two notes that were written at once do not fit one another, and a reader
 * that sees such a mixture finds nothing. */
struct notes_bucket {
	_Atomic uint32_t count; /* notes made so far; the next one takes the place of the oldest */
	struct {
		_Atomic uint64_t check, word[NOTE_WORDS];
	} way[WAYS];
};

static uint64_t mix(uint64_t check, uint64_t word)
{
	return stir(check ^ word, 0, 0xd6e8feb86659fd93u);
}

static struct notes_bucket *bucket_of(const struct notes *notes, uint64_t key)
{
	return &notes->bucket[(uint32_t)(key + (key >> 32) * 0x9e3779b1u) % BUCKETS];
}

int notes_make(struct notes *notes)
{
	notes->bucket = process_memory(BUCKETS * sizeof(*notes->bucket));
	return notes->bucket ? 0 : -ENOMEM;
}

void notes_put(struct notes *notes, uint64_t key, const uint64_t word[NOTE_WORDS])
{
	struct notes_bucket *bucket;
	unsigned way;

	if (!notes->bucket)
		return;
	bucket = bucket_of(notes, key);
	way = atomic_fetch_add_explicit(&bucket->count, 1, memory_order_relaxed) % WAYS;
	atomic_store_explicit(&bucket->way[way].check, 0, memory_order_relaxed);
	for (unsigned i = 0; i < NOTE_WORDS; i++) {
		atomic_store_explicit(&bucket->way[way].word[i], word[i], memory_order_relaxed);
		key = mix(key, word[i]);
	}
	atomic_store_explicit(&bucket->way[way].check, key, memory_order_release);
	if (!notes_any(notes))
		atomic_store_explicit(&notes->any, 1, memory_order_relaxed);
}

bool notes_find(const struct notes *notes, uint64_t key, uint64_t word[NOTE_WORDS])
{
	struct notes_bucket *bucket = bucket_of(notes, key);
	unsigned last = atomic_load_explicit(&bucket->count, memory_order_relaxed) - 1;

	for (unsigned n = 0; n < WAYS; n++) {
		unsigned way = (last - n) % WAYS;
		uint64_t check = atomic_load_explicit(&bucket->way[way].check, memory_order_acquire), mixed = key;

		for (unsigned i = 0; i < NOTE_WORDS; i++) {
			word[i] = atomic_load_explicit(&bucket->way[way].word[i], memory_order_relaxed);
			mixed = mix(mixed, word[i]);
		}
		if (check == mixed && word[0])
			return true;
	}
	return false;
}
