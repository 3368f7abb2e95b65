/* SPDX-License-Identifier: BSD-3-Clause */
#include "flowtab.h"

#include <string.h>

#include "process.h"
#include "stats.h"
#include "usually.h"

_Static_assert(sizeof(struct flow) + sizeof(struct stream) <= 512, "a flow with one SSRC stays below 512 octets");

struct stream_key {
	uint32_t flow, life, ssrc;
};

struct flow_fill {
	const struct flow_facts *facts;
	const struct md_traffic_key *key;
	uint32_t now;
};

/* The stream that was last made for an SSRC, whatever its flow. */
struct origin {
	struct slot slot;
	uint32_t ssrc;
	_Atomic uint64_t stream; /* flow and life of a struct stream_key */
};

enum { LAYERS_MOST = 4096, LINE = 64 };

static struct table flows, streams, layers, origins;
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
	if (seldom(key->chosen))
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
		atomic_load_explicit(&flow->state, memory_order_relaxed) != FLOW_RETIRED;
}

/* A socket and a destination have one usual flow, since RTP from one port to another has one route. */
static bool usual_equal(const void *record, const void *wanted)
{
	const struct flow *flow = record;
	const struct flow_key *key = wanted;

	return flow->cookie == key->cookie && flow->tuple.version == key->tuple.version &&
		flow->tuple.dport == key->tuple.dport && !flow->chosen && same_addr(flow->tuple.dst, key->tuple.dst) &&
		atomic_load_explicit(&flow->state, memory_order_relaxed) == FLOW_USUAL;
}

static uint32_t stream_hash(const struct stream_key *key)
{
	uint64_t x = stir((uint64_t)key->flow << 32 | key->ssrc, key->life);

	return (uint32_t)(x ^ x >> 32);
}

static bool stream_equal(const void *record, const void *wanted)
{
	const struct stream *stream = record;
	const struct stream_key *key = wanted;

	return stream->flow == key->flow && stream->life == key->life && stream->ssrc == key->ssrc;
}

static bool layers_equal(const void *record, const void *wanted)
{
	const struct layers *of = record;
	const struct stream_key *key = wanted;

	return of->flow == key->flow && of->life == key->life && of->ssrc == key->ssrc;
}

static bool origin_equal(const void *record, const void *wanted)
{
	return ((const struct origin *)record)->ssrc == *(const uint32_t *)wanted;
}

int flowtab_start(uint32_t capacity, bool described)
{
	int err;

	salt = process_random();
	err = table_make(&flows, capacity, sizeof(struct flow), flow_equal, NULL);
	if (!err)
		err = table_make(&streams, capacity, sizeof(struct stream), stream_equal, NULL);
	if (!err)
		err = table_make(&origins, capacity, sizeof(struct origin), origin_equal, NULL);
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
	struct flow *flow = table_seek(&flows, flow_hash(key), key, now, flow_equal);

	if (flow)
		fetch(flow);
	return flow;
}

struct flow *flowtab_find_usual(const struct flow_key *key, uint32_t now)
{
	struct flow *flow = table_seek(&flows, flow_hash(key), key, now, usual_equal);

	if (flow)
		fetch(flow);
	return flow;
}

void flowtab_retire(struct flow *flow)
{
	atomic_store_explicit(&flow->state, FLOW_RETIRED, memory_order_relaxed);
}

void flowtab_make_usual(struct flow *flow)
{
	uint8_t made = FLOW_MADE;

	if (atomic_load_explicit(&flow->state, memory_order_relaxed) == FLOW_MADE)
		atomic_compare_exchange_strong_explicit(&flow->state, &made, FLOW_USUAL, memory_order_relaxed, memory_order_relaxed);
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

static void stream_fill(void *record, const void *argument)
{
	const struct stream_key *key = argument;
	struct stream *stream = record;

	stream->flow = key->flow;
	stream->life = key->life;
	stream->ssrc = key->ssrc;
}

static void layers_fill(void *record, const void *argument)
{
	const struct stream_key *key = argument;
	struct layers *of = record;

	of->flow = key->flow;
	of->life = key->life;
	of->ssrc = key->ssrc;
}

static struct layers *layers_find(const struct stream *stream, bool make, uint32_t now)
{
	struct stream_key key = { stream->flow, stream->life, stream->ssrc };
	uint32_t hash = stream_hash(&key);
	struct layers *found = table_find(&layers, hash, &key, now);
	struct table_news news;

	return found || !make ? found : table_add(&layers, hash, &key, now, layers_fill, &key, &news);
}

static void origin_fill(void *record, const void *argument)
{
	((struct origin *)record)->ssrc = *(const uint32_t *)argument;
}

/* The stream that was made for the same SSRC before this one, pinned, or NULL. */
static struct stream *predecessor(const struct stream *stream, uint32_t now)
{
	uint32_t hash = (uint32_t)stir(stream->ssrc, 0); /* not the salt itself, which would leave nothing */
	struct stream_key before = { .ssrc = stream->ssrc };
	struct table_news news;
	struct origin *origin = table_add(&origins, hash, &stream->ssrc, now, origin_fill, &stream->ssrc, &news);
	uint64_t name;

	if (!origin)
		return NULL;
	name = atomic_exchange(&origin->stream, (uint64_t)stream->flow << 32 | stream->life);
	table_let_go(origin);
	before.flow = (uint32_t)(name >> 32);
	before.life = (uint32_t)name;
	return name ? table_find(&streams, stream_hash(&before), &before, now) : NULL;
}

/* A stream goes on in another flow when ICE chooses another path, or when what its flow rested on has changed. What its
 * packets refer to goes with it: the structure of the layers is repeated only with the next key frame, and before the
 * highest layer was seen again a lower one would look as if nothing referred to it. Under the claim of the new one. */
static void inherit(struct stream *stream, uint32_t now)
{
	struct stream *before = predecessor(stream, now);
	struct layers *from, *to;

	if (!before)
		return;
	from = layers.capacity ? layers_find(before, false, now) : NULL;
	to = from ? layers_find(stream, true, now) : NULL;
	if (before != stream && claim_take(&before->claim, now)) {
		highest_raise(&stream->plausible.highest, before->plausible.highest.tid, before->plausible.highest.sid);
		if (to && !to->structure.known)
			to->structure = from->structure;
		claim_drop(&before->claim);
	}
	flowtab_layers_done(from);
	flowtab_layers_done(to);
	table_let_go(before);
}

struct stream *flowtab_stream(struct flow *flow, uint32_t ssrc, uint32_t now)
{
	struct stream_key key = { table_place(&flows, flow), atomic_load_explicit(&flow->slot.age, memory_order_relaxed),
		ssrc };
	uint32_t hash = stream_hash(&key);
	struct stream *stream = table_seek(&streams, hash, &key, now, stream_equal);
	struct table_news news = { 0 };

	if (!stream)
		stream = table_add(&streams, hash, &key, now, stream_fill, &key, &news);
	if (!stream)
		return NULL;
	if (!claim_take(&stream->claim, now)) {
		table_let_go(stream);
		return NULL;
	}
	if (news.made)
		inherit(stream, now);
	return stream;
}

struct stream *flowtab_stream_at_once(struct flow *flow, uint32_t ssrc, uint32_t now)
{
	struct stream_key key = { table_place(&flows, flow), atomic_load_explicit(&flow->slot.age, memory_order_relaxed),
		ssrc };
	struct stream *stream = table_seek(&streams, stream_hash(&key), &key, now, stream_equal);

	if (usually(stream && claim_try(&stream->claim, now)))
		return stream;
	if (!stream)
		return NULL;
	table_let_go(stream);
	return NULL;
}

void flowtab_stream_done(struct stream *stream)
{
	claim_drop(&stream->claim);
	table_let_go(stream);
}

struct layers *flowtab_layers(const struct stream *stream, uint32_t now)
{
	return layers_find(stream, true, now);
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

/* A Timestamp that was sent is never 0. */
bool flowtab_is_wrapped(const struct flow *flow)
{
	return (uint32_t)(atomic_load_explicit(&flow->clock, memory_order_relaxed) >> 16) != 0;
}

/* Words of a key, read and written whole, so that a reader may look while it is written: the turn tells him. */
typedef uint64_t __attribute__((may_alias)) word;
enum { KEY_WORDS = sizeof(struct md_traffic_key) / sizeof(word) };
_Static_assert(sizeof(struct md_traffic_key) % sizeof(word) == 0, "whole words");

bool flowtab_key(struct flow *flow, uint64_t mark, struct md_traffic_key *key)
{
	uint16_t turn = atomic_load_explicit(&flow->key_turn, memory_order_acquire);
	const word *from = (const word *)(const void *)&flow->key;
	word *to = (word *)(void *)key;

	for (unsigned i = 0; i < KEY_WORDS; i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_ACQUIRE);
	return !(turn & 1) && key->mark == mark && atomic_load_explicit(&flow->key_turn, memory_order_relaxed) == turn;
}

void flowtab_keep_key(struct flow *flow, const struct md_traffic_key *key)
{
	uint16_t turn = atomic_load_explicit(&flow->key_turn, memory_order_relaxed);
	const word *from = (const word *)(const void *)key;
	word *to = (word *)(void *)&flow->key;

	if (turn & 1 || !atomic_compare_exchange_strong(&flow->key_turn, &turn, (uint16_t)(turn + 1)))
		return;
	for (unsigned i = 0; i < KEY_WORDS; i++)
		__atomic_store_n(&to[i], from[i], __ATOMIC_RELEASE);
	atomic_store_explicit(&flow->key_turn, (uint16_t)(turn + 2), memory_order_release);
}
