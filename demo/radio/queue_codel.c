/* SPDX-License-Identifier: BSD-3-Clause
 *
 * queue_codel.c - CoDel (RFC 8289, section 5), with the constants recommended there: target 5 ms, interval 100 ms. */
#include "radio_queue.h"

#include <math.h>
#include <stdlib.h>

enum { TARGET = 5000, INTERVAL = 100000, MTU = 1500 };

struct codel {
	struct radio_queue q;
	struct radio_fifo fifo;
	int64_t first_above, drop_next;
	uint32_t count, last_count;
	bool dropping;
};

static struct radio_queue *make(const struct radio_queue_options *options)
{
	void *made = calloc(1, sizeof(struct codel));

	(void)options;
	return made; /* q comes first */
}

static void put(struct radio_queue *q, struct radio_packet *packet, int64_t now)
{
	struct codel *c = (struct codel *)q;

	if (q->packets >= q->options.packets) {
		radio_queue_drop(q, packet, now);
		return;
	}
	radio_fifo_put(&c->fifo, packet);
	q->packets++;
	q->octets += packet->size;
}

/* Section 5.6: the next packet, and whether it has been too long in line for an interval. */
static struct radio_packet *next(struct codel *c, int64_t now, bool *may_drop)
{
	struct radio_packet *packet = radio_fifo_get(&c->fifo);

	*may_drop = false;
	if (!packet) {
		c->first_above = 0;
		return NULL;
	}
	c->q.packets--;
	c->q.octets -= packet->size;
	if (now - packet->arrived < TARGET || c->q.octets <= MTU)
		c->first_above = 0;
	else if (c->first_above == 0)
		c->first_above = now + INTERVAL;
	else
		*may_drop = now >= c->first_above;
	return packet;
}

static int64_t control_law(int64_t t, uint32_t count)
{
	return t + (int64_t)(INTERVAL / sqrt(count));
}

static struct radio_packet *get(struct radio_queue *q, int64_t now)
{
	struct codel *c = (struct codel *)q;
	bool may_drop;
	struct radio_packet *packet = next(c, now, &may_drop);
	uint32_t delta;

	if (!packet) {
		c->dropping = false;
		return NULL;
	}
	if (c->dropping && !may_drop)
		c->dropping = false;
	if (c->dropping) {
		while (packet && now >= c->drop_next && c->dropping) {
			radio_queue_drop(q, packet, now);
			c->count++;
			packet = next(c, now, &may_drop);
			if (!may_drop)
				c->dropping = false;
			else
				c->drop_next = control_law(c->drop_next, c->count);
		}
		return packet;
	}
	if (!may_drop)
		return packet;
	radio_queue_drop(q, packet, now);
	packet = next(c, now, &may_drop);
	c->dropping = true;
	delta = c->count - c->last_count;
	c->count = delta > 1 && now - c->drop_next < 16 * INTERVAL ? delta : 1;
	c->drop_next = control_law(now, c->count);
	c->last_count = c->count;
	return packet;
}

const struct radio_queue_policy queue_codel = { "codel", "CoDel (RFC 8289), target 5 ms, interval 100 ms", make, put, get, NULL };
