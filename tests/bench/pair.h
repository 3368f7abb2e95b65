/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pair.h - the plan of a bench, and how its rows are said; pair.c measures. Included by pair.c alone: state of one program. */
#ifndef MD_BENCH_PAIR_H
#define MD_BENCH_PAIR_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { ROUNDS_MAX = 101, ARMS = 64, CASES = 512, WORD = 12 };

static const char *const engine_names[] = {
#define NAME(name, text) text,
	MD_ENGINES(NAME)
#undef NAME
};
enum { ENGINES = sizeof(engine_names) / sizeof(engine_names[0]) };

/* What the senders of a case have in common; call and connected are the baseline's. */
struct what {
	const char *sink, *call, *target;
	unsigned connected, flows, threads, tries;
	uint64_t sent, came;           /* by all, and to the sink */
};

struct counters {
	uint64_t wrapped, of_kind, by_engine;
};

struct child {
	const char *engine, *mode, *option, *cover, *call; /* mode NULL: a baseline */
	unsigned connected;
	double floor, goal;            /* 0: none */
	const char *due;               /* name of the floor */
	pid_t pid;
	int in, out, space;
	uint64_t sent, wrapped;        /* wrapped: without warming up, during which warm were sent */
	uint64_t warm;
	struct counters first;         /* when it was warm */
	double wall[ROUNDS_MAX], cpu[ROUNDS_MAX]; /* ratios of speed */
	double ns, cpu_ns;             /* sums over rounds, of a datagram */
	char wrong[96];                /* empty: nothing */
};

struct plan {
	struct what what;
	unsigned arms;
	struct child *arm;
};

struct quartiles {
	double low, median, high;
};

static struct plan plans[CASES];
static unsigned rounds, failures, results;
static FILE *rows;

/* --- Reading -------------------------------------------------------------------------------------------------------------- */

static const char *word(char **line)
{
	char *w = strtok_r(*line, " \n", line);

	return w ? w : "";
}

static unsigned number(char **line)
{
	return (unsigned)strtoul(word(line), NULL, 10);
}

/* How many cases; 0: the plan is not one. The lines stay in memory, words point into them. */
static unsigned read_plan(FILE *f)
{
	unsigned cases = 0;
	char *line = NULL, *rest;
	size_t room = 0;
	struct plan *p = NULL;

	for (; getline(&line, &room, f) > 0; line = NULL, room = 0) {
		const char *first;

		rest = line;
		first = word(&rest);
		if (strcmp(first, "base") == 0 && cases < CASES) {
			p = &plans[cases++];
			p->arm = calloc(ARMS, sizeof(*p->arm));
			p->what = (struct what){ .sink = word(&rest) };
			p->what.call = word(&rest);
			p->what.target = word(&rest);
			p->what.connected = number(&rest);
			p->what.flows = number(&rest);
			p->what.threads = number(&rest);
		} else if (strcmp(first, "arm") == 0 && p && p->arm && p->arms < ARMS) {
			struct child *c = &p->arm[p->arms++];

			c->engine = word(&rest);
			c->mode = word(&rest);
			c->option = word(&rest);
			c->cover = word(&rest);
			c->call = word(&rest);
			c->connected = number(&rest);
			c->floor = atof(word(&rest));
			c->goal = atof(word(&rest));
			c->due = word(&rest);
		} else if (*first) {
			return 0;
		}
	}
	free(line);
	return cases;
}

/* --- Time ----------------------------------------------------------------------------------------------------------------- */

/* Nanoseconds that cases from the first on should take: slices, and starting the senders. */
static uint64_t weight_left(unsigned first, uint64_t slice_ns)
{
	const uint64_t begin_ns = 40000000, datagram_ns = 3000;
	uint64_t sum = 0;

	for (unsigned i = first; i < CASES && plans[i].arm; i++) {
		sum += rounds * (2u * plans[i].arms + 3u) * slice_ns;
		sum += (plans[i].arms + 2u) * (begin_ns + plans[i].what.flows * datagram_ns);
	}
	return sum;
}

/* On standard error: one line that is rewritten, or now and then a line of its own. */
static void progress(unsigned done, unsigned cases, uint64_t elapsed_ns, uint64_t slice_ns)
{
	static unsigned said;
	uint64_t all = weight_left(0, slice_ns), left = weight_left(done, slice_ns);
	double rate = done ? (double)elapsed_ns / (double)(all - left) : 1;
	unsigned seconds = (unsigned)((double)left * rate / 1e9), tenth = done * 10 / cases;
	const struct what *w = &plans[done].what;

	if (isatty(2)) {
		if (done == cases)
			fprintf(stderr, "\r\033[K");
		else
			fprintf(stderr, "\r\033[K[%u/%u] %s %s %s, about %u:%02u left", done + 1, cases, w->sink, w->call, w->target,
				seconds / 60, seconds % 60);
	} else if (done == 0 || tenth != said) {
		fprintf(stderr, "bench: %u of %u cases, about %u:%02u left\n", done, cases, seconds / 60, seconds % 60);
	}
	said = tenth;
}

/* --- Saying --------------------------------------------------------------------------------------------------------------- */

static int rising(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct quartiles quartiles_of(const double ratio[])
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, ratio, rounds * sizeof(*ratio));
	qsort(sorted, rounds, sizeof(*sorted), rising);
	return (struct quartiles){ sorted[rounds / 4], sorted[rounds / 2], sorted[rounds - 1 - rounds / 4] };
}

static bool say_to(const char *path)
{
	rows = fopen(path, "we");
	return rows != NULL;
}

static void say_head(void)
{
	printf("%-4s %-8s %-4s %-3s %6s %2s  %-6s %-8s %-4s %-8s %6s %6s %6s  %6s  %s\n", "sink", "call", "to", "con", "flows",
		"th", "by", "mode", "opt", "cover", "q1", "median", "q3", "cpu", "base against itself");
	fflush(stdout);
}

static void say_quartiles(const char *name, const struct quartiles *q)
{
	fprintf(rows, "\"%s\":{\"q1\":%.4f,\"median\":%.4f,\"q3\":%.4f},", name, q->low, q->median, q->high);
}

static const double self_low = 0.93, self_high = 1.07;

static bool steady(const struct quartiles *self)
{
	return self->low >= self_low && self->high <= self_high;
}

/* A floor: by time, where the baseline repeats itself; else by processor time, where that does; else nothing can be said. */
static void say_floor(const struct child *c, double wall, double cpu, bool by_time, bool by_cpu)
{
	double ratio = by_time ? wall : cpu;
	bool held = ratio >= c->floor, reached = ratio >= c->goal;

	if (c->floor <= 0) {
		fprintf(rows, "\"due\":null,\"floor\":null,\"goal\":null,\"judged\":null,\"held\":null,\"reached\":null}\n");
	} else if (!by_time && !by_cpu) {
		printf(" floor %.2f: too noisy to say", c->floor);
		fprintf(rows, "\"due\":\"%s\",\"floor\":%.2f,\"goal\":%.2f,\"judged\":null,\"held\":null,\"reached\":null}\n",
			c->due, c->floor, c->goal);
	} else {
		printf(" floor %.2f %s%s", c->floor, held ? "held" : "NOT HELD", by_time ? "" : " by cpu");
		if (reached)
			printf(", goal %.2f reached", c->goal);
		fprintf(rows, "\"due\":\"%s\",\"floor\":%.2f,\"goal\":%.2f,\"judged\":\"%s\",\"held\":%s,\"reached\":%s}\n", c->due,
			c->floor, c->goal, by_time ? "time" : "cpu", held ? "true" : "false", reached ? "true" : "false");
	}
}

/* child[0] is the baseline, child[1] the baseline that was measured against it. */
static void say(const struct what *what, const struct child *c, const struct child *child)
{
	struct quartiles wall = quartiles_of(c->wall), cpu = quartiles_of(c->cpu);
	struct quartiles self = quartiles_of(child[1].wall), self_cpu = quartiles_of(child[1].cpu);
	bool other = strcmp(c->call, what->call) != 0 || c->connected != what->connected;

	if (isatty(2))
		fprintf(stderr, "\r\033[K");
	printf("%-4s %-8s %-4s %-3s %6u %2u  %-6s %-8s %-4s %-8s ", what->sink, c->call, what->target, c->connected ? "yes" : "no",
		what->flows, what->threads, c->engine, c->mode, c->option, c->cover);
	if (c->wrong[0]) {
		printf("FAILED: %s\n", c->wrong);
		failures++;
	} else {
		printf("%6.3f %6.3f %6.3f  %6.3f  [%5.3f %5.3f]%s", wall.low, wall.median, wall.high, cpu.median, self.low,
			self.high, steady(&self) ? "" : " noisy");
		if (other)
			printf(" against %s%s", what->call, what->connected ? " connected" : "");
	}

	fprintf(rows, "{\"sink\":\"%s\",\"call\":\"%s\",\"target\":\"%s\",\"connected\":%s,\"flows\":%u,\"threads\":%u,"
		"\"engine\":\"%s\",\"mode\":\"%s\",\"option\":\"%s\",\"cover\":\"%s\",\"base_call\":\"%s\",\"base_connected\":%s,",
		what->sink, c->call, what->target, c->connected ? "true" : "false", what->flows, what->threads, c->engine, c->mode,
		c->option, c->cover, what->call, what->connected ? "true" : "false");
	results++;
	if (c->wrong[0]) {
		fprintf(rows, "\"error\":\"%s\"}\n", c->wrong);
		fflush(stdout);
		return;
	}
	say_quartiles("ratio", &wall);
	say_quartiles("cpu_ratio", &cpu);
	say_quartiles("self", &self);
	say_quartiles("cpu_self", &self_cpu);
	fprintf(rows, "\"steady\":%s,\"rounds\":%u,\"tries\":%u,\"ns\":%.0f,\"cpu_ns\":%.0f,\"base_ns\":%.0f,\"base_cpu_ns\":%.0f,"
		"\"sent\":%" PRIu64 ",\"warm\":%" PRIu64 ",\"wrapped\":%" PRIu64 ",\"case_sent\":%" PRIu64 ",\"case_came\":%" PRIu64 ",",
		steady(&self) ? "true" : "false", rounds, what->tries, c->ns / rounds, c->cpu_ns / rounds, child->ns / rounds,
		child->cpu_ns / rounds, c->sent, c->warm, c->wrapped, what->sent, what->came);
	say_floor(c, wall.median, cpu.median, steady(&self), steady(&self_cpu));
	printf("\n");
	fflush(stdout);
	fflush(rows);
}

/* Whether every row there is has been measured. */
static bool say_end(void)
{
	bool good = fclose(rows) == 0 && !failures && results;

	printf("%u rows, %u failed\n", results, failures);
	return good;
}

#endif
