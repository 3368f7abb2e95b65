/* SPDX-License-Identifier: BSD-3-Clause
 *
 * All frames have the same budget, so of two frames the one sent first is due first, and what a frame needs was sent before it:
 * among the frames that a schedule chooses to carry, first come first served meets every due time that any order meets (Jackson's
 * rule with agreeable release and due times). So only the choice is left, frame by frame: carry or drop. A choice is as good as another
 * when it has as many frames in time, leaves the same chains whole, and has used no more of the link; the best of each are kept. The
 * result is exact, for one flow. */
#include "oracle.h"

#include <stdlib.h>
#include <string.h>

/* What can still be decoded: nothing until the next key frame; all but what needs the layer between; all. */
enum chain { BROKEN, TRUNK, WHOLE, CHAINS };

/* Choices of one chain state: used[n - first] is the least place in the link's service, in octets, with n frames in time. */
struct front {
	uint64_t *used;
	unsigned first, count;
};

struct oracle {
	const struct oracle_setting *s;
	struct front now[CHAINS], then[CHAINS];
	const struct frames *frames;
};

/* Carrying a frame from place p on ends at place max(p + octets, least). */
struct cost {
	uint64_t octets, least;
	uint64_t due;            /* the last place that is in time */
};

/* Opportunities up to a time of the film, from the beginning of the trace; *at counts on from an earlier time. */
static uint64_t opportunities(const struct oracle_setting *s, uint64_t *at, int64_t time)
{
	while (trace_time(s->trace, *at) <= time + s->skip)
		(*at)++;
	return *at;
}

static void add_packet(struct cost *c, uint64_t release, uint32_t size)
{
	c->octets += size;
	c->least = (c->least > release ? c->least : release) + size;
}

/* --- Fronts --------------------------------------------------------------------------------------------------------- */

static void note(struct front *f, unsigned n, uint64_t used)
{
	if (used < f->used[n])
		f->used[n] = used;
	if (n < f->first)
		f->first = n;
	if (n >= f->count)
		f->count = n + 1;
}

/* Leaves out what is no better than another with more frames; everything before place floor is as good as floor. */
static void prune(struct front *f, uint64_t floor)
{
	uint64_t best = UINT64_MAX;

	for (unsigned n = f->count; n-- > f->first;) {
		if (f->used[n] < floor)
			f->used[n] = floor;
		if (f->used[n] < best)
			best = f->used[n];
		else
			f->used[n] = UINT64_MAX;
	}
	while (f->first < f->count && f->used[f->first] == UINT64_MAX)
		f->first++;
}

static void empty(struct front *f, unsigned most)
{
	for (unsigned n = f->first; n < f->count; n++)
		f->used[n] = UINT64_MAX;
	f->first = most;
	f->count = 0;
}

/* --- A frame -------------------------------------------------------------------------------------------------------- */

/* What is left of a chain when the frame is carried; CHAINS: then it is of no use. */
static enum chain carried(const struct frame *f, enum codec codec, enum chain c)
{
	if (f->key)
		return WHOLE;
	if (c == BROKEN)
		return CHAINS;
	if (codec == CODEC_VP8 && f->layer == 1)
		return WHOLE;
	return codec == CODEC_VP8 && f->layer == 2 && !f->sync && c != WHOLE ? CHAINS : c;
}

/* And when it is not. */
static enum chain dropped(const struct frame *f, enum codec codec, enum chain c)
{
	if (f->key || f->ref)
		return BROKEN;
	return codec == CODEC_VP8 && f->layer == 1 && c == WHOLE ? TRUNK : c;
}

static void step(struct oracle *o, const struct frame *f, enum codec codec, const struct cost *cost)
{
	for (int c = 0; c < CHAINS; c++)
		empty(&o->then[c], o->frames->count + 1);
	for (int c = 0; c < CHAINS; c++) {
		const struct front *from = &o->now[c];
		enum chain with = o->s->alone ? (enum chain)c : carried(f, codec, (enum chain)c);
		enum chain without = o->s->alone ? (enum chain)c : dropped(f, codec, (enum chain)c);

		for (unsigned n = from->first; n < from->count; n++) {
			uint64_t end = from->used[n] + cost->octets;

			if (from->used[n] == UINT64_MAX)
				continue;
			note(&o->then[without], n, from->used[n]);
			if (with == CHAINS)
				continue;
			end = end > cost->least ? end : cost->least;
			note(&o->then[with], n + (end <= cost->due), end);
		}
	}
}

static int make(struct oracle *o, unsigned frames)
{
	for (int c = 0; c < CHAINS; c++) {
		o->now[c].used = malloc((frames + 2) * sizeof(uint64_t));
		o->then[c].used = malloc((frames + 2) * sizeof(uint64_t));
		if (!o->now[c].used || !o->then[c].used)
			return -1;
		o->now[c].count = o->then[c].count = frames + 2;
		o->now[c].first = o->then[c].first = 0;
		empty(&o->now[c], frames + 1);
		empty(&o->then[c], frames + 1);
	}
	return 0;
}

static double play(struct oracle *o, const struct capture *capture, enum codec codec)
{
	const struct oracle_setting *s = o->s;
	uint64_t arrivals = 0, dues = 0;
	unsigned most = 0;
	size_t p = 0;

	note(&o->now[BROKEN], 0, 0);
	for (unsigned i = 0; i < o->frames->count; i++) {
		const struct frame *f = &o->frames->frame[i];
		struct cost cost = { .due = opportunities(s, &dues, f->sent + s->budget - s->delay) * TRACE_OCTETS };
		uint64_t floor = opportunities(s, &arrivals, f->sent) * TRACE_OCTETS;

		for (; p < capture->samples && capture->sample[p].frame == i; p++)
			add_packet(&cost, opportunities(s, &arrivals, capture->sample[p].packet.arrived) * TRACE_OCTETS, capture->sample[p].packet.size);
		for (int c = 0; c < CHAINS; c++)
			prune(&o->now[c], floor);
		step(o, f, codec, &cost);
		for (int c = 0; c < CHAINS; c++) {
			struct front swap = o->now[c];

			o->now[c] = o->then[c];
			o->then[c] = swap;
		}
	}
	for (int c = 0; c < CHAINS; c++)
		most = o->now[c].count > most + 1 ? o->now[c].count - 1 : most;
	return (double)most / o->frames->count;
}

double oracle_in_time(const struct capture *capture, const struct frames *frames, enum codec codec, const struct oracle_setting *s)
{
	struct oracle o = { .s = s, .frames = frames };
	double share = make(&o, frames->count) == 0 ? play(&o, capture, codec) : -1;

	for (int c = 0; c < CHAINS; c++) {
		free(o.now[c].used);
		free(o.then[c].used);
	}
	return share;
}
