/* SPDX-License-Identifier: BSD-3-Clause */
#include "radio_trace.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int add(struct trace *trace, size_t *room, uint32_t ms)
{
	uint32_t *more;

	if (trace->count == *room) {
		*room = *room ? *room * 2 : 4096;
		more = reallocarray(trace->at, *room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		trace->at = more;
	}
	trace->at[trace->count++] = ms;
	return 0;
}

/* A line: digits, perhaps blanks around them. Empty lines and those of "#" are skipped: 1. */
static int number(const char *text, uint32_t *ms)
{
	char *end;
	unsigned long n;

	text += strspn(text, " \t");
	if (!*text || *text == '\n' || *text == '\r' || *text == '#')
		return 1;
	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	n = strtoul(text, &end, 10);
	end += strspn(end, " \t\r\n");
	if (errno || *end || n > TRACE_LONGEST_MS)
		return -EINVAL;
	*ms = (uint32_t)n;
	return 0;
}

static int read_line(struct trace *trace, size_t *room, const char *text, const char **expected)
{
	uint32_t ms;
	int is = number(text, &ms);

	*expected = "a whole number of milliseconds, at most one day";
	if (is)
		return is < 0 ? is : 0;
	*expected = "a number not below the one before";
	if (trace->count && ms < trace->at[trace->count - 1])
		return -EINVAL;
	*expected = "at most 16777216 lines";
	if (trace->count == TRACE_MOST)
		return -EINVAL;
	*expected = "more memory";
	return add(trace, room, ms);
}

int trace_read(struct trace *trace, FILE *from, unsigned long *line, const char **expected)
{
	char text[80];
	size_t room = 0;
	int error = 0;

	memset(trace, 0, sizeof(*trace));
	for (*line = 1; !error && fgets(text, sizeof(text), from); *line += !error) {
		if (!strchr(text, '\n') && !feof(from)) {
			*expected = "a line of less than 80 characters";
			error = -EINVAL;
		} else {
			error = read_line(trace, &room, text, expected);
		}
	}
	if (!error && ferror(from)) {
		*expected = "a file that can be read";
		error = -EINVAL;
	} else if (!error && (!trace->count || !trace->at[trace->count - 1])) {
		*expected = "at least one opportunity after millisecond 0";
		error = -EINVAL;
	}
	if (error) {
		trace_free(trace);
		return error;
	}
	trace->period = trace->at[trace->count - 1];
	return 0;
}

int trace_write(const struct trace *trace, FILE *to)
{
	for (size_t i = 0; i < trace->count; i++)
		fprintf(to, "%u\n", trace->at[i]);
	return fflush(to) == 0 && !ferror(to) ? 0 : errno ? -errno : -EIO;
}

void trace_free(struct trace *trace)
{
	free(trace->at);
	memset(trace, 0, sizeof(*trace));
}

int64_t trace_time(const struct trace *trace, uint64_t n)
{
	uint64_t round = n / trace->count;

	return (int64_t)(round * trace->period + trace->at[n % trace->count]) * 1000;
}

static unsigned in_window(const struct trace *trace, size_t *next, uint32_t end)
{
	unsigned n = 0;

	/* An opportunity at millisecond t is used by the end of it. */
	for (; *next < trace->count && trace->at[*next] <= end; (*next)++)
		n++;
	return n;
}

static double longest_gap(const struct trace *trace)
{
	uint32_t last = 0, most = 0;

	for (size_t i = 0; i < trace->count; last = trace->at[i++])
		most = trace->at[i] - last > most ? trace->at[i] - last : most;
	return most / 1e3;
}

struct trace_figures trace_figures(const struct trace *trace)
{
	uint32_t windows = trace->period / TRACE_WINDOW_MS;
	double mean = (double)trace->count / trace->period * TRACE_WINDOW_MS, square = 0;
	struct trace_figures f = { 0 };
	size_t next = 0;
	unsigned run = 0, low = 0, dips = 0;

	for (uint32_t w = 0; w < windows; w++) {
		unsigned n = in_window(trace, &next, (w + 1) * TRACE_WINDOW_MS);

		square += ((double)n - mean) * ((double)n - mean);
		run = n < mean / 4 ? run + 1 : 0;
		low += run > 0;
		dips += run == 2;
	}
	f.mean = (double)trace->count * TRACE_OCTETS * 8 * 1e3 / trace->period;
	f.gap = longest_gap(trace);
	if (windows) {
		f.low = (double)low / windows;
		f.dips = dips * 60e3 / ((double)windows * TRACE_WINDOW_MS);
		f.deviation = sqrt(square / windows) / mean;
	}
	return f;
}
