/* SPDX-License-Identifier: BSD-3-Clause */
#include "arm.h"

#include "tcp.h"
#include "waste.h"

#include <stdlib.h>
#include <string.h>

enum { STEP = 5000, ACK_WAY = 20000, ACKS = 2048 };

/* Acknowledgements on their way back, in order of time. */
struct acks {
	struct {
		uint64_t number;
		int64_t sent, at;
	} ring[ACKS];
	unsigned first, count;
};

struct playing {
	const struct capture *capture;
	struct arm_result *out;
	struct sample *sample;   /* a copy: playing changes packets */
	unsigned *arrived;       /* packets of each frame */
	const struct frames *frames;
	struct tcp *tcp;         /* NULL: none */
	struct acks acks;
	void (*see)(void *context, int64_t now, size_t octets);
	void *context;
};

static bool is_tcp(const struct playing *p, const struct radio_packet *packet)
{
	return p->tcp && (const uint8_t *)packet >= (const uint8_t *)p->tcp && (const uint8_t *)packet < (const uint8_t *)(p->tcp + 1);
}

static void tcp_arrived(struct playing *p, struct radio_packet *packet, int64_t arrives)
{
	const struct tcp_packet *t = packet->owner;
	struct acks *a = &p->acks;

	if (a->count < ACKS) {
		unsigned i = (a->first + a->count++) % ACKS;

		a->ring[i].number = t->number;
		a->ring[i].sent = packet->arrived;
		a->ring[i].at = arrives + ACK_WAY;
	}
	tcp_delivered(p->tcp, packet);
}

static void delivered(void *context, struct radio_packet *packet, int64_t arrives)
{
	struct playing *p = context;
	const struct sample *s = packet->owner;
	unsigned f;

	if (is_tcp(p, packet)) {
		tcp_arrived(p, packet, arrives);
		return;
	}
	f = s->frame;

	p->out->carried[f] += packet->size;
	if (++p->arrived[f] == p->frames->frame[f].packets)
		p->out->done[f] = arrives;
}

static void dropped(void *context, struct radio_packet *packet, int64_t now)
{
	struct playing *p = context;

	(void)now;
	if (is_tcp(p, packet))
		tcp_dropped(p->tcp, packet);
	else
		p->out->dropped++;
}

static int make(struct playing *p)
{
	unsigned n = p->frames->count;

	p->out->done = calloc(n, sizeof(int64_t));
	p->out->when = calloc(n, sizeof(int64_t));
	p->out->carried = calloc(n, sizeof(unsigned));
	p->arrived = calloc(n, sizeof(unsigned));
	p->sample = malloc(p->capture->samples * sizeof(*p->sample));
	if (!p->out->done || !p->out->when || !p->out->carried || !p->arrived || !p->sample)
		return -1;
	for (unsigned i = 0; i < n; i++)
		p->out->done[i] = INT64_MAX;
	memcpy(p->sample, p->capture->sample, p->capture->samples * sizeof(*p->sample));
	return 0;
}

/* What the TCP sender does up to now. */
static void tcp_run(struct playing *p, struct radio_queue *q, int64_t now)
{
	struct acks *a = &p->acks;
	struct radio_packet *packet;

	if (!p->tcp)
		return;
	for (; a->count && a->ring[a->first].at <= now; a->first = (a->first + 1) % ACKS, a->count--)
		tcp_acknowledged(p->tcp, a->ring[a->first].number, a->ring[a->first].sent, a->ring[a->first].at);
	if (tcp_timer(p->tcp) <= now)
		tcp_expired(p->tcp, now);
	while (now < p->capture->length && (packet = tcp_send(p->tcp, now)))
		q->policy->put(q, packet, now);
}

/* Up to a time, in steps shorter than the way of an acknowledgement. */
static void advance(struct playing *p, struct radio_link *link, int64_t *at, int64_t to)
{
	while (*at < to) {
		*at = p->tcp && to - *at > STEP ? *at + STEP : to;
		radio_link_run(link, *at);
		tcp_run(p, link->queue, *at);
	}
}

static void play(struct playing *p, struct radio_link *link)
{
	struct radio_queue *q = link->queue;
	int64_t at = 0;

	for (size_t i = 0; i < p->capture->samples; i++) {
		struct sample *s = &p->sample[i];

		advance(p, link, &at, s->packet.arrived);
		s->packet.owner = s;
		q->policy->put(q, &s->packet, s->packet.arrived);
		if (p->see)
			p->see(p->context, at, q->octets);
	}
	while (q->packets || link->sending)
		advance(p, link, &at, at + 1000);
}

int arm_play(struct arm_result *out, const struct capture *capture, const struct frames *frames, enum codec codec,
	const struct arm_setting *s)
{
	struct playing p = { .capture = capture, .out = out, .frames = frames, .see = s->see, .context = s->context };
	struct radio_queue_options options = s->queue;
	struct radio_queue *q;
	struct radio_link link;
	int error = -1;

	memset(out, 0, sizeof(*out));
	options.drop = dropped;
	options.context = &p;
	q = radio_queue_new(s->policy, &options);
	if (s->tcp && (p.tcp = malloc(sizeof(*p.tcp))))
		tcp_begin(p.tcp, 0);
	if (q && make(&p) == 0 && (p.tcp || !s->tcp)) {
		radio_link_open(&link, s->trace, q, 0, s->skip, s->delay, delivered, &p);
		play(&p, &link);
		frames_decodable(frames, codec, out->done, out->when);
		out->alone = waste_alone(capture, frames, s->trace, s->skip, s->delay);
		if (p.tcp)
			out->tcp_bits = (double)p.tcp->delivered * 8e6 / (double)capture->length;
		error = out->alone ? 0 : -1;
	}
	if (q)
		radio_queue_free(q, 0);
	free(p.sample);
	free(p.arrived);
	free(p.tcp);
	return error;
}

void arm_free(struct arm_result *r)
{
	free(r->done);
	free(r->when);
	free(r->carried);
	free(r->alone);
}
