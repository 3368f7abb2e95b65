/* SPDX-License-Identifier: BSD-3-Clause */
#include "table.h"

#include <errno.h>
#include <string.h>

#include "process.h"
#include "real.h"
#include "usually.h"

enum {
	TABLE_LOOK = 64,    /* records looked at to find an old one */
	CLAIM_SPINS = 400,
	CLAIM_YIELDS = 64,
	CLAIM_LEFT = 2000 / 64
};

struct table_state {
	_Atomic uint32_t claim;
	_Atomic uint32_t count;   /* records that ever got a key; they keep one */
	uint32_t cursor;
};

/* The same bucket with another first record; the count above tells it from an earlier state that looks alike. */
static inline uint64_t with_first(uint64_t bucket, uint32_t first)
{
	return ((bucket >> 32) + 1) << 32 | first;
}

static inline void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* What this thread holds, or is about to hold: never more than two claims, a socket's and a table's. */
static _Thread_local _Atomic uint32_t *volatile held_by_me[2];

/* A claim that is held: who holds it (16 bits, different in every thread but for rare chance, which only matters to
 * claims_abandon), and since when in units of 64 ms (16 bits). */
static uint32_t mark_of(uint32_t now)
{
	uint64_t me = (uint64_t)(uintptr_t)held_by_me * 0x9e3779b97f4a7c15u;

	return ((uint32_t)(me >> 48) | 1) << 16 | ((now >> 6) & 0xffff);
}

static bool left_behind(uint32_t held, uint32_t now)
{
	uint32_t age = ((now >> 6) - held) & 0xffff;

	return age > CLAIM_LEFT && age < 0x8000;
}

/* The order matters: what a signal handler interrupts and jumps out of must find in held_by_me whatever this thread may
 * hold. */
bool claim_try(_Atomic uint32_t *claim, uint32_t now)
{
	uint32_t held = atomic_load_explicit(claim, memory_order_relaxed);
	int at = held_by_me[0] != NULL;

	if (seldom(held) && !left_behind(held, now))
		return false;
	held_by_me[at] = claim;
	if (atomic_compare_exchange_strong_explicit(claim, &held, mark_of(now), memory_order_acquire,
		memory_order_relaxed))
		return true;
	held_by_me[at] = NULL;
	return false;
}

/* The holder needs about a hundred nanoseconds unless it lost its processor; then yielding lets it finish. */
bool claim_take(_Atomic uint32_t *claim, uint32_t now)
{
	for (int i = 0; i < CLAIM_SPINS + CLAIM_YIELDS; i++) {
		if (claim_try(claim, now))
			return true;
		if (i < CLAIM_SPINS)
			relax();
		else
			raw_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	}
	return false;
}

void claim_drop(_Atomic uint32_t *claim)
{
	atomic_store_explicit(claim, 0, memory_order_release);
	held_by_me[held_by_me[0] != claim] = NULL;
}

void claims_abandon(void)
{
	for (int i = 0; i < 2; i++) {
		_Atomic uint32_t *claim = held_by_me[i];

		if (claim && atomic_load_explicit(claim, memory_order_relaxed) >> 16 == mark_of(0) >> 16)
			atomic_store_explicit(claim, 0, memory_order_release);
		held_by_me[i] = NULL;
	}
}

int table_make(struct table *table, uint32_t capacity, size_t stride, bool (*equal)(const void *record, const void *key),
	void (*forget)(void *record))
{
	uint32_t buckets = 16;

	while (buckets < capacity)
		buckets *= 2;
	table->stride = (stride + TABLE_ALIGN - 1) & ~(size_t)(TABLE_ALIGN - 1);
	table->capacity = capacity;
	table->mask = buckets - 1;
	table->equal = equal;
	table->forget = forget;
	table->state = process_memory(sizeof(*table->state));
	table->bucket = process_memory(buckets * sizeof(*table->bucket));
	table->record = process_memory(capacity * table->stride);
	return table->state && table->bucket && table->record ? 0 : -ENOMEM;
}

uint32_t table_index(const struct table *table, const void *record)
{
	return (uint32_t)((size_t)((const uint8_t *)record - table->record) / table->stride);
}

uint32_t table_count(const struct table *table)
{
	return atomic_load_explicit(&table->state->count, memory_order_relaxed);
}

void *table_find(struct table *table, uint32_t hash, const void *key, uint32_t now)
{
	return table_seek(table, hash, key, now, table->equal);
}

/* Takes a record out of its bucket. Under the claim: others add in front meanwhile, but nobody else takes out. The bucket's
 * count goes up in any case, so that who was looking through it then, and may have been led astray, looks again. */
static void unlink_slot(struct table *table, struct slot *slot)
{
	uint32_t me = table_index(table, slot) + 1, next = atomic_load(&slot->next), at;
	_Atomic uint64_t *bucket = &table->bucket[atomic_load(&slot->hash) & table->mask];
	uint64_t head = atomic_load(bucket);

	while (table_first_of(head) == me)
		if (atomic_compare_exchange_weak(bucket, &head, with_first(head, next)))
			return;
	at = table_first_of(head);
	for (uint32_t steps = 0; at && steps < table->capacity; steps++) {
		struct slot *before = table_slot_at(table, at - 1);

		at = atomic_load(&before->next);
		if (at == me) {
			atomic_store_explicit(&before->next, next, memory_order_release);
			while (!atomic_compare_exchange_weak(bucket, &head, with_first(head, table_first_of(head))))
				;
			return;
		}
	}
}

/* Milliseconds since it was used. Another thread may have read its clock a little later than we; what lies further in
 * the future was used before the clock was set back. */
static uint32_t age_of(struct slot *slot, uint32_t now)
{
	int32_t age = (int32_t)(now - atomic_load_explicit(&slot->used, memory_order_relaxed));

	if (age < 0)
		return age > -2000 ? 0 : INT32_MAX;
	return (uint32_t)age;
}

/* The oldest of some records behind the cursor that nobody uses; it is TABLE_CHANGING then. Under the claim. */
static struct slot *oldest(struct table *table, uint32_t now, uint32_t idle)
{
	uint32_t count = atomic_load(&table->state->count);
	uint32_t look = count < TABLE_LOOK ? count : TABLE_LOOK;
	struct slot *best = NULL;
	uint32_t best_age = 0, unused = 0;

	for (uint32_t i = 0; i < look; i++) {
		struct slot *slot = table_slot_at(table, (table->state->cursor + i) % count);
		uint32_t age = age_of(slot, now);

		/* A slot whose age is 0 is just about to get its first key. */
		if (atomic_load_explicit(&slot->pins, memory_order_relaxed) == 0 &&
			atomic_load_explicit(&slot->age, memory_order_relaxed) && age >= idle && (!best || age > best_age)) {
			best = slot;
			best_age = age;
		}
	}
	if (count)
		table->state->cursor = (table->state->cursor + 1) % count;
	if (!best || !atomic_compare_exchange_strong_explicit(&best->pins, &unused, TABLE_CHANGING, memory_order_acquire,
		memory_order_relaxed))
		return NULL;
	return best;
}

/* A record that never had a key, TABLE_CHANGING; NULL when all had one. */
static struct slot *fresh(struct table *table)
{
	uint32_t count = atomic_load_explicit(&table->state->count, memory_order_relaxed);

	while (count < table->capacity) {
		if (!atomic_compare_exchange_weak(&table->state->count, &count, count + 1))
			continue;
		atomic_store(&table_slot_at(table, count)->pins, TABLE_CHANGING);
		return table_slot_at(table, count);
	}
	return NULL;
}

/* A record that had a key, out of every bucket, TABLE_CHANGING. */
static struct slot *used(struct table *table, uint32_t now)
{
	struct slot *slot = NULL;

	if (!claim_take(&table->state->claim, now))
		return NULL;
	for (int tries = 0; !slot && tries < 4; tries++) /* somebody may begin to use the one we chose */
		slot = oldest(table, now, 0);
	if (slot) {
		unlink_slot(table, slot);
		if (table->forget)
			table->forget(slot);
	}
	claim_drop(&table->state->claim);
	return slot;
}

static struct slot *make(struct table *table, uint32_t hash, uint32_t now,
	void (*fill)(void *record, const void *argument), const void *argument, struct table_news *news)
{
	struct slot *slot = fresh(table);

	if (!slot) {
		slot = used(table, now);
		news->forgot = slot != NULL;
	}
	if (!slot)
		return NULL;
	memset((uint8_t *)slot + sizeof(*slot), 0, table->stride - sizeof(*slot));
	atomic_store_explicit(&slot->hash, hash, memory_order_relaxed);
	atomic_store_explicit(&slot->used, now, memory_order_relaxed);
	atomic_fetch_add_explicit(&slot->age, 1, memory_order_relaxed);
	fill(slot, argument);
	news->made = true;
	return slot;
}

/* It was not needed after all: it lies about without a place in any bucket until the table is full. */
static void put_back(struct slot *slot, struct table_news *news)
{
	atomic_store_explicit(&slot->used, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->pins, 0, memory_order_release);
	news->made = false;
}

/* The bucket must not have changed between looking for the key and putting the record in front: so that no key is ever
 * there twice. */
void *table_add(struct table *table, uint32_t hash, const void *key, uint32_t now,
	void (*fill)(void *record, const void *argument), const void *argument, struct table_news *news)
{
	_Atomic uint64_t *bucket = &table->bucket[hash & table->mask];
	struct slot *slot = NULL;

	memset(news, 0, sizeof(*news));
	for (;;) {
		uint64_t head = atomic_load_explicit(bucket, memory_order_acquire);
		void *found = table_find(table, hash, key, now);

		if (found) {
			if (slot)
				put_back(slot, news);
			return found;
		}
		if (!slot)
			slot = make(table, hash, now, fill, argument, news);
		if (!slot)
			return NULL;
		atomic_store_explicit(&slot->next, table_first_of(head), memory_order_relaxed);
		atomic_store_explicit(&slot->pins, 1, memory_order_release);
		if (atomic_compare_exchange_strong_explicit(bucket, &head, with_first(head, table_index(table, slot) + 1),
			memory_order_acq_rel, memory_order_relaxed))
			return slot;
		atomic_store_explicit(&slot->pins, TABLE_CHANGING, memory_order_relaxed);
	}
}

bool table_forget_oldest(struct table *table, uint32_t now, uint32_t idle)
{
	struct slot *slot;

	if (!claim_take(&table->state->claim, now))
		return false;
	slot = oldest(table, now, idle);
	if (slot) {
		/* It keeps its place and its key; only what it holds is given back. */
		if (table->forget)
			table->forget(slot);
		atomic_store_explicit(&slot->pins, 0, memory_order_release);
	}
	claim_drop(&table->state->claim);
	return slot != NULL;
}
