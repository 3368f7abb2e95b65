/* SPDX-License-Identifier: BSD-3-Clause */
#include "../pair.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *rows;
static unsigned failures, results;

static int rising(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct quartiles quartiles_of(const double ratio[])
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, ratio, rounds * sizeof(*ratio));
	qsort(sorted, rounds, sizeof(*sorted), rising);
	return (struct quartiles){ sorted[rounds / 4], sorted[rounds / 2], sorted[rounds - 1 - rounds / 4] };
}

bool say_to(const char *path)
{
	rows = fopen(path, "we");
	return rows != NULL;
}

void say_head(void)
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

bool steady(const struct quartiles *self)
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

void say(const struct what *what, const struct child *c, const struct child *child)
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

bool say_end(void)
{
	bool good = fclose(rows) == 0 && !failures && results;

	printf("%u rows, %u failed\n", results, failures);
	return good;
}
