/* SPDX-License-Identifier: BSD-3-Clause
 *
 * queue_fair.c - a line for each flow, served in turn by deficit round robin (Shreedhar and Varghese, 1996), a quantum of
 * one full packet. Where the room is full, the longest line loses its head. Knows nothing of marks. */
#include "radio_queue.h"

#include <stdlib.h>

enum { QUANTUM = 1500 };

struct line {
	struct radio_fifo fifo;
	uint32_t flow;
	bool used;
	int deficit;
	int64_t seen;
};

struct fair {
	struct radio_queue q;
	unsigned turn, count;
	struct line line[];
};

static struct radio_queue *make(const struct radio_queue_options *options)
{
	struct fair *f = calloc(1, sizeof(*f) + options->flows * sizeof(f->line[0]));

	if (!f)
		return NULL;
	f->count = options->flows;
	return &f->q;
}

/* The line of the flow; else an empty one, the longest idle; else a shared one. */
static struct line *line_of(struct fair *f, uint32_t flow)
{
	struct line *best = NULL;

	for (unsigned i = 0; i < f->count; i++) {
		struct line *l = &f->line[i];

		if (l->used && l->flow == flow)
			return l;
		if (!l->fifo.head && (!best || !l->used || (best->used && l->seen < best->seen)))
			best = l;
	}
	if (!best)
		return &f->line[flow % (f->count ? f->count : 1)];
	*best = (struct line){ .flow = flow, .used = true };
	return best;
}

static void shorten(struct fair *f, int64_t now)
{
	struct line *longest = &f->line[0];
	struct radio_packet *packet;

	for (unsigned i = 1; i < f->count; i++)
		if (f->line[i].fifo.octets > longest->fifo.octets)
			longest = &f->line[i];
	packet = radio_fifo_get(&longest->fifo);
	f->q.packets--;
	f->q.octets -= packet->size;
	radio_queue_drop(&f->q, packet, now);
}

static void put(struct radio_queue *q, struct radio_packet *packet, int64_t now)
{
	struct fair *f = (struct fair *)q;
	struct line *l;

	if (q->packets >= q->options.packets)
		shorten(f, now);
	l = line_of(f, packet->flow);
	l->seen = now;
	radio_fifo_put(&l->fifo, packet);
	q->packets++;
	q->octets += packet->size;
}

static struct radio_packet *get(struct radio_queue *q, int64_t now)
{
	struct fair *f = (struct fair *)q;
	struct radio_packet *packet;

	(void)now;
	if (!q->packets)
		return NULL;
	for (;; f->turn = (f->turn + 1) % f->count) {
		struct line *l = &f->line[f->turn];

		if (!l->fifo.head) {
			l->deficit = 0;
			continue;
		}
		if (l->deficit < (int)l->fifo.head->size) {
			l->deficit += QUANTUM;
			if (l->deficit < (int)l->fifo.head->size)
				continue;
		}
		packet = radio_fifo_get(&l->fifo);
		l->deficit -= (int)packet->size;
		if (!l->fifo.head || l->deficit < (int)l->fifo.head->size)
			f->turn = (f->turn + 1) % f->count;
		q->packets--;
		q->octets -= packet->size;
		return packet;
	}
}

const struct radio_queue_policy queue_fair = { "fair", "fair queueing by flow, deficit round robin", make, put, get, NULL };
