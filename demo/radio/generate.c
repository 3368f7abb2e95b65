/* SPDX-License-Identifier: BSD-3-Clause */
#include "radio_random.h"
#include "radio_trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct trace_profile trace_profiles[] = {
	{ "hard-a", "LTE-like", 4.6e6, 0.20, 20, 1.1, 0.5, 3 },
	{ "hard-b", "Wi-Fi-like", 16.7e6, 0.11, 11, 0.9, 0.5, 12 },
	{ "hard-c", "LTE-like", 5.0e6, 0.12, 12, 1.4, 0.5, 3 },
	{ "mild", "LTE-like", 5.2e6, 0.04, 5, 0.5, 0.3, 3 },
};
const size_t trace_profile_count = sizeof(trace_profiles) / sizeof(trace_profiles[0]);

const struct trace_profile *trace_profile(const char *name)
{
	for (size_t i = 0; i < trace_profile_count; i++)
		if (strcmp(name, trace_profiles[i].name) == 0)
			return &trace_profiles[i];
	return NULL;
}

/* A trace in the making: what each window carries, in opportunities. */
struct making {
	const struct trace_profile *p;
	uint64_t seed;
	unsigned windows, dips, low, gap; /* gap in windows, the blank ones */
	double mean;                      /* opportunities a window */
	unsigned *dip;                    /* length of each dip, in windows; the first holds the longest gap */
	unsigned *pause;                  /* good windows before each dip; one more behind the last */
	double *rate;                     /* of each window; below 0: a dip */
	unsigned *carries;
	unsigned blank;                   /* first window of the longest gap */
};

/* total things to n heaps, by exponential weights: lengths of a memoryless process, given their sum. */
static void share(uint64_t *seed, unsigned *heap, unsigned n, unsigned total)
{
	double sum = 0, before = 0, weight[1024];
	unsigned given = 0;

	for (unsigned i = 0; i < n; i++)
		sum += weight[i] = random_wait(seed);
	for (unsigned i = 0; i < n; i++) {
		before += weight[i];
		heap[i] += (unsigned)(before / sum * total + 0.5) - given;
		given += (unsigned)(before / sum * total + 0.5) - given;
	}
}

static void draw_dips(struct making *m)
{
	unsigned singles = m->low / 12, spare;

	/* One dip in twelve windows is short; the others are of two windows or more, the first as long as the gap needs. */
	for (unsigned i = 0; i < m->dips; i++)
		m->dip[i] = i ? 2 : m->gap + 2;
	for (unsigned i = 0; i < singles; i++)
		m->dip[m->dips + i] = 1;
	spare = m->low - singles - 2 * (m->dips - 1) - m->dip[0];
	share(&m->seed, m->dip + 1, m->dips - 1, spare);
	m->dips += singles;
}

/* The order of the dips, and the good windows between them: at least one. */
static void place_dips(struct making *m)
{
	unsigned w = 0, good = m->windows - m->low, *order = m->dip, first = 0;

	for (unsigned i = m->dips - 1; i > 0; i--) {
		unsigned j = random_below(&m->seed, i + 1), swap = order[i];

		order[i] = order[j];
		order[j] = swap;
		if (first == j)
			first = i;
		else if (first == i)
			first = j;
	}
	for (unsigned i = 0; i <= m->dips; i++)
		m->pause[i] = 1;
	share(&m->seed, m->pause, m->dips + 1, good - m->dips - 1);
	for (unsigned i = 0; i < m->dips; i++) {
		w += m->pause[i];
		if (i == first)
			m->blank = w + 1;
		for (unsigned k = 0; k < m->dip[i]; k++)
			m->rate[w++] = -1;
	}
}

/* Rates of the good windows before they are scaled to the mean. */
static void wander(struct making *m)
{
	const double memory = 0.8; /* from one window to the next: 0.45 s */
	double x = random_normal(&m->seed);

	for (unsigned w = 0; w < m->windows; w++) {
		x = memory * x + sqrt(1 - memory * memory) * random_normal(&m->seed);
		if (m->rate[w] >= 0)
			m->rate[w] = exp(m->p->spread * x);
	}
}

static void fill_dips(struct making *m)
{
	double depth = 0;
	unsigned most = (unsigned)(m->mean / 4 - 0.01);

	for (unsigned w = 0; w < m->windows; w++) {
		if (m->rate[w] >= 0)
			continue;
		if (w == 0 || m->rate[w - 1] >= 0)
			depth = random_unit(&m->seed) * most;
		m->carries[w] = (unsigned)(depth + 0.5);
		if (w >= m->blank && w < m->blank + m->gap)
			m->carries[w] = 0;
	}
}

/* The good windows carry what the mean asks for, each more than a quarter of the mean. */
static void fill_good(struct making *m)
{
	double want = m->mean * m->windows, sum = 0, floor = m->mean * 0.27, scale, carry = 0;

	for (unsigned w = 0; w < m->windows; w++)
		want -= m->rate[w] < 0 ? m->carries[w] : 0;
	scale = m->mean;
	for (int round = 0; round < 40; round++) {
		sum = 0;
		for (unsigned w = 0; w < m->windows; w++)
			if (m->rate[w] >= 0)
				sum += m->rate[w] * scale > floor ? m->rate[w] * scale : floor;
		scale *= want / sum;
	}
	for (unsigned w = 0; w < m->windows; w++) {
		double is = m->rate[w] * scale > floor ? m->rate[w] * scale : floor;

		if (m->rate[w] < 0)
			continue;
		carry += is;
		m->carries[w] = (unsigned)carry;
		carry -= m->carries[w];
	}
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Opportunities of a window: clumps at random milliseconds of it. Beside a blank window they stand at its edge, so that the
 * longest gap is what the profile says; elsewhere a dip is never blank for longer than that. */
static void lay(struct making *m, struct trace *out, unsigned w)
{
	unsigned n = m->carries[w], ms = 0;
	uint32_t begin = w * TRACE_WINDOW_MS;

	for (unsigned i = 0; i < n; i++) {
		if (i % m->p->clump == 0)
			ms = 1 + random_below(&m->seed, TRACE_WINDOW_MS);
		out->at[out->count++] = begin + ms;
	}
	if (n && w + 1 == m->blank)
		out->at[out->count - 1] = begin + TRACE_WINDOW_MS;
	if (n && w == m->blank + m->gap)
		out->at[out->count - 1] = begin + 1;
	qsort(out->at + out->count - n, n, sizeof(out->at[0]), compare);
}

/* The dip of the longest gap must not be empty at its ends, and no other dip may be blank as long. */
static void bound_gaps(struct making *m)
{
	unsigned empty = 0;

	if (!m->carries[m->blank - 1])
		m->carries[m->blank - 1] = 1;
	if (!m->carries[m->blank + m->gap])
		m->carries[m->blank + m->gap] = 1;
	for (unsigned w = 0; w < m->windows; w++) {
		if (w >= m->blank && w < m->blank + m->gap)
			continue;
		empty = m->carries[w] ? 0 : empty + 1;
		if (empty + 2 >= m->gap) {
			m->carries[w] = 1;
			empty = 0;
		}
	}
}

static int build(struct making *m, struct trace *out)
{
	size_t sum = 0;

	draw_dips(m);
	place_dips(m);
	wander(m);
	fill_dips(m);
	bound_gaps(m);
	fill_good(m);
	for (unsigned w = 0; w < m->windows; w++)
		sum += m->carries[w];
	out->at = calloc(sum + 1, sizeof(out->at[0]));
	if (!out->at)
		return -ENOMEM;
	for (unsigned w = 0; w < m->windows; w++)
		lay(m, out, w);
	out->period = m->windows * TRACE_WINDOW_MS;
	out->at[out->count - 1] = out->period; /* the period of the text form is its last line */
	return 0;
}

int trace_generate(struct trace *out, const struct trace_profile *profile, unsigned seconds, uint64_t seed)
{
	struct making m = { .p = profile, .seed = seed };
	int error = -ENOMEM;

	memset(out, 0, sizeof(*out));
	m.windows = seconds * 10;
	m.mean = profile->mean / (8e3 * TRACE_OCTETS) * TRACE_WINDOW_MS;
	m.low = (unsigned)(profile->low * m.windows + 0.5);
	m.dips = (unsigned)(profile->dips * seconds / 60 + 0.5);
	m.gap = (unsigned)(profile->gap * 1e3 / TRACE_WINDOW_MS + 0.5);
	if (seconds < 10 || seconds > 3600 || m.dips < 1 || m.dips + m.low / 12 > 1000 || m.mean < 8 || m.gap < 3 || !profile->clump ||
			m.low < m.low / 12 + 2 * (m.dips - 1) + m.gap + 2 || m.low * 2 > m.windows)
		return -EINVAL;
	m.dip = calloc(m.windows + 2, sizeof(m.dip[0]));
	m.pause = calloc(m.windows + 2, sizeof(m.pause[0]));
	m.rate = calloc(m.windows + 2, sizeof(m.rate[0]));
	m.carries = calloc(m.windows + 2, sizeof(m.carries[0]));
	if (m.dip && m.pause && m.rate && m.carries)
		error = build(&m, out);
	free(m.dip);
	free(m.pause);
	free(m.rate);
	free(m.carries);
	return error;
}
