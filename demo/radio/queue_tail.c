/* SPDX-License-Identifier: BSD-3-Clause
 *
 * queue_tail.c - tail drop: one line, and what does not fit at its end is lost. What most routers do. */
#include "radio_queue.h"

#include <stdlib.h>

struct tail {
	struct radio_queue q;
	struct radio_fifo fifo;
};

static struct radio_queue *make(const struct radio_queue_options *options)
{
	void *made = calloc(1, sizeof(struct tail));

	(void)options;
	return made; /* q comes first */
}

static void put(struct radio_queue *q, struct radio_packet *packet, int64_t now)
{
	struct tail *t = (struct tail *)q;

	if (q->packets >= q->options.packets) {
		radio_queue_drop(q, packet, now);
		return;
	}
	radio_fifo_put(&t->fifo, packet);
	q->packets++;
	q->octets += packet->size;
}

static struct radio_packet *get(struct radio_queue *q, int64_t now)
{
	struct radio_packet *packet = radio_fifo_get(&((struct tail *)q)->fifo);

	(void)now;
	if (packet) {
		q->packets--;
		q->octets -= packet->size;
	}
	return packet;
}

const struct radio_queue_policy queue_tail = { "tail", "tail drop", make, put, get, NULL };
