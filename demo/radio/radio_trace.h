/* SPDX-License-Identifier: BSD-3-Clause
 *
 * radio_trace.h - what a radio link can carry, and when: one opportunity of 1,500 octets at each millisecond named.
 *
 * The text form is that of Mahimahi (Netravali et al., USENIX ATC 2015): one whole number of milliseconds a line, never
 * falling; the same number twice is two opportunities; the trace begins again when its last millisecond has passed. */
#ifndef RADIO_TRACE_H
#define RADIO_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { TRACE_OCTETS = 1500, TRACE_WINDOW_MS = 100, TRACE_MOST = 1 << 24, TRACE_LONGEST_MS = 24 * 3600 * 1000 };

struct trace {
	uint32_t *at;        /* milliseconds from the start, 1..period, never falling */
	size_t count;
	uint32_t period;     /* milliseconds until it begins again */
};

/* Over windows of 100 ms; a dip is a run of windows below a quarter of the mean. */
struct trace_figures {
	double mean;         /* bit/s */
	double low;          /* share of windows below a quarter of the mean, 0..1 */
	double dips;         /* dips of two windows or more, a minute */
	double gap;          /* longest time without an opportunity, seconds */
	double deviation;    /* standard deviation of the windows, of their mean */
};

/* Reads the text form. 0, -ENOMEM, or -EINVAL: *line is where, and *expected what was (static text). */
int trace_read(struct trace *trace, FILE *from, unsigned long *line, const char **expected);

/* Writes the text form. 0 or -errno. */
int trace_write(const struct trace *trace, FILE *to);

void trace_free(struct trace *trace);

struct trace_figures trace_figures(const struct trace *trace);

/* When the n-th opportunity is, in microseconds from the start; n counts on over the repetitions. */
int64_t trace_time(const struct trace *trace, uint64_t n);

/* --- Generator ------------------------------------------------------------------------------------------------ */

/* What a generated trace is to show. */
struct trace_profile {
	const char *name, *kind;
	double mean;         /* bit/s */
	double low, dips, gap; /* as in trace_figures */
	double spread;       /* standard deviation of the logarithm of the rate, before dips are cut out where it is low */
	double single;       /* share of the low windows that are dips of one window */
	double blank;        /* share of the low windows, beside the longest gap, that carry nothing */
	unsigned clump;      /* opportunities that come together: the transport blocks or aggregates of the radio */
};

extern const struct trace_profile trace_profiles[];
extern const size_t trace_profile_count;

/* The profile of that name, or NULL. */
const struct trace_profile *trace_profile(const char *name);

/* A two-state semi-Markov chain: good times, whose rate wanders (its logarithm is the sum of a slow and a fast autoregressive
 * process), and dips, which come when it is low. Number and total of the dips, the longest gap and the mean are those of the
 * profile; where and how long each is, the seed decides. seconds: 10 or more. 0, -ENOMEM, or -EINVAL for a profile that cannot be. */
int trace_generate(struct trace *out, const struct trace_profile *profile, unsigned seconds, uint64_t seed);

#endif
