/* SPDX-License-Identifier: BSD-3-Clause */
#include "flowtab.h"

#include <stddef.h>
#include <string.h>

#include "process.h"
#include "stats.h"

_Static_assert(sizeof(struct flow) <= 512, "a flow with one SSRC stays below 512 octets");

/* Of an SSRC that is not its flow's first. */
struct stream_record {
	struct slot slot;
	struct stream stream;
};

struct stream_key {
	uint32_t flow, life, ssrc;
};

struct flow_fill {
	const struct flow_facts *facts;
	const struct md_traffic_key *key;
	uint32_t now;
};

enum { LAYERS_MOST = 4096, LINE = 64 };

static const uint64_t FIRST_TAKEN = (uint64_t)1 << 32; /* above an SSRC */

static struct table flows, streams, layers;
static uint64_t salt;

static size_t addr_len(uint8_t version)
{
	return version == 4 ? 4 : 16;
}

static uint64_t stir(uint64_t x, uint64_t y)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)(x ^ 0x9e3779b97f4a7c15u) * (y ^ salt);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t stir_addr(uint64_t x, const uint8_t *addr, uint8_t version)
{
	uint64_t half[2] = { 0, 0 };

	memcpy(half, addr, addr_len(version));
	x = stir(x, half[0]);
	return version == 4 ? x : stir(x, half[1]);
}

/* Salted: clients choose their ports and addresses and must not choose our buckets. */
static uint32_t flow_hash(const struct flow_key *key)
{
	uint64_t x = stir(key->cookie, key->tuple.dport);

	x = stir_addr(x, key->tuple.dst, key->tuple.version);
	if (key->chosen)
		x = stir_addr(x, key->tuple.src, key->tuple.version);
	return (uint32_t)(x ^ x >> 32);
}

/* All octets of two addresses; those behind one of IPv4 are zero. */
static inline bool same_addr(const uint8_t a[static 16], const uint8_t b[static 16])
{
	uint64_t x[2], y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return !((x[0] ^ y[0]) | (x[1] ^ y[1]));
}

static bool flow_equal(const void *record, const void *wanted)
{
	const struct flow *flow = record;
	const struct flow_key *key = wanted;

	return flow->cookie == key->cookie && flow->tuple.version == key->tuple.version &&
		flow->tuple.dport == key->tuple.dport && flow->route == key->route && flow->chosen == key->chosen &&
		same_addr(flow->tuple.dst, key->tuple.dst) &&
		(!key->chosen || memcmp(flow->tuple.src, key->tuple.src, addr_len(key->tuple.version)) == 0) &&
		!atomic_load_explicit(&flow->retired, memory_order_relaxed);
}

static uint32_t stream_hash(const struct stream_key *key)
{
	uint64_t x = stir((uint64_t)key->flow << 32 | key->ssrc, key->life);

	return (uint32_t)(x ^ x >> 32);
}

static bool stream_equal(const void *record, const void *wanted)
{
	const struct stream *stream = &((const struct stream_record *)record)->stream;
	const struct stream_key *key = wanted;

	return stream->flow == key->flow && stream->life == key->life && stream->ssrc == key->ssrc;
}

static bool layers_equal(const void *record, const void *wanted)
{
	const struct layers *of = record;
	const struct stream_key *key = wanted;

	return of->flow == key->flow && of->life == key->life && of->ssrc == key->ssrc;
}

int flowtab_start(uint32_t capacity, bool described)
{
	int err;

	salt = process_random();
	err = table_make(&flows, capacity, sizeof(struct flow), flow_equal, NULL);
	if (!err)
		err = table_make(&streams, capacity, sizeof(struct stream_record), stream_equal, NULL);
	if (!err && described)
		err = table_make(&layers, capacity < LAYERS_MOST ? capacity : LAYERS_MOST, sizeof(struct layers), layers_equal, NULL);
	return err;
}

/* With many flows a record is in no cache. What comes last in it is needed last, and meanwhile it can be fetched. */
static inline void fetch(const struct flow *flow)
{
	for (size_t at = 2 * LINE; at < sizeof(*flow); at += LINE)
		__builtin_prefetch((const uint8_t *)flow + at);
}

struct flow *flowtab_find(const struct flow_key *key, uint32_t now)
{
	struct flow *flow = table_find(&flows, flow_hash(key), key, now);

	if (flow)
		fetch(flow);
	return flow;
}

static void flow_fill(void *record, const void *argument)
{
	const struct flow_fill *with = argument;
	const struct flow_facts *facts = with->facts;
	struct flow *flow = record;

	flow->cookie = facts->key.cookie;
	flow->chosen = facts->key.chosen;
	flow->tuple = facts->tuple;
	flow->route = facts->key.route;
	flow->via = facts->via;
	atomic_store(&flow->why_not, (uint8_t)facts->why_not);
	atomic_store(&flow->mtu, facts->mtu);
	atomic_store(&flow->asked, with->now);
	atomic_store(&flow->clock, process_random() << 48);
	flow->mdu.first = (uint8_t)process_random();
	if (with->key)
		flow->key = *with->key;
}

struct flow *flowtab_add(const struct flow_facts *facts, const struct md_traffic_key *key, uint32_t now)
{
	struct flow_fill with = { facts, key, now };
	struct table_news news;
	struct flow *flow;

	flow = table_add(&flows, flow_hash(&facts->key), &facts->key, now, flow_fill, &with, &news);
	if (news.made)
		stats_count(MD_C_FLOWS, 1);
	if (news.forgot)
		stats_count(MD_C_FLOWS_FORGOTTEN, 1);
	__atomic_store_n(&stats_page()->flows_now, table_count(&flows), __ATOMIC_RELAXED);
	return flow;
}

void flowtab_let_go(struct flow *flow)
{
	table_let_go(flow);
}

static void name_stream(struct stream *stream, const struct stream_key *key)
{
	stream->flow = key->flow;
	stream->life = key->life;
	stream->ssrc = key->ssrc;
}

static void stream_fill(void *record, const void *argument)
{
	name_stream(&((struct stream_record *)record)->stream, argument);
}

static struct stream_key key_of(const struct flow *flow, uint32_t ssrc)
{
	return (struct stream_key){ table_index(&flows, flow), atomic_load_explicit(&flow->slot.age, memory_order_relaxed),
		ssrc };
}

/* The record of an SSRC that is not its flow's first. */
static __attribute__((noinline)) struct stream *another(struct flow *flow, uint32_t ssrc, uint32_t now)
{
	struct stream_key key = key_of(flow, ssrc);
	uint32_t hash = stream_hash(&key);
	struct stream_record *record = table_find(&streams, hash, &key, now);
	struct table_news news;

	if (!record)
		record = table_add(&streams, hash, &key, now, stream_fill, &key, &news);
	return record ? &record->stream : NULL;
}

/* Whether the record within the flow is this SSRC's; the first that asks gets it. */
static inline bool is_first(struct flow *flow, uint32_t ssrc)
{
	uint64_t mine = FIRST_TAKEN | ssrc, taken = atomic_load_explicit(&flow->first_is, memory_order_relaxed);

	return taken == mine || (!taken && (atomic_compare_exchange_strong(&flow->first_is, &taken, mine) || taken == mine));
}

static void let_go(struct flow *flow, struct stream *stream)
{
	if (stream != &flow->first)
		table_let_go((uint8_t *)stream - offsetof(struct stream_record, stream));
}

/* Under the claim, at its first packet. */
static __attribute__((noinline)) void name_first(struct flow *flow, uint32_t ssrc)
{
	struct stream_key key = key_of(flow, ssrc);

	name_stream(&flow->first, &key);
}

struct stream *flowtab_stream(struct flow *flow, uint32_t ssrc, uint32_t now)
{
	struct stream *stream = is_first(flow, ssrc) ? &flow->first : another(flow, ssrc, now);

	if (!stream)
		return NULL;
	if (!claim_take(&stream->claim, now)) {
		let_go(flow, stream);
		return NULL;
	}
	if (!stream->life)
		name_first(flow, ssrc);
	return stream;
}

void flowtab_stream_done(struct flow *flow, struct stream *stream)
{
	claim_drop(&stream->claim);
	let_go(flow, stream);
}

static void layers_fill(void *record, const void *argument)
{
	const struct stream_key *key = argument;
	struct layers *of = record;

	of->flow = key->flow;
	of->life = key->life;
	of->ssrc = key->ssrc;
}

struct layers *flowtab_layers(const struct stream *stream, uint32_t now)
{
	struct stream_key key = { stream->flow, stream->life, stream->ssrc };
	uint32_t hash = stream_hash(&key);
	struct layers *found = table_find(&layers, hash, &key, now);
	struct table_news news;

	return found ? found : table_add(&layers, hash, &key, now, layers_fill, &key, &news);
}

void flowtab_layers_done(struct layers *of)
{
	if (of)
		table_let_go(of);
}

/* The word: sequence (16 bits), Timestamp (32), repeats (16). One compare-and-swap keeps the three consistent between
 * threads, so that no number is given twice and no time goes back. */
void flowtab_tick(struct flow *flow, uint32_t now, uint16_t *seq, uint32_t *ts, uint64_t undo[2])
{
	uint64_t word = atomic_load_explicit(&flow->clock, memory_order_relaxed), next;
	uint32_t back = atomic_load_explicit(&flow->back, memory_order_relaxed);
	struct md_clock clock;

	do {
		clock.last = (uint32_t)(word >> 16);
		clock.repeats = (uint8_t)word;
		clock.back = back;
		*seq = (uint16_t)(word >> 48);
		*ts = md_clock_next(&clock, now);
		next = (uint64_t)(uint16_t)(*seq + 1) << 48 | (uint64_t)clock.last << 16 | clock.repeats;
	} while (!atomic_compare_exchange_weak_explicit(&flow->clock, &word, next, memory_order_relaxed,
		memory_order_relaxed));
	if (clock.back != back)
		atomic_store_explicit(&flow->back, clock.back, memory_order_relaxed);
	undo[0] = word;
	undo[1] = next;
}

void flowtab_undo(struct flow *flow, const uint64_t undo[2])
{
	uint64_t expected = undo[1];

	atomic_compare_exchange_strong_explicit(&flow->clock, &expected, undo[0], memory_order_relaxed,
		memory_order_relaxed);
}
