/* SPDX-License-Identifier: BSD-3-Clause
 *
 * queue_mdu.c - the MDU-aware policy. What it does and why is told in README.md beside this file.
 *
 * Between flows: start-time fair service in octets, within a lead; among the flows that are not ahead, the MDU with the
 * earliest due time. Inside a flow: what was begun is finished, then the oldest, but nothing above the base at the expense of the
 * base; whole MDUs are dropped, with all that depends on them. */
#include "mdu_flow.h"

#include <stdlib.h>
#include <string.h>

enum {
	LEAD = 48000,            /* octets a flow may be served ahead of the least served one that waits */
	RATE_TIME = 100000,      /* memory of the rate, microseconds in which something waited */
	STEADY_TIME = 5000000,   /* and of the steady one */
	UNMARKED_WAIT = 300000   /* due time of packets that say nothing */
};

struct aware {
	struct radio_queue q;
	unsigned count;
	uint64_t least;          /* virtual octets of the least served flow that waits */
	struct mdu_link link;
	int64_t last;            /* of the last get(), if packets waited ever since; else 0 */
	double last_size;
	struct mdu_flow flow[];
};

static struct radio_queue *make(const struct radio_queue_options *options)
{
	struct aware *a = calloc(1, sizeof(*a) + options->flows * sizeof(a->flow[0]));

	if (!a)
		return NULL;
	a->count = options->flows;
	a->link.queue = &a->q;
	return &a->q;
}

/* --- Arriving ---------------------------------------------------------------------------------------------------- */

static struct mdu_flow *flow_of(struct aware *a, uint32_t id)
{
	struct mdu_flow *best = NULL;

	for (unsigned i = 0; i < a->count; i++) {
		struct mdu_flow *f = &a->flow[i];

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
	struct mdu_flow *most = &a->flow[0];
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
		mdu_flow_drop(&a->link, most, which, now);
		return;
	}
	packet = radio_fifo_get(&most->plain);
	mdu_flow_left(&a->link, most, packet);
	radio_queue_drop(&a->q, packet, now);
}

static void put(struct radio_queue *q, struct radio_packet *packet, int64_t now)
{
	struct aware *a = (struct aware *)q;
	struct mdu_flow *f;
	struct mdu *m = NULL;

	while (q->packets >= q->options.packets)
		make_room(a, now);
	f = flow_of(a, packet->flow);
	f->seen = now;
	if (!f->packets && f->served < a->least)
		f->served = a->least;
	if (packet->marks.known)
		m = mdu_flow_mdu(&a->link, f, packet, now);
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

static int64_t due(const struct aware *a, const struct mdu_flow *f, const struct mdu *m)
{
	return m ? m->born + a->q.options.budget : f->plain.head->arrived + UNMARKED_WAIT;
}

static struct mdu_flow *choose_flow(struct aware *a, struct mdu **mdu, int64_t now)
{
	struct mdu_flow *best = NULL;
	uint64_t least = UINT64_MAX;
	int64_t best_due = 0;

	for (unsigned i = 0; i < a->count; i++) {
		struct mdu_flow *f = &a->flow[i];

		if (f->used && f->packets)
			mdu_flow_judge(&a->link, f, now);
		if (f->packets && f->served < least)
			least = f->served;
	}
	if (least == UINT64_MAX)
		return NULL;
	a->least = least;
	for (unsigned i = 0; i < a->count; i++) {
		struct mdu_flow *f = &a->flow[i];
		struct mdu *m;

		if (!f->packets || f->served > least + LEAD)
			continue;
		m = mdu_flow_choose(&a->link, f, now);
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
	rate_note(&a->link.rate, RATE_TIME, span, a->last_size);
	rate_note(&a->link.steady, STEADY_TIME, span, a->last_size);
	a->last_size = 0;
}

static struct radio_packet *get(struct radio_queue *q, int64_t now)
{
	struct aware *a = (struct aware *)q;
	struct radio_packet *packet;
	struct mdu *m = NULL;
	struct mdu_flow *f;

	measure(a, now);
	f = q->packets ? choose_flow(a, &m, now) : NULL;
	if (!f) {
		a->last = 0;
		a->last_size = 0;
		return NULL;
	}
	if (m) {
		packet = mdu_flow_send(&a->link, f, m, now);
	} else {
		packet = radio_fifo_get(&f->plain);
		mdu_flow_left(&a->link, f, packet);
	}
	f->served += packet->size;
	a->last = now;
	a->last_size += packet->size;
	return packet;
}

const struct radio_queue_policy queue_mdu = { "mdu", "MDU-aware", make, put, get, NULL };
