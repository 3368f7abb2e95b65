/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pair SENDER LIBRARY WORK JSON ROUNDS SLICE_MS [CALL] - the speed of send calls with the shim, as a ratio to the same calls
 * without it. Inside the namespace that ns.sh makes.
 *
 * The senders of a case are stepped in turn on one processor: base, X, base, Y, base ... so that each slice of the shim lies
 * between two of the baseline, and every other round backwards. Only ratios are judged; the machine may be as noisy as it
 * likes. One of the senders is another baseline: where its ratio strays, the case is measured again. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mdshim/stats.h>

#include "sender.h"

enum { CHILDREN = 4, ROUNDS_MAX = 101, TRIES = 3, STRAY_PACKETS = 32, PATIENCE_MS = 60000 };
static const double self_low = 0.93, self_high = 1.07;
static const uint64_t repeat_slices = 1000; /* that much time is spent on measuring again */

struct what {
	const char *call, *target;
	unsigned connected, flows, threads;
	bool media, covered;           /* UDP at all; and the routes cover it */
	double floor;                  /* design goal of mode inline, 0: none; shown, not judged */
};

struct child {
	const char *mode;              /* NULL: without the shim */
	pid_t pid;
	int in, out;
	uint64_t sent;
	double wall[ROUNDS_MAX], cpu[ROUNDS_MAX]; /* ratios of speed */
	double ns;                     /* sum over rounds, of a datagram */
};

struct quartiles {
	double low, median, high;
};

static enum md_engine engine = MD_ENGINE_RAW; /* which is expected to send: ENGINE in the environment, raw or patch */
static const char *sender, *library, *work, *only;
static unsigned rounds;
static uint64_t slice_ns, repeat_ns;
static FILE *json;
static unsigned failures, results;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(const struct what *what, const char *mode, const char *why, uint64_t a, uint64_t b)
{
	printf("FAILED %s %s %s: %s (%" PRIu64 ", %" PRIu64 ")\n", what->call, what->target, mode ? mode : "base", why, a, b);
	failures++;
}

/* --- Children ----------------------------------------------------------------------------------------------------------- */

/* The last processor we may use; for threads all of them. */
static void pin(unsigned threads)
{
	cpu_set_t may, one;

	sched_getaffinity(0, sizeof(may), &may);
	CPU_ZERO(&one);
	for (size_t i = 0; i < CPU_SETSIZE && threads == 1; i++) {
		if (CPU_ISSET(i, &may)) {
			CPU_ZERO(&one);
			CPU_SET(i, &one);
		}
	}
	if (threads == 1)
		sched_setaffinity(0, sizeof(one), &one);
}

static void become_sender(const struct what *what, const char *mode)
{
	char flows[16], threads[16], conf[512];

	snprintf(flows, sizeof(flows), "%u", what->flows);
	snprintf(threads, sizeof(threads), "%u", what->threads);
	if (mode) {
		snprintf(conf, sizeof(conf), "%s/%s.conf", work, mode);
		setenv("MDSHIM_CONF", conf, 1);
		setenv("LD_PRELOAD", library, 1);
	}
	pin(what->threads);
	execl(sender, "sender", what->call, what->target, what->connected ? "1" : "0", flows, threads, (char *)NULL);
	_exit(127);
}

static bool start(struct child *c, const struct what *what)
{
	int down[2], up[2];

	if (pipe(down) != 0)
		return false;
	if (pipe(up) != 0) {
		close(down[0]);
		close(down[1]);
		return false;
	}
	c->pid = fork();
	if (c->pid == 0) {
		dup2(down[0], 0);
		dup2(up[1], REPORT_FD);
		for (int fd = REPORT_FD + 1; fd < 64; fd++)
			close(fd);
		become_sender(what, c->mode);
	}
	close(down[0]);
	close(up[1]);
	c->in = down[1];
	c->out = up[0];
	return c->pid > 0;
}

static bool hear(struct child *c, struct report *report)
{
	struct pollfd p = { .fd = c->out, .events = POLLIN };

	if (poll(&p, 1, PATIENCE_MS) == 0)
		kill(c->pid, SIGKILL); /* it hangs in a send; what it can no longer say is a failure */
	if (read(c->out, report, sizeof(*report)) != sizeof(*report))
		return false;
	c->sent += report->datagrams;
	return report->datagrams && !report->errors;
}

static bool step(struct child *c, struct report *report)
{
	struct order order = { slice_ns };

	return write(c->in, &order, sizeof(order)) == sizeof(order) && hear(c, report);
}

/* The counters of a child: what it wrapped and what its engine sent. */
static void check_counters(const struct child *c, const struct what *what)
{
	struct md_stats s;
	char path[512];
	uint64_t wrapped;
	FILE *f;

	snprintf(path, sizeof(path), "%s/stats/%d.stats", work, (int)c->pid);
	f = fopen(path, "re");
	if (!f || fread(&s, sizeof(s), 1, f) != 1 || s.magic != MD_STATS_MAGIC) {
		fail(what, c->mode, "no counters: was the shim there?", 0, 0);
	} else {
		wrapped = s.count[MD_C_WRAPPED_MED_INLINE] + s.count[MD_C_WRAPPED_MED_TUNNEL];
		if (wrapped != (what->covered ? c->sent : 0))
			fail(what, c->mode, "wrapped is not sent", wrapped, c->sent);
		if (s.engine[engine] != wrapped)
			fail(what, c->mode, "the engine sent another number", s.engine[engine], wrapped);
	}
	if (f)
		fclose(f);
}

static void stop(struct child *c, const struct what *what)
{
	int status = 0;

	close(c->in);
	close(c->out);
	if (c->pid > 0 && (waitpid(c->pid, &status, 0) != c->pid || status != 0))
		fail(what, c->mode, "ended with status", (uint64_t)(unsigned)status, 0);
	if (c->mode)
		check_counters(c, what);
}

/* Datagrams that came to the far end of the link. */
static uint64_t arrived(void)
{
	FILE *f = fopen("/proc/self/net/dev", "re");
	uint64_t packets = 0;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, " v1: %*u %" SCNu64, &packets);
	if (f)
		fclose(f);
	return packets;
}

/* --- One case ----------------------------------------------------------------------------------------------------------- */

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

/* One round: base, child, base, child ... base. */
static bool go_round(struct child *child, unsigned n, unsigned round)
{
	struct report before, mid, after;

	if (!step(&child[0], &before))
		return false;
	child[0].ns += (double)before.ns / (double)before.datagrams;
	for (unsigned i = 1; i < n; i++) {
		struct child *c = &child[round % 2 ? n - i : i];
		double base, base_cpu;

		if (!step(c, &mid) || !step(&child[0], &after))
			return false;
		base = (double)before.ns / (double)before.datagrams + (double)after.ns / (double)after.datagrams;
		base_cpu = (double)before.cpu_ns / (double)before.datagrams + (double)after.cpu_ns / (double)after.datagrams;
		c->wall[round] = base / 2 / ((double)mid.ns / (double)mid.datagrams);
		c->cpu[round] = base_cpu / 2 / ((double)mid.cpu_ns / (double)mid.datagrams);
		before = after;
	}
	return true;
}

/* False: something failed, and said so. */
static bool measure(const struct what *what, struct child *child, unsigned n)
{
	uint64_t came = arrived(), sent = 0;
	struct report warm;
	bool good = true;

	for (unsigned i = 0; i < n && good; i++)
		good = start(&child[i], what) && hear(&child[i], &warm);
	for (unsigned round = 0; round < rounds && good; round++)
		good = go_round(child, n, round);
	if (!good)
		fail(what, NULL, "a send or a sender failed", 0, 0);
	for (unsigned i = 0; i < n; i++) {
		if (child[i].pid)
			stop(&child[i], what);
		sent += child[i].sent;
	}
	came = arrived() - came;
	if (good && what->media && (came < sent || came - sent > STRAY_PACKETS)) {
		fail(what, NULL, "sent is not what came", sent, came);
		good = false;
	}
	return good;
}

static bool steady(const struct quartiles *self)
{
	return self->low >= self_low && self->high <= self_high;
}

/* child[0] is the baseline, child[1] the baseline that was measured against it. */
static void say(const struct what *what, const struct child *c, const struct child *child, const struct quartiles *self)
{
	struct quartiles wall = quartiles_of(c->wall), cpu = quartiles_of(c->cpu), self_cpu = quartiles_of(child[1].cpu);
	double floor = strcmp(c->mode, "inline") == 0 ? what->floor : 0;
	const char *by = !what->covered ? "-" : engine == MD_ENGINE_PATCH ? "patch" : "raw";

	printf("%-8s %-6s %-3s %6u %2u  %-5s %-7s %6.3f %6.3f %6.3f  %6.3f  [%5.3f %5.3f]%s%s\n", what->call, what->target,
		what->connected ? "yes" : "no", what->flows, what->threads, by, c->mode, wall.low, wall.median, wall.high,
		cpu.median, self->low, self->high, steady(self) ? "" : " noisy",
		floor > 0 && wall.median < floor ? " below the floor" : "");
	fflush(stdout);
	fprintf(json, "%s\n{\"call\":\"%s\",\"target\":\"%s\",\"connected\":%s,\"flows\":%u,\"threads\":%u,\"engine\":\"%s\","
		"\"mode\":\"%s\",\"ratio\":{\"q1\":%.4f,\"median\":%.4f,\"q3\":%.4f},"
		"\"cpu_ratio\":{\"q1\":%.4f,\"median\":%.4f,\"q3\":%.4f},"
		"\"self\":{\"q1\":%.4f,\"median\":%.4f,\"q3\":%.4f},"
		"\"cpu_self\":{\"q1\":%.4f,\"median\":%.4f,\"q3\":%.4f},\"steady\":%s,\"rounds\":%u,\"base_ns\":%.0f,\"floor\":%.2f}",
		results++ ? "," : "", what->call, what->target, what->connected ? "true" : "false", what->flows, what->threads,
		by, c->mode, wall.low, wall.median, wall.high, cpu.low, cpu.median, cpu.high, self->low, self->median,
		self->high, self_cpu.low, self_cpu.median, self_cpu.high, steady(self) ? "true" : "false", rounds,
		child->ns / rounds, floor);
}

/* Measures a case, again while its baseline strays and there is time. */
static void examine(const struct what *what)
{
	static struct child child[CHILDREN];
	static const char *const modes[CHILDREN] = { NULL, NULL, "inline", "tunnel" };
	unsigned n = what->covered ? CHILDREN : CHILDREN - 1;
	struct quartiles self;
	uint64_t begun;

	if (only && strcmp(only, what->call) != 0)
		return;
	for (unsigned try = 0; try < TRIES; try++) {
		memset(child, 0, sizeof(child));
		for (unsigned i = 0; i < n; i++)
			child[i].mode = modes[i];
		begun = now_ns();
		if (!measure(what, child, n))
			return;
		self = quartiles_of(child[1].wall);
		if (steady(&self) || repeat_ns > repeat_slices * slice_ns || try == TRIES - 1)
			break;
		repeat_ns += now_ns() - begun;
	}
	for (unsigned i = 2; i < n; i++)
		say(what, &child[i], child, &self);
}

static void examine_all(void)
{
	static const struct what special[] = {
		{ "tcp", "4", 1, 1, 1, false, false, 0.98 },
		{ "unix", "-", 1, 1, 1, false, false, 0.98 },
		{ "file", "-", 0, 1, 1, false, false, 0.98 },
		{ "sendto", "bare", 0, 1, 1, true, false, 0 },
		{ "sendto", "4", 0, 1000, 1, true, true, 0.72 },
		{ "sendto", "4", 0, 100000, 1, true, true, 0.72 },
		{ "sendto", "4", 0, 1, 2, true, true, 0.72 },
	};
	static const struct { const char *name; double floor; } call[] = {
		{ "sendto", 0.72 }, { "sendmsg", 0.72 }, { "sendmmsg", 0.68 }, { "train", 0 },
	};

	for (unsigned i = 0; i < sizeof(call) / sizeof(call[0]); i++) {
		for (unsigned shape = 0; shape < 4; shape++) {
			struct what what = { call[i].name, shape / 2 ? "6" : "4", shape % 2, 1, 1, true, true, call[i].floor };

			examine(&what);
		}
	}
	for (unsigned i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		examine(&special[i]);
}

int main(int argc, char **argv)
{
	if (argc != 7 && argc != 8) {
		fprintf(stderr, "usage: pair SENDER LIBRARY WORK JSON ROUNDS SLICE_MS [CALL]\n");
		return 2;
	}
	if (getenv("ENGINE") && strcmp(getenv("ENGINE"), "patch") == 0)
		engine = MD_ENGINE_PATCH;
	sender = argv[1];
	library = argv[2];
	work = argv[3];
	only = argc == 8 ? argv[7] : NULL;
	rounds = (unsigned)atoi(argv[5]);
	slice_ns = (uint64_t)atoi(argv[6]) * 1000000u;
	json = fopen(argv[4], "we");
	if (!json || rounds < 1 || rounds > ROUNDS_MAX || !slice_ns) {
		fprintf(stderr, "pair: %s: %s\n", argv[4], json ? "bad number" : strerror(errno));
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	printf("%-8s %-6s %-3s %6s %2s  %-5s %-7s %6s %6s %6s  %6s  %s\n", "call", "target", "con", "flows", "th", "via", "mode",
		"q1", "median", "q3", "cpu", "base against itself");
	fprintf(json, "[");
	examine_all();
	fprintf(json, "\n]\n");
	if (fclose(json) != 0)
		failures++;
	return failures != 0;
}
