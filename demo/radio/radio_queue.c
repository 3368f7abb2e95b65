/* SPDX-License-Identifier: BSD-3-Clause */
#include "radio_queue.h"

#include <stdlib.h>
#include <string.h>

const struct radio_queue_policy *const radio_queue_policies[] = { &queue_tail, &queue_codel, &queue_dscp, &queue_fair,
	&queue_mdu, NULL };

const struct radio_queue_policy *radio_queue_policy(const char *name)
{
	for (size_t i = 0; radio_queue_policies[i]; i++)
		if (strcmp(radio_queue_policies[i]->name, name) == 0)
			return radio_queue_policies[i];
	return NULL;
}

struct radio_queue *radio_queue_new(const struct radio_queue_policy *policy, const struct radio_queue_options *options)
{
	struct radio_queue *q = policy->make(options);

	if (!q)
		return NULL;
	q->policy = policy;
	q->options = *options;
	return q;
}

void radio_queue_free(struct radio_queue *q, int64_t now)
{
	struct radio_packet *packet;

	while ((packet = q->policy->get(q, now)))
		q->options.drop(q->options.context, packet, now);
	if (q->policy->release)
		q->policy->release(q);
	free(q);
}

void radio_fifo_put(struct radio_fifo *fifo, struct radio_packet *packet)
{
	packet->next = NULL;
	*(fifo->tail ? &fifo->tail->next : &fifo->head) = packet;
	fifo->tail = packet;
	fifo->packets++;
	fifo->octets += packet->size;
}

struct radio_packet *radio_fifo_get(struct radio_fifo *fifo)
{
	struct radio_packet *packet = fifo->head;

	if (!packet)
		return NULL;
	fifo->head = packet->next;
	if (!fifo->head)
		fifo->tail = NULL;
	fifo->packets--;
	fifo->octets -= packet->size;
	packet->next = NULL;
	return packet;
}

void radio_queue_drop(struct radio_queue *q, struct radio_packet *packet, int64_t now)
{
	q->options.drop(q->options.context, packet, now);
}
