/* SPDX-License-Identifier: BSD-3-Clause
 *
 * radio_queue.h - what waits for the radio link: one interface, a policy behind it (queue_*.c).
 *
 * Pure: no clock, no I/O; memory is taken in radio_queue_new() and given back in free(), none between. */
#ifndef RADIO_QUEUE_H
#define RADIO_QUEUE_H

#include "radio_packet.h"

#include <stddef.h>

/* Gets every packet that is not going to be sent; it belongs to the caller again. */
typedef void radio_drop(void *context, struct radio_packet *packet, int64_t now);

struct radio_queue_options {
	unsigned packets;        /* the queue holds no more */
	unsigned flows;          /* MDU-aware and fair: flows remembered at most */
	int64_t budget;          /* MDU-aware: what an MDU of limited value may wait, microseconds */
	radio_drop *drop;
	void *context;
};

#define RADIO_QUEUE_DEFAULTS { .packets = 1000, .flows = 64, .budget = 140000 }

struct radio_queue {
	const struct radio_queue_policy *policy;
	struct radio_queue_options options;
	size_t packets, octets;  /* waiting */
};

struct radio_queue_policy {
	const char *name, *what;
	struct radio_queue *(*make)(const struct radio_queue_options *options); /* NULL without memory */
	void (*put)(struct radio_queue *q, struct radio_packet *packet, int64_t now);
	struct radio_packet *(*get)(struct radio_queue *q, int64_t now); /* the next to be sent, or NULL */
	void (*release)(struct radio_queue *q); /* after the last packet has left; may be NULL */
};

extern const struct radio_queue_policy queue_tail, queue_codel, queue_dscp, queue_fair, queue_mdu;

/* All of them, and NULL. */
extern const struct radio_queue_policy *const radio_queue_policies[];

/* The policy of that name, or NULL. */
const struct radio_queue_policy *radio_queue_policy(const char *name);

/* NULL without memory. */
struct radio_queue *radio_queue_new(const struct radio_queue_policy *policy, const struct radio_queue_options *options);

/* Drops what waits. */
void radio_queue_free(struct radio_queue *q, int64_t now);

/* --- For policies ---------------------------------------------------------------------------------------------- */

struct radio_fifo {
	struct radio_packet *head, *tail;
	size_t packets, octets;
};

void radio_fifo_put(struct radio_fifo *fifo, struct radio_packet *packet);
struct radio_packet *radio_fifo_get(struct radio_fifo *fifo); /* NULL: empty */

/* Counts, and hands back to the caller. */
void radio_queue_drop(struct radio_queue *q, struct radio_packet *packet, int64_t now);

#endif
