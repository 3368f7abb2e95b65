/* SPDX-License-Identifier: BSD-3-Clause
 *
 * radio_link.h - the emulated radio link: opportunities of a trace, a queue, a fixed delay.
 *
 * Pure: the caller says what time it is, in real time or faster. */
#ifndef RADIO_LINK_H
#define RADIO_LINK_H

#include "radio_queue.h"
#include "radio_trace.h"

/* A packet whose last octet has been sent; it is the caller's again and arrives at the time given. */
typedef void radio_deliver(void *context, struct radio_packet *packet, int64_t arrives);

struct radio_link {
	const struct trace *trace;
	struct radio_queue *queue;
	int64_t begun;           /* time of the trace's millisecond 0 */
	int64_t delay;
	uint64_t next;           /* opportunity */
	struct radio_packet *sending;
	uint32_t left;           /* octets of it that are still to be sent */
	uint64_t octets, idle;   /* sent; octets of opportunities that nobody used */
	radio_deliver *deliver;
	void *context;
};

/* skip: where in the trace the link begins, in microseconds. */
void radio_link_open(struct radio_link *link, const struct trace *trace, struct radio_queue *queue, int64_t now, int64_t skip,
	int64_t delay, radio_deliver *deliver, void *context);

/* Time of the next opportunity. */
int64_t radio_link_next(const struct radio_link *link);

/* Uses all opportunities up to now. */
void radio_link_run(struct radio_link *link, int64_t now);

/* Gives back the packet that is half sent, if there is one. */
struct radio_packet *radio_link_close(struct radio_link *link);

#endif
