/* SPDX-License-Identifier: BSD-3-Clause */
#include "arm.h"

#include <stdlib.h>
#include <string.h>

struct playing {
	const struct capture *capture;
	struct arm_result *out;
	struct sample *sample;   /* a copy: playing changes packets */
	unsigned *arrived;       /* packets of each frame */
	const struct frames *frames;
};

static void delivered(void *context, struct radio_packet *packet, int64_t arrives)
{
	struct playing *p = context;
	const struct sample *s = packet->owner;
	unsigned f = s->frame;

	p->out->carried[f] += packet->size;
	if (++p->arrived[f] == p->frames->frame[f].packets)
		p->out->done[f] = arrives;
}

static void dropped(void *context, struct radio_packet *packet, int64_t now)
{
	struct playing *p = context;

	(void)packet;
	(void)now;
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

static void play(struct playing *p, struct radio_link *link)
{
	struct radio_queue *q = link->queue;
	int64_t end = p->capture->length;

	for (size_t i = 0; i < p->capture->samples; i++) {
		struct sample *s = &p->sample[i];

		radio_link_run(link, s->packet.arrived);
		s->packet.owner = s;
		q->policy->put(q, &s->packet, s->packet.arrived);
	}
	while (q->packets || link->sending) {
		end += 1000;
		radio_link_run(link, end);
	}
}

int arm_play(struct arm_result *out, const struct capture *capture, const struct frames *frames, enum codec codec,
	const struct arm_setting *s)
{
	struct playing p = { .capture = capture, .out = out, .frames = frames };
	struct radio_queue_options options = s->queue;
	struct radio_queue *q;
	struct radio_link link;
	int error = -1;

	memset(out, 0, sizeof(*out));
	options.drop = dropped;
	options.context = &p;
	q = radio_queue_new(s->policy, &options);
	if (q && make(&p) == 0) {
		radio_link_open(&link, s->trace, q, 0, s->skip, s->delay, delivered, &p);
		play(&p, &link);
		frames_decodable(frames, codec, out->done, out->when);
		error = 0;
	}
	if (q)
		radio_queue_free(q, 0);
	free(p.sample);
	free(p.arrived);
	return error;
}

void arm_free(struct arm_result *r)
{
	free(r->done);
	free(r->when);
	free(r->carried);
}
