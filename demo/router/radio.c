/* SPDX-License-Identifier: BSD-3-Clause */
#include "radio.h"

#include "marks.h"

#include <errno.h>
#include <radio_link.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LENGTH = 120, AIR_MOST = 65536 };

/* A datagram on the way. */
struct carried {
	struct radio_packet packet;
	int64_t arrives;
	struct md_datagram inner; /* user points into what was received and is not used any more */
	unsigned outer_ecn;
	uint8_t octets[];
};

struct radio {
	struct trace trace;
	struct radio_queue *queue;
	struct radio_link link;
	struct radio_fifo air;   /* sent, and under way for the fixed delay */
	struct forward *forward;
	struct ev_loop *loop;
	ev_timer timer;
	struct radio_counts count;
};

static int64_t clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void on_drop(void *context, struct radio_packet *packet, int64_t now)
{
	struct radio *r = context;

	(void)now;
	r->count.dropped++;
	free(packet->owner);
}

static void on_sent(void *context, struct radio_packet *packet, int64_t arrives)
{
	struct radio *r = context;
	struct carried *c = packet->owner;

	c->arrives = arrives;
	radio_fifo_put(&r->air, packet);
}

/* What has arrived is forwarded; the octets stay until the batch is flushed. */
static void land(struct radio *r, int64_t now)
{
	struct carried *landed[FORWARD_BATCH];
	size_t n = 0;

	while (r->air.head && ((struct carried *)r->air.head->owner)->arrives <= now) {
		struct carried *c = landed[n++] = radio_fifo_get(&r->air)->owner;

		forward_add(r->forward, c->octets, &c->inner, c->outer_ecn);
		r->count.sent++;
		if (n < FORWARD_BATCH && r->air.head && ((struct carried *)r->air.head->owner)->arrives <= now)
			continue;
		forward_flush(r->forward);
		while (n)
			free(landed[--n]);
	}
}

/* Until the next opportunity, if somebody waits for it, or the next arrival. */
static void rest(struct radio *r, int64_t now)
{
	int64_t next = INT64_MAX;

	if (r->queue->packets || r->link.sending)
		next = radio_link_next(&r->link);
	if (r->air.head && ((struct carried *)r->air.head->owner)->arrives < next)
		next = ((struct carried *)r->air.head->owner)->arrives;
	ev_timer_stop(r->loop, &r->timer);
	if (next == INT64_MAX)
		return;
	ev_now_update(r->loop);
	ev_timer_set(&r->timer, next > now ? (double)(next - now) / 1e6 : 0., 0.);
	ev_timer_start(r->loop, &r->timer);
}

static void step(struct radio *r)
{
	int64_t now = clock_us();

	radio_link_run(&r->link, now);
	land(r, now);
	rest(r, now);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	step(w->data);
}

void radio_add(struct radio *r, const uint8_t *inner, const struct decision *d, uint32_t bq_unit)
{
	int64_t now = clock_us();
	struct carried *c = r->air.packets < AIR_MOST ? malloc(sizeof(*c) + d->inner.length) : NULL;

	r->count.in++;
	if (!c) {
		r->count.dropped++;
		return;
	}
	memset(c, 0, sizeof(*c));
	memcpy(c->octets, inner, d->inner.length);
	c->inner = d->inner;
	c->outer_ecn = d->outer.ip.tos & 3;
	marks_read(&c->packet, d, bq_unit);
	c->packet.owner = c;
	c->packet.arrived = now;
	radio_link_run(&r->link, now);
	r->queue->policy->put(r->queue, &c->packet, now);
	land(r, now);
	rest(r, now);
}

static int trace_open(struct trace *trace, const struct radio_options *o, char *problem)
{
	const struct trace_profile *profile = trace_profile(o->trace);
	const char *expected = "";
	unsigned long line = 0;
	FILE *file;
	int error;

	if (profile)
		return trace_generate(trace, profile, LENGTH, o->seed);
	file = fopen(o->trace, "re");
	if (!file) {
		snprintf(problem, 200, "%.100s: %s", o->trace, strerror(errno));
		return -EINVAL;
	}
	error = trace_read(trace, file, &line, &expected);
	fclose(file);
	if (error)
		snprintf(problem, 200, "%.100s:%lu: expected %s", o->trace, line, expected);
	return error;
}

int radio_open(struct radio **out, const struct radio_options *o, struct ev_loop *loop, struct forward *forward, char *problem)
{
	struct radio_queue_options queue = RADIO_QUEUE_DEFAULTS;
	struct radio *r = calloc(1, sizeof(*r));
	int error;

	if (!r)
		return -ENOMEM;
	error = trace_open(&r->trace, o, problem);
	if (error) {
		free(r);
		return error;
	}
	queue.packets = o->queue;
	queue.budget = (int64_t)o->budget_ms * 1000;
	queue.drop = on_drop;
	queue.context = r;
	r->queue = radio_queue_new(radio_queue_policy(o->policy), &queue);
	if (!r->queue) {
		trace_free(&r->trace);
		free(r);
		return -ENOMEM;
	}
	r->forward = forward;
	r->loop = loop;
	radio_link_open(&r->link, &r->trace, r->queue, clock_us(), 0, (int64_t)o->delay_ms * 1000, on_sent, r);
	ev_timer_init(&r->timer, on_timer, 0., 0.);
	r->timer.data = r;
	*out = r;
	return 0;
}

/* What still waits is lost with the link. */
void radio_close(struct radio *r)
{
	struct radio_packet *packet = radio_link_close(&r->link);

	ev_timer_stop(r->loop, &r->timer);
	if (packet)
		free(packet->owner);
	while ((packet = radio_fifo_get(&r->air)))
		free(packet->owner);
	radio_queue_free(r->queue, clock_us());
	trace_free(&r->trace);
	free(r);
}

struct radio_counts radio_counts(const struct radio *r)
{
	struct radio_counts c = r->count;

	c.waiting = r->queue->packets + r->air.packets + (r->link.sending != NULL);
	return c;
}

const char *radio_policy_name(const struct radio *r)
{
	return r->queue->policy->name;
}
