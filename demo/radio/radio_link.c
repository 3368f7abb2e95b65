/* SPDX-License-Identifier: BSD-3-Clause */
#include "radio_link.h"

#include <string.h>

void radio_link_open(struct radio_link *link, const struct trace *trace, struct radio_queue *queue, int64_t now, int64_t skip,
	int64_t delay, radio_deliver *deliver, void *context)
{
	memset(link, 0, sizeof(*link));
	link->trace = trace;
	link->queue = queue;
	link->begun = now - skip;
	link->delay = delay;
	link->deliver = deliver;
	link->context = context;
	link->next = (uint64_t)(skip / 1000 / trace->period) * trace->count;
	while (radio_link_next(link) < now)
		link->next++;
}

int64_t radio_link_next(const struct radio_link *link)
{
	return link->begun + trace_time(link->trace, link->next);
}

/* One opportunity carries 1,500 octets, of several packets and of parts of packets. */
static void use(struct radio_link *link, int64_t now)
{
	uint32_t room = TRACE_OCTETS, n;

	while (room) {
		if (!link->sending) {
			link->sending = link->queue->policy->get(link->queue, now);
			if (!link->sending)
				break;
			link->left = link->sending->size;
		}
		n = link->left < room ? link->left : room;
		link->left -= n;
		room -= n;
		if (link->left == 0) {
			struct radio_packet *sent = link->sending;

			link->sending = NULL;
			link->deliver(link->context, sent, now + link->delay);
		}
	}
	link->octets += TRACE_OCTETS - room;
	link->idle += room;
}

void radio_link_run(struct radio_link *link, int64_t now)
{
	for (; radio_link_next(link) <= now; link->next++)
		use(link, radio_link_next(link));
}

struct radio_packet *radio_link_close(struct radio_link *link)
{
	struct radio_packet *sending = link->sending;

	link->sending = NULL;
	return sending;
}
