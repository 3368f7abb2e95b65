/* SPDX-License-Identifier: BSD-3-Clause */
#include "radio_random.h"
#include "radio_trace.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The columns before the last four are what is asked for and met. The last four are the shape, after measured LTE downlinks of
 * such figures (README.md, "Traces"); 12 opportunities that come together are a Wi-Fi aggregate's. */
const struct trace_profile trace_profiles[] = {
	{ "hard-a", "LTE-like", 4.6e6, 0.20, 20, 1.1, 0.72, 0.11, 0.26, 1 },
	{ "hard-b", "Wi-Fi-like", 16.7e6, 0.11, 11, 0.9, 0.60, 0.23, 0.26, 12 },
	{ "hard-c", "LTE-like", 5.0e6, 0.12, 12, 1.4, 0.65, 0.18, 0.01, 1 },
	{ "mild", "LTE-like", 5.2e6, 0.04, 5, 0.5, 0.30, 0.18, 0.05, 1 },
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
	unsigned windows, dips, low_windows, gap; /* gap in windows, the blank ones */
	unsigned spare;                   /* low windows that no dip needs, to be shared out */
	double mean;                      /* opportunities a window */
	unsigned *dip;                    /* length of each dip, in windows; the first holds the longest gap */
	double *fading;                   /* of each window: logarithm of the rate, deviation 1 */
	bool *low;                        /* of each window: in a dip */
	unsigned *carries;
	unsigned blank;                   /* first window of the longest gap */
};

/* total things to n heaps, by weights with a long tail (squared exponential): of the dips of measured links most are short, and a few
 * hold much of the time. */
static void share(uint64_t *seed, unsigned *heap, unsigned n, unsigned total)
{
	double sum = 0, before = 0, weight[1024];
	unsigned given = 0;

	for (unsigned i = 0; i < n; i++) {
		double wait = random_wait(seed);

		sum += weight[i] = wait * wait;
	}
	for (unsigned i = 0; i < n; i++) {
		before += weight[i];
		heap[i] += (unsigned)(before / sum * total + 0.5) - given;
		given += (unsigned)(before / sum * total + 0.5) - given;
	}
}

static unsigned singles(const struct making *m)
{
	return (unsigned)(m->p->single * m->low_windows);
}

/* Some dips are of one window; the others are of two or more, the first as long as the gap needs. */
static void draw_dips(struct making *m)
{
	for (unsigned i = 0; i < m->dips; i++)
		m->dip[i] = i ? 2 : m->gap + 2;
	share(&m->seed, m->dip + 1, m->dips - 1, m->spare);
	for (unsigned i = 0; i < singles(m); i++)
		m->dip[m->dips + i] = 1;
	m->dips += singles(m);
}

/* The rate wanders on two scales: with the place, over seconds, and from one tenth of a second to the next. */
static void fade(struct making *m)
{
	const double slow = 0.98, fast = 0.45, part = 0.7; /* memories of 5 s and 0.1 s; share of the slow one in the variance */
	double x = random_normal(&m->seed), y = random_normal(&m->seed);

	for (unsigned w = 0; w < m->windows; w++) {
		x = slow * x + sqrt(1 - slow * slow) * random_normal(&m->seed);
		y = fast * y + sqrt(1 - fast * fast) * random_normal(&m->seed);
		m->fading[w] = sqrt(part) * x + sqrt(1 - part) * y;
	}
}

/* How bad the times are in which a dip would lie: less is worse. It has to have good windows at both sides. */
static bool may_lie(const struct making *m, unsigned at, unsigned length, double *fading)
{
	*fading = 0;
	for (unsigned w = at - 1; w < at + length + 1; w++) {
		if (m->low[w])
			return false;
		*fading += m->fading[w] / (length + 2);
	}
	return true;
}

/* Dips come in bad times: of some places drawn the worst is taken. The longest first, as long as there is room. */
static int place_dip(struct making *m, unsigned length, unsigned *place)
{
	enum { DRAWN = 7, TRIES = 10000 };
	double fading, worst = 0;
	unsigned found = 0;

	for (unsigned i = 0; found < DRAWN && i < TRIES; i++) {
		unsigned at = 1 + random_below(&m->seed, m->windows - length - 1);

		if (!may_lie(m, at, length, &fading) || (found++ && fading >= worst))
			continue;
		worst = fading;
		*place = at;
	}
	for (unsigned w = 0; found && w < length; w++)
		m->low[*place + w] = true;
	return found ? 0 : -EINVAL;
}

static int longer(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x < y) - (x > y);
}

static int place_dips(struct making *m)
{
	unsigned at;

	if (place_dip(m, m->dip[0], &m->blank) < 0)
		return -EINVAL;
	m->blank++;
	qsort(m->dip + 1, m->dips - 1, sizeof(m->dip[0]), longer);
	for (unsigned i = 1; i < m->dips; i++)
		if (place_dip(m, m->dip[i], &at) < 0)
			return -EINVAL;
	return 0;
}

static void fill_dips(struct making *m)
{
	double most = m->mean / 4 - 0.51;

	for (unsigned w = 0; w < m->windows; w++) {
		if (!m->low[w])
			continue;
		m->carries[w] = random_unit(&m->seed) < m->p->blank ? 0 : (unsigned)(random_unit(&m->seed) * most + 0.5);
		if (w >= m->blank && w < m->blank + m->gap)
			m->carries[w] = 0;
	}
}

/* The good windows carry what the mean asks for, each more than a quarter of the mean. */
static void fill_good(struct making *m)
{
	double want = m->mean * m->windows, sum = 0, floor = m->mean * 0.27, scale, carry = 0;

	for (unsigned w = 0; w < m->windows; w++)
		want -= m->low[w] ? m->carries[w] : 0;
	scale = m->mean;
	for (int round = 0; round < 40; round++) {
		sum = 0;
		for (unsigned w = 0; w < m->windows; w++)
			if (!m->low[w])
				sum += fmax(exp(m->p->spread * m->fading[w]) * scale, floor);
		scale *= want / sum;
	}
	for (unsigned w = 0; w < m->windows; w++) {
		if (m->low[w])
			continue;
		carry += fmax(exp(m->p->spread * m->fading[w]) * scale, floor);
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

	fade(m);
	draw_dips(m);
	if (place_dips(m) < 0)
		return -EINVAL;
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
	unsigned needed;
	int error = -ENOMEM;

	memset(out, 0, sizeof(*out));
	m.windows = seconds * 10;
	m.mean = profile->mean / (8e3 * TRACE_OCTETS) * TRACE_WINDOW_MS;
	m.low_windows = (unsigned)(profile->low * m.windows + 0.5);
	m.dips = (unsigned)(profile->dips * seconds / 60 + 0.5);
	m.gap = (unsigned)(profile->gap * 1e3 / TRACE_WINDOW_MS + 0.5);
	needed = singles(&m) + 2 * (m.dips - 1) + m.gap + 2;
	if (seconds < 10 || seconds > 3600 || m.dips < 1 || m.dips + singles(&m) > 1000 || m.mean < 8 || m.gap < 3 || !profile->clump ||
			m.low_windows < needed || m.low_windows * 2 > m.windows)
		return -EINVAL;
	m.spare = m.low_windows - needed;
	m.dip = calloc(m.windows + 2, sizeof(m.dip[0]));
	m.fading = calloc(m.windows + 2, sizeof(m.fading[0]));
	m.low = calloc(m.windows + 2, sizeof(m.low[0]));
	m.carries = calloc(m.windows + 2, sizeof(m.carries[0]));
	if (m.dip && m.fading && m.low && m.carries)
		error = build(&m, out);
	free(m.dip);
	free(m.fading);
	free(m.low);
	free(m.carries);
	return error;
}
