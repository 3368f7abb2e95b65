/* SPDX-License-Identifier: BSD-3-Clause
 *
 * table.h - records found by key, bounded in number, the oldest forgotten first; without locks.
 *
 * A record that was found or added is pinned: it stays what it is until it is let go. Neither finding nor adding waits for
 * another thread; only choosing which record is forgotten, once the table is full, is done by one at a time. All zero is
 * an empty table, so that memory wiped at fork is one. */
#ifndef MD_TABLE_H
#define MD_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usually.h"

/* Head of every record. */
struct slot {
	_Atomic uint32_t pins;    /* users, or TABLE_CHANGING while it gets another key */
	_Atomic uint32_t next;    /* in its bucket: index + 1 */
	_Atomic uint32_t hash;
	_Atomic uint32_t used;    /* milliseconds, when it was last found */
	_Atomic uint32_t age;     /* how often the slot got a key; with its index the name of one life */
};

struct table {
	size_t stride;            /* size of a record */
	uint32_t capacity, mask;
	bool (*equal)(const void *record, const void *key);
	void (*forget)(void *record); /* tidies up before a record gets another key; may be NULL */
	struct table_state *state; /* in memory that is wiped at fork */
	_Atomic uint64_t *bucket; /* index + 1 of the first record, and above it how often that changed */
	uint8_t *record;
};

/* Makes a table for capacity records of stride octets. 0 or -ENOMEM. Only from the constructor. */
int table_make(struct table *table, uint32_t capacity, size_t stride, bool (*equal)(const void *record, const void *key),
	void (*forget)(void *record));

/* The record of that key, pinned, or NULL. */
void *table_find(struct table *table, uint32_t hash, const void *key, uint32_t now);

/* What table_seek() is made of, and table.c alone besides. */
enum {
	TABLE_CHANGING = 0x80000000,
	TABLE_ALIGN = 16,  /* octets; where records begin */
	TABLE_STEPS = 64   /* longest walk along a bucket; chains are short, and a walk may stray into another one */
};

static inline uint32_t table_first_of(uint64_t bucket)
{
	return (uint32_t)bucket;
}

static inline struct slot *table_slot_at(const struct table *table, uint32_t index)
{
	return (struct slot *)(void *)(table->record + index * table->stride);
}

/* A pinned record cannot get another key, so what is compared under the pin holds as long as the pin. */
static inline bool table_pin(struct slot *slot)
{
	uint32_t pins = atomic_load_explicit(&slot->pins, memory_order_relaxed);

	while (usually(!(pins & TABLE_CHANGING)))
		if (usually(atomic_compare_exchange_weak_explicit(&slot->pins, &pins, pins + 1, memory_order_acquire,
			memory_order_relaxed)))
			return true;
	return false;
}

static inline void table_touch(struct slot *slot, uint32_t now)
{
	if (atomic_load_explicit(&slot->used, memory_order_relaxed) != now)
		atomic_store_explicit(&slot->used, now, memory_order_relaxed);
}

/* table_find() for where it counts: equal, the table's own, becomes part of the search. */
static inline __attribute__((always_inline)) void *table_seek(const struct table *table, uint32_t hash, const void *key,
	uint32_t now, bool (*equal)(const void *record, const void *key))
{
	uint32_t at = table_first_of(atomic_load_explicit(&table->bucket[hash & table->mask], memory_order_acquire));

	for (int steps = 0; usually(at && steps < TABLE_STEPS); steps++) {
		struct slot *slot = table_slot_at(table, at - 1);

		if (atomic_load_explicit(&slot->hash, memory_order_relaxed) == hash && table_pin(slot)) {
			if (usually(equal(slot, key))) {
				table_touch(slot, now);
				return slot;
			}
			atomic_fetch_sub_explicit(&slot->pins, 1, memory_order_release);
		}
		at = atomic_load_explicit(&slot->next, memory_order_acquire);
	}
	return NULL;
}

/* The record at that index if it has that key, pinned, or NULL. equal is the table's own. */
static inline __attribute__((always_inline)) void *table_pin_at(const struct table *table, uint32_t index, const void *key,
	uint32_t now, bool (*equal)(const void *record, const void *key))
{
	struct slot *slot;

	if (seldom(index >= table->capacity))
		return NULL;
	slot = table_slot_at(table, index);
	if (seldom(!table_pin(slot)))
		return NULL;
	if (usually(equal(slot, key))) {
		table_touch(slot, now);
		return slot;
	}
	atomic_fetch_sub_explicit(&slot->pins, 1, memory_order_release);
	return NULL;
}

/* What adding did. */
struct table_news {
	bool made, forgot;        /* the record is new; another one made room for it */
};

/* Adds a record: fill is called with the record, zero behind its head, before anybody can find it. If there is one by
 * now, that is it. NULL: nothing could be forgotten. The record is pinned. */
void *table_add(struct table *table, uint32_t hash, const void *key, uint32_t now,
	void (*fill)(void *record, const void *argument), const void *argument, struct table_news *news);

/* Forgets the oldest record that nobody uses, if it was not used for idle milliseconds. False: there is none. */
bool table_forget_oldest(struct table *table, uint32_t now, uint32_t idle);

static inline void table_let_go(void *record)
{
	atomic_fetch_sub_explicit(&((struct slot *)record)->pins, 1, memory_order_release);
}

uint32_t table_count(const struct table *table);
uint32_t table_index(const struct table *table, const void *record);

/* A number that tells a record from the others of its table, by a subtraction where the index takes a division. */
static inline uint32_t table_place(const struct table *table, const void *record)
{
	return (uint32_t)((uint64_t)((const uint8_t *)record - table->record) / TABLE_ALIGN);
}

/* Claims: a word that one thread holds for a short time. False if it could not be had; never waits longer than some
 * ten microseconds of spinning and a bounded number of yields. now is in milliseconds: a claim two seconds old was left
 * behind (by a signal handler that jumped out of our code, say) and is taken over. */
bool claim_take(_Atomic uint32_t *claim, uint32_t now);
void claim_drop(_Atomic uint32_t *claim);

/* The same without waiting at all. */
bool claim_try(_Atomic uint32_t *claim, uint32_t now);

/* Drops what this thread still holds because it left our code by a jump. */
void claims_abandon(void);

#endif
