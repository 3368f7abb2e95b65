/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <radio_trace.h>
#include <stdbool.h>

static int read_text(struct trace *t, const char *text, unsigned long *line, const char **expected)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int error;

	assert_non_null(f);
	error = trace_read(t, f, line, expected);
	fclose(f);
	return error;
}

static void within(double is, double should, double share, const char *what)
{
	if (fabs(is - should) > share * should)
		fail_msg("%s: %g, expected %g", what, is, should);
}

static void profile_is_kept(const char *name, double mean, double low, double dips, double gap)
{
	const struct trace_profile *p = trace_profile(name);
	struct trace t;
	struct trace_figures f;

	assert_non_null(p);
	for (uint64_t seed = 1; seed <= 20; seed++) {
		assert_int_equal(trace_generate(&t, p, 120, seed), 0);
		assert_int_equal(t.period, 120000);
		for (size_t i = 1; i < t.count; i++)
			assert_true(t.at[i - 1] <= t.at[i]);
		assert_true(t.at[0] >= 1 && t.at[t.count - 1] == t.period);
		f = trace_figures(&t);
		within(f.mean, mean, 0.1, "mean");
		within(f.low, low, 0.1, "windows below a quarter");
		within(f.dips, dips, 0.1, "dips a minute");
		within(f.gap, gap, 0.1, "longest gap");
		trace_free(&t);
	}
}

static void named_traces_have_the_figures_they_promise(void **state)
{
	(void)state;
	profile_is_kept("hard-a", 4.6e6, 0.20, 20, 1.1);
	profile_is_kept("hard-b", 16.7e6, 0.11, 11, 0.9);
	profile_is_kept("hard-c", 5.0e6, 0.12, 12, 1.4);
	profile_is_kept("mild", 5.2e6, 0.04, 5, 0.5);
}

/* --- The shape: what the table of the named traces leaves open ------------------------------------------------------------- */

enum { WINDOWS = 1200 };

struct shape {
	double deviation, tenth, second, edge; /* of the logarithm of the good windows: deviation, correlation after 0.1 s and 1 s; mean
	                                          beside dips, against all, in deviations */
	double single, blank;                  /* of the low windows: dips of one; without any opportunity */
};

static double correlation(const double *x, const bool *low, unsigned lag)
{
	double sum = 0;
	unsigned n = 0;

	for (unsigned w = 0; w + lag < WINDOWS; w++) {
		if (low[w] || low[w + lag])
			continue;
		sum += x[w] * x[w + lag];
		n++;
	}
	return sum / n;
}

static struct shape shape_of(const struct trace *t)
{
	double x[WINDOWS], mean = 0, square = 0, quarter = (double)t->count / WINDOWS / 4;
	unsigned carried[WINDOWS] = { 0 }, good = 0, edges = 0, singles = 0, blanks = 0;
	bool low[WINDOWS];
	struct shape s = { 0 };

	for (size_t i = 0; i < t->count; i++)
		carried[(t->at[i] - 1) / 100]++;
	for (unsigned w = 0; w < WINDOWS; w++) {
		low[w] = carried[w] < quarter;
		blanks += low[w] && !carried[w];
		x[w] = low[w] ? 0 : log(carried[w]);
		mean += x[w];
		good += !low[w];
	}
	mean /= good;
	for (unsigned w = 0; w < WINDOWS; w++)
		square += low[w] ? 0 : (x[w] - mean) * (x[w] - mean) / good;
	for (unsigned w = 0; w < WINDOWS; w++)
		x[w] = (x[w] - mean) / sqrt(square);
	for (unsigned w = 1; w + 1 < WINDOWS; w++) {
		singles += low[w] && !low[w - 1] && !low[w + 1];
		if (low[w] || (!low[w - 1] && !low[w + 1]))
			continue;
		s.edge += x[w];
		edges++;
	}
	s.deviation = sqrt(square);
	s.tenth = correlation(x, low, 1);
	s.second = correlation(x, low, 10);
	s.edge /= edges;
	s.single = (double)singles / (WINDOWS - good);
	s.blank = (double)blanks / (WINDOWS - good);
	return s;
}

static void shape_is_kept(const char *name, const struct shape *should)
{
	enum { SEEDS = 40 };
	struct shape mean = { 0 };
	struct trace t;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct shape s;

		assert_int_equal(trace_generate(&t, trace_profile(name), 120, seed), 0);
		s = shape_of(&t);
		mean.deviation += s.deviation / SEEDS;
		mean.tenth += s.tenth / SEEDS;
		mean.second += s.second / SEEDS;
		mean.edge += s.edge / SEEDS;
		mean.single += s.single / SEEDS;
		mean.blank += s.blank / SEEDS;
		trace_free(&t);
	}
	within(mean.deviation, should->deviation, 0.1, "deviation of the logarithm");
	within(mean.tenth, should->tenth, 0.1, "correlation after 0.1 s");
	within(mean.second, should->second, 0.25, "correlation after 1 s");
	within(-mean.edge, -should->edge, 0.35, "rate beside dips");
	within(mean.single, should->single, 0.15, "dips of one window");
	if (fabs(mean.blank - should->blank) > 0.06)
		fail_msg("blank windows: %g, expected %g", mean.blank, should->blank);
}

/* As measured on the LTE downlinks that come with Mahimahi: ATT-LTE-driving-2016, TMobile-LTE-short and Verizon-LTE-short, which have
 * the figures of the three hard traces. */
static void shape_is_that_of_measured_links(void **state)
{
	(void)state;
	shape_is_kept("hard-a", &(struct shape){ 0.65, 0.72, 0.41, -0.92, 0.11, 0.37 });
	shape_is_kept("hard-b", &(struct shape){ 0.56, 0.73, 0.46, -0.95, 0.23, 0.34 });
	shape_is_kept("hard-c", &(struct shape){ 0.60, 0.77, 0.58, -1.27, 0.18, 0.14 });
}

static void same_seed_same_trace_other_seed_another(void **state)
{
	struct trace a, b, c;

	(void)state;
	assert_int_equal(trace_generate(&a, trace_profile("hard-a"), 120, 7), 0);
	assert_int_equal(trace_generate(&b, trace_profile("hard-a"), 120, 7), 0);
	assert_int_equal(trace_generate(&c, trace_profile("hard-a"), 120, 8), 0);
	assert_int_equal(a.count, b.count);
	assert_memory_equal(a.at, b.at, a.count * sizeof(a.at[0]));
	assert_true(a.count != c.count || memcmp(a.at, c.at, a.count * sizeof(a.at[0])) != 0);
	trace_free(&a);
	trace_free(&b);
	trace_free(&c);
}

static void figures_are_counted_right(void **state)
{
	struct trace t;
	unsigned long line;
	const char *expected;
	char text[4000] = "";
	struct trace_figures f;

	/* Ten windows of 100 ms: 10 opportunities each, but windows 3 and 4 one each, and window 7 none. */
	(void)state;
	for (int w = 0; w < 10; w++)
		for (int i = 0; i < (w == 3 || w == 4 ? 1 : w == 7 ? 0 : 10); i++)
			sprintf(text + strlen(text), "%d\n", w * 100 + (w == 3 || w == 4 ? 50 : 10 + i * 10));
	assert_int_equal(read_text(&t, text, &line, &expected), 0);
	f = trace_figures(&t);
	assert_int_equal(t.count, 72);
	assert_int_equal(t.period, 1000);
	assert_float_equal(f.mean, 72 * 12000., 1);
	assert_float_equal(f.low, 0.3, 1e-9);
	assert_float_equal(f.dips, 60, 1e-9); /* one in a second */
	assert_float_equal(f.gap, 0.11, 1e-9);
	trace_free(&t);
}

static void mahimahi_files_are_read_and_written(void **state)
{
	static const char text[] = "# comment\n0\n 5\n5\n\n12\r\n";
	struct trace t, again;
	unsigned long line;
	const char *expected;
	char *out = NULL;
	size_t len = 0;
	FILE *f;

	(void)state;
	assert_int_equal(read_text(&t, text, &line, &expected), 0);
	assert_int_equal(t.count, 4);
	assert_int_equal(t.period, 12);
	assert_int_equal(trace_time(&t, 2), 5000);
	assert_int_equal(trace_time(&t, 4), 12000); /* the trace begins again */
	assert_int_equal(trace_time(&t, 6), 17000);
	f = open_memstream(&out, &len);
	assert_int_equal(trace_write(&t, f), 0);
	fclose(f);
	assert_string_equal(out, "0\n5\n5\n12\n");
	assert_int_equal(read_text(&again, out, &line, &expected), 0);
	assert_memory_equal(again.at, t.at, 4 * sizeof(t.at[0]));
	free(out);
	trace_free(&t);
	trace_free(&again);
}

static void mistakes_are_named_by_line(void **state)
{
	static const struct {
		const char *text;
		unsigned long line;
		const char *expected;
	} row[] = {
		{ "1\n2\nx\n", 3, "whole number" }, { "1\n-2\n", 2, "whole number" }, { "1.5\n", 1, "whole number" },
		{ "5\n4\n", 2, "not below" }, { "86400001\n", 1, "one day" }, { "99999999999999999999\n", 1, "one day" },
		{ "", 1, "at least one" }, { "0\n0\n", 3, "at least one" }, { "1 2\n", 1, "whole number" },
	};
	struct trace t;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		unsigned long line = 0;
		const char *expected = "";

		if (*row[i].text == 0)
			continue;
		assert_int_equal(read_text(&t, row[i].text, &line, &expected), -EINVAL);
		assert_int_equal(line, row[i].line);
		assert_non_null(strstr(expected, row[i].expected));
		assert_null(t.at);
	}
}

static void a_profile_that_cannot_be_is_refused(void **state)
{
	struct trace_profile p = *trace_profile("hard-a");
	struct trace t;

	(void)state;
	assert_int_equal(trace_generate(&t, &p, 5, 1), -EINVAL);
	p.low = 0.7;
	assert_int_equal(trace_generate(&t, &p, 120, 1), -EINVAL);
	p.low = 0.01;
	assert_int_equal(trace_generate(&t, &p, 120, 1), -EINVAL);
	assert_null(trace_profile("nonesuch"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_traces_have_the_figures_they_promise),
		cmocka_unit_test(shape_is_that_of_measured_links),
		cmocka_unit_test(same_seed_same_trace_other_seed_another),
		cmocka_unit_test(figures_are_counted_right),
		cmocka_unit_test(mahimahi_files_are_read_and_written),
		cmocka_unit_test(mistakes_are_named_by_line),
		cmocka_unit_test(a_profile_that_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
