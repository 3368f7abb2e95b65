/* SPDX-License-Identifier: BSD-3-Clause
 *
 * queue_dscp.c - three lines by DSCP, the higher one always first (RFC 2475; code points of RFC 2597 and RFC 3246): EF, CS4
 * to CS7 and AF41 before AF42 before everything else. The classes share one room; where it is full, the lowest class gives way, at its
 * end. */
#include "radio_queue.h"

#include <stdlib.h>

enum { CLASSES = 3 };

struct dscp {
	struct radio_queue q;
	struct radio_fifo fifo[CLASSES];
};

static struct radio_queue *make(const struct radio_queue_options *options)
{
	void *made = calloc(1, sizeof(struct dscp));

	(void)options;
	return made; /* q comes first */
}

static unsigned class_of(uint8_t dscp)
{
	switch (dscp) {
	case 46: case 32: case 40: case 48: case 56: case 34:
		return 0;
	case 36:
		return 1;
	default:
		return 2;
	}
}

static void pop_tail(struct radio_queue *q, struct radio_fifo *fifo, int64_t now)
{
	struct radio_packet *last = fifo->tail, *before = fifo->head;

	while (before != last && before->next != last)
		before = before->next;
	fifo->tail = before == last ? NULL : before;
	*(before == last ? &fifo->head : &before->next) = NULL;
	fifo->packets--;
	fifo->octets -= last->size;
	q->packets--;
	q->octets -= last->size;
	radio_queue_drop(q, last, now);
}

static void put(struct radio_queue *q, struct radio_packet *packet, int64_t now)
{
	struct dscp *d = (struct dscp *)q;
	unsigned class = class_of(packet->dscp), lowest = CLASSES - 1;

	while (lowest > class && !d->fifo[lowest].head)
		lowest--;
	if (q->packets >= q->options.packets && lowest == class) {
		radio_queue_drop(q, packet, now);
		return;
	}
	if (q->packets >= q->options.packets)
		pop_tail(q, &d->fifo[lowest], now);
	radio_fifo_put(&d->fifo[class], packet);
	q->packets++;
	q->octets += packet->size;
}

static struct radio_packet *get(struct radio_queue *q, int64_t now)
{
	struct dscp *d = (struct dscp *)q;
	struct radio_packet *packet = NULL;

	(void)now;
	for (unsigned i = 0; i < CLASSES && !packet; i++)
		packet = radio_fifo_get(&d->fifo[i]);
	if (packet) {
		q->packets--;
		q->octets -= packet->size;
	}
	return packet;
}

const struct radio_queue_policy queue_dscp = { "dscp", "three DSCP classes, strict priority", make, put, get, NULL };
