/* SPDX-License-Identifier: BSD-3-Clause */
#include "waste.h"

#include <stdlib.h>

const char *const waste_names[WASTE_CAUSES] = { "forced", "key", "late", "orphan", "part" };

/* The opportunity that ends a frame, if each packet is served from the first one after its arrival on. *next: one not later than that. */
static int64_t served(const struct capture *c, size_t first, unsigned frame, const struct trace *trace, int64_t skip, uint64_t *next)
{
	uint64_t octets = 0;

	for (size_t p = first; p < c->samples && c->sample[p].frame == frame; p++) {
		while (trace_time(trace, *next) <= c->sample[p].packet.arrived + skip)
			(*next)++;
		if (octets < *next * TRACE_OCTETS)
			octets = *next * TRACE_OCTETS;
		octets += c->sample[p].packet.size;
	}
	return trace_time(trace, (octets - 1) / TRACE_OCTETS) - skip;
}

int64_t *waste_alone(const struct capture *capture, const struct frames *frames, const struct trace *trace, int64_t skip, int64_t delay)
{
	int64_t *alone = malloc(frames->count * sizeof(*alone));
	uint64_t next = 0;
	size_t p = 0;

	for (unsigned i = 0; alone && i < frames->count; i++) {
		while (p < capture->samples && capture->sample[p].frame < i)
			p++;
		alone[i] = frames->frame[i].key ? served(capture, p, i, trace, skip, &next) + delay : INT64_MAX;
	}
	return alone;
}

static enum waste cause(const struct frame *f, int64_t done, int64_t alone, int64_t budget)
{
	if (done == INT64_MAX)
		return WASTE_PART;
	if (done - f->sent <= budget)
		return WASTE_ORPHAN;
	if (!f->key)
		return WASTE_LATE;
	return alone - f->sent > budget ? WASTE_FORCED : WASTE_KEY;
}

void waste_shares(double share[WASTE_CAUSES], const struct frames *frames, const struct arm_result *r, int64_t budget)
{
	double all = 0;

	for (int c = 0; c < WASTE_CAUSES; c++)
		share[c] = 0;
	for (unsigned i = 0; i < frames->count; i++) {
		const struct frame *f = &frames->frame[i];

		all += r->carried[i];
		if (r->when[i] == INT64_MAX || r->when[i] - f->sent > budget)
			share[cause(f, r->done[i], r->alone ? r->alone[i] : f->sent, budget)] += r->carried[i];
	}
	for (int c = 0; c < WASTE_CAUSES && all > 0; c++)
		share[c] /= all;
}
