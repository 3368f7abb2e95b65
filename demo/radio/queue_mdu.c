/* SPDX-License-Identifier: BSD-3-Clause
 *
 * queue_mdu.c - the MDU-aware policy. What it does and why is told in README.md beside this file.
 *
 * Between flows: start-time fair service in octets, within a lead; among the flows that are not ahead, the MDU with the
 * earliest due time. Inside a flow: what was begun is finished, then the oldest, but nothing above the base at the expense of the
 * base; whole MDUs are dropped, with all that depends on them. */
#include "chain.h"
#include "rate.h"

#include <stdlib.h>
#include <string.h>

enum {
	LEAD = 48000,            /* octets a flow may be served ahead of the least served one that waits */
	RATE_TIME = 100000,      /* memory of the rate, microseconds in which something waited */
	STEADY_TIME = 5000000,   /* and of the steady one */
	UNMARKED_WAIT = 300000   /* due time of packets that say nothing */
};

/* How many times the steady rate a link may give behind a dip. */
static const double hope = 2.5;

struct flow {
	struct mdus mdus;
	struct radio_fifo plain; /* packets without marks */
	uint32_t id;
	bool used;
	struct chain chain;
	uint64_t served;         /* virtual octets */
	size_t octets, packets;
	int64_t seen;            /* last packet */
};

struct aware {
	struct radio_queue q;
	unsigned count;
	uint64_t least;          /* virtual octets of the least served flow that waits */
	struct rate rate, steady; /* of the time something waited */
	int64_t last;            /* of the last get(), if packets waited ever since; else 0 */
	double last_size;
	struct flow flow[];
};

static struct radio_queue *make(const struct radio_queue_options *options)
{
	struct aware *a = calloc(1, sizeof(*a) + options->flows * sizeof(a->flow[0]));

	if (!a)
		return NULL;
	a->count = options->flows;
	return &a->q;
}

/* --- Leaving ----------------------------------------------------------------------------------------------------- */

static void left(struct aware *a, struct flow *f, const struct radio_packet *packet)
{
	f->octets -= packet->size;
	f->packets--;
	a->q.octets -= packet->size;
	a->q.packets--;
}

static void drop_mdu(struct aware *a, struct flow *f, struct mdu *m, int64_t now)
{
	struct radio_packet *packet;

	m->state = MDU_DROPPED;
	while ((packet = radio_fifo_get(&m->fifo))) {
		left(a, f, packet);
		radio_queue_drop(&a->q, packet, now);
	}
}

/* Drops the n-th MDU and all that came after it and cannot be decoded without it. */
static void drop_with_dependants(struct aware *a, struct flow *f, unsigned n, int64_t now)
{
	enum mdu_kind kind = mdus_at(&f->mdus, n)->kind;
	bool trunk = kind == MDU_KEY || kind == MDU_BASE, branch = kind == MDU_UPPER;

	drop_mdu(a, f, mdus_at(&f->mdus, n), now);
	for (unsigned i = n + 1; (trunk || branch) && i < f->mdus.count; i++) {
		struct mdu *m = mdus_at(&f->mdus, i);

		if (m->kind == MDU_KEY)
			trunk = branch = false;
		else if (m->kind == MDU_BASE && !trunk)
			branch = false;
		else if (m->kind == MDU_BASE || m->kind == MDU_UPPER || m->kind == MDU_LOOSE)
			drop_mdu(a, f, m, now);
	}
	f->chain.broken |= trunk;
	f->chain.upper_broken |= branch;
}

/* --- Judging ------------------------------------------------------------------------------------------------------ */

static int64_t time_for(const struct aware *a, size_t octets)
{
	return a->rate.value > 0 ? (int64_t)((double)octets / a->rate.value) : 0;
}

/* What is known to come of an MDU: what waits, or what the burst still has to bring. */
static size_t rest_of(const struct mdu *m)
{
	size_t burst = m->burst > m->sent ? m->burst - m->sent : 0;

	return m->fifo.octets > burst || m->ended ? m->fifo.octets : burst;
}

/* Whether a key MDU newer than the n-th waits, of which enough is here to begin it. */
static bool is_superseded(const struct flow *f, unsigned n)
{
	for (unsigned i = f->mdus.count; --i > n;)
		if (mdus_at((struct mdus *)&f->mdus, i)->kind == MDU_KEY)
			return true;
	return false;
}

/* Of limited value if delayed, and late: lost. A base is worth having late, since others need it, as long as no newer key
 * waits; a key likewise. */
static bool is_lost(const struct aware *a, const struct flow *f, unsigned n, int64_t now)
{
	const struct mdu *m = mdus_at((struct mdus *)&f->mdus, n);
	bool late = now + time_for(a, rest_of(m)) > m->born + a->q.options.budget;

	if (!late)
		return false;
	if (m->hurried)
		return true;
	if (m->kind == MDU_KEY && m->state == MDU_STARTED)
		return false;
	return (m->kind == MDU_KEY || m->kind == MDU_BASE) && is_superseded(f, n);
}

/* The first base that waits late in a chain with no future: with all behind it, it is lost, and the next key finds the link free. */
static void give_up(struct aware *a, struct flow *f, int64_t now)
{
	double rate = fmax(a->rate.value, hope * a->steady.value);
	unsigned first = f->mdus.count;
	size_t octets = 0;
	bool late = false;

	for (unsigned i = 0; i < f->mdus.count; i++) {
		const struct mdu *m = mdus_at(&f->mdus, i);

		if (!m->fifo.head || (m->kind != MDU_KEY && m->kind != MDU_BASE))
			continue;
		if (m->kind == MDU_KEY && octets)
			return;
		octets += rest_of(m);
		if (m->kind == MDU_KEY || first < f->mdus.count)
			continue;
		first = i;
		late = now + time_for(a, octets) > m->born + a->q.options.budget;
	}
	if (late && chain_is_hopeless(&f->chain, octets, rate, now))
		drop_with_dependants(a, f, first, now);
}

static void judge(struct aware *a, struct flow *f, int64_t now)
{
	give_up(a, f, now);
	for (unsigned i = 0; i < f->mdus.count; i++)
		if (mdus_at(&f->mdus, i)->fifo.head && is_lost(a, f, i, now))
			drop_with_dependants(a, f, i, now);
	mdus_trim(&f->mdus, now);
}

/* --- Arriving ---------------------------------------------------------------------------------------------------- */

static struct flow *flow_of(struct aware *a, uint32_t id)
{
	struct flow *best = NULL;

	for (unsigned i = 0; i < a->count; i++) {
		struct flow *f = &a->flow[i];

		if (f->used && f->id == id)
			return f;
		if (!f->packets && (!best || (best->used && (!f->used || f->seen < best->seen))))
			best = f;
	}
	if (!best)
		return &a->flow[id % (a->count ? a->count : 1)];
	memset(best, 0, sizeof(*best));
	best->id = id;
	best->used = true;
	return best;
}

static int rank(const struct mdu *m)
{
	static const int of[] = { [MDU_SINGLE] = 0, [MDU_KEY] = 1, [MDU_BASE] = 1, [MDU_OTHER] = 2, [MDU_UPPER] = 2, [MDU_LOOSE] = 3 };

	return of[m->kind];
}

/* The flow that holds most gives way: an MDU of its lowest rank, the oldest; else packets without marks. */
static void make_room(struct aware *a, int64_t now)
{
	struct flow *most = &a->flow[0];
	struct radio_packet *packet;
	int worst = -1;
	unsigned which = 0;

	for (unsigned i = 1; i < a->count; i++)
		if (a->flow[i].octets > most->octets)
			most = &a->flow[i];
	for (unsigned i = 0; i < most->mdus.count; i++) {
		struct mdu *m = mdus_at(&most->mdus, i);

		if (m->fifo.head && rank(m) > worst) {
			worst = rank(m);
			which = i;
		}
	}
	if (worst >= 0 && most->plain.octets < most->octets / 2) {
		drop_with_dependants(a, most, which, now);
		return;
	}
	packet = radio_fifo_get(&most->plain);
	left(a, most, packet);
	radio_queue_drop(&a->q, packet, now);
}

/* The class of an MDU may rise from packet to packet: its first may be a delimiter that tells nothing. */
static void learn(struct aware *a, struct flow *f, struct mdu *m, const struct radio_marks *marks, int64_t now)
{
	enum mdu_kind kind = mdu_kind(marks);

	if (kind != m->kind && (m->kind == MDU_OTHER || kind == MDU_KEY || (kind == MDU_BASE && m->kind != MDU_KEY))) {
		m->kind = (uint8_t)kind;
		m->hurried = marks->l == 2;
		chain_place(&f->chain, m);
	}
	if (m->state != MDU_DROPPED && chain_orphans(&f->chain, m))
		drop_mdu(a, f, m, now);
}

static struct mdu *mdu_of(struct aware *a, struct flow *f, const struct radio_marks *marks, int64_t now)
{
	struct mdu *m = mdus_find(&f->mdus, marks);

	if (m)
		return m;
	mdus_trim(&f->mdus, now);
	if (f->mdus.count == MDUS_MOST) {
		drop_with_dependants(a, f, 0, now);
		mdus_trim(&f->mdus, now);
	}
	m = mdus_add(&f->mdus, marks, now);
	chain_place(&f->chain, m);
	return m;
}

static void put(struct radio_queue *q, struct radio_packet *packet, int64_t now)
{
	struct aware *a = (struct aware *)q;
	struct flow *f;
	struct mdu *m = NULL;

	while (q->packets >= q->options.packets)
		make_room(a, now);
	f = flow_of(a, packet->flow);
	f->seen = now;
	if (!f->packets && f->served < a->least)
		f->served = a->least;
	if (packet->marks.known) {
		m = mdu_of(a, f, &packet->marks, now);
		learn(a, f, m, &packet->marks, now);
		m->ended |= packet->marks.role == RADIO_END || packet->marks.role == RADIO_ONLY;
		if (packet->marks.burst)
			m->burst = packet->marks.burst;
		chain_count(&f->chain, m, packet->size);
	}
	if (m && m->state == MDU_DROPPED) {
		radio_queue_drop(q, packet, now);
		return;
	}
	radio_fifo_put(m ? &m->fifo : &f->plain, packet);
	f->octets += packet->size;
	f->packets++;
	q->octets += packet->size;
	q->packets++;
}

/* --- Being served --------------------------------------------------------------------------------------------------- */

/* The MDU of the flow that is next: what was begun; a key that would be late behind what is older; else the oldest, but what is above
 * the base only as long as the key and base MDUs that wait would still be in time behind it. NULL: none waits. */
static struct mdu *choose(const struct aware *a, struct flow *f, int64_t now)
{
	struct mdu *first = NULL, *trunk = NULL, *key = NULL;
	size_t octets = 0, all = 0, until_key = 0;

	for (unsigned i = 0; i < f->mdus.count; i++) {
		struct mdu *m = mdus_at(&f->mdus, i);

		if (!m->fifo.head)
			continue;
		if (m->state == MDU_STARTED || m->kind == MDU_SINGLE)
			return m;
		first = first ? first : m;
		all += rest_of(m);
		if (m->kind == MDU_KEY) {
			key = m;
			until_key = all;
		}
		if (m->kind != MDU_KEY && m->kind != MDU_BASE)
			continue;
		trunk = trunk ? trunk : m;
		octets += m->fifo.octets;
	}
	if (key && now + time_for(a, until_key) > key->born + a->q.options.budget)
		return key;
	if (!trunk || first == trunk)
		return first;
	octets += first->fifo.octets;
	return now + time_for(a, octets) <= trunk->born + a->q.options.budget ? first : trunk;
}

static int64_t due(const struct aware *a, const struct flow *f, const struct mdu *m)
{
	return m ? m->born + a->q.options.budget : f->plain.head->arrived + UNMARKED_WAIT;
}

static struct flow *choose_flow(struct aware *a, struct mdu **mdu, int64_t now)
{
	struct flow *best = NULL;
	uint64_t least = UINT64_MAX;
	int64_t best_due = 0;

	for (unsigned i = 0; i < a->count; i++) {
		struct flow *f = &a->flow[i];

		if (f->used && f->packets)
			judge(a, f, now);
		if (f->packets && f->served < least)
			least = f->served;
	}
	if (least == UINT64_MAX)
		return NULL;
	a->least = least;
	for (unsigned i = 0; i < a->count; i++) {
		struct flow *f = &a->flow[i];
		struct mdu *m;

		if (!f->packets || f->served > least + LEAD)
			continue;
		m = choose(a, f, now);
		if (!m && !f->plain.head)
			continue;
		if (!best || due(a, f, m) < best_due) {
			best = f;
			*mdu = m;
			best_due = due(a, f, m);
		}
	}
	return best;
}

static void measure(struct aware *a, int64_t now)
{
	double span = (double)(now - a->last);

	if (!a->last || span <= 0)
		return;
	rate_note(&a->rate, RATE_TIME, span, a->last_size);
	rate_note(&a->steady, STEADY_TIME, span, a->last_size);
	a->last_size = 0;
}

static struct radio_packet *get(struct radio_queue *q, int64_t now)
{
	struct aware *a = (struct aware *)q;
	struct radio_packet *packet;
	struct mdu *m = NULL;
	struct flow *f;

	measure(a, now);
	f = q->packets ? choose_flow(a, &m, now) : NULL;
	if (!f) {
		a->last = 0;
		a->last_size = 0;
		return NULL;
	}
	packet = radio_fifo_get(m ? &m->fifo : &f->plain);
	if (m) {
		m->state = MDU_STARTED;
		m->sent += packet->size;
	}
	f->served += packet->size;
	left(a, f, packet);
	a->last = now;
	a->last_size += packet->size;
	return packet;
}

const struct radio_queue_policy queue_mdu = { "mdu", "MDU-aware", make, put, get, NULL };
