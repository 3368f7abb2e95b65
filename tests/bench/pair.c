/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pair SENDER RELAYED LIBRARY WORK ROUNDS SLICE_MS <PLAN >TABLE - the speed of send calls with the shim, or through what could be
 * used in its place, as ratios to the same calls without. WORK is what run.sh laid out; rows go to WORK/rows as JSON, one a
 * line. "pair --engines" prints the names of all engines there may be.
 *
 * A plan is a list of cases, each a line for the baseline and one for every arm, and an empty line:
 *     base SINK CALL TARGET CONNECTED FLOWS THREADS
 *     arm ENGINE MODE OPTION COVER CALL CONNECTED FLOOR GOAL NAME-OF-THE-FLOOR
 * MODE: inline, tunnel; pass (the shim is there, and nothing is to be wrapped); unserved (the program is none of its own);
 * instead (no shim: ENGINE names the namespace or the relay).
 *
 * The senders of a case are stepped in turn on one processor: base, X, base, Y, base ... so that each slice of an arm lies
 * between two of the baseline, and every other round backwards. Only ratios are judged; the machine may be as noisy as it
 * likes. One of the senders is another baseline: where its ratio strays, the case is measured again. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pair.h"
#include "sender.h"

enum { TRIES = 3, STRAY_PACKETS = 64, PATIENCE_MS = 60000, LATE_MS = 10, LATE_TRIES = 200 };
static const uint64_t settle_ns = 12000000000u;

const char *work;
unsigned rounds;
static const char *sender, *relayed, *library;
static uint64_t slice_ns;
static uint64_t repeat_ns, repeat_most; /* time spent on measuring again, and how much may be */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The first thing that went wrong with an arm. */
static void fail(struct child *c, const char *why, uint64_t a, uint64_t b)
{
	if (!c->wrong[0])
		snprintf(c->wrong, sizeof(c->wrong), "%s (%" PRIu64 ", %" PRIu64 ")", why, a, b);
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

/* The namespace an arm sends in: of its engine, if that has one of its own. */
static int space_of(const struct child *c, const char *sink)
{
	char path[512];
	int fd = -1;

	if (c->mode) {
		snprintf(path, sizeof(path), "%s/ns/%s.%s", work, c->engine, sink);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0) {
		snprintf(path, sizeof(path), "%s/ns/plain.%s", work, sink);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	return fd;
}

/* Into the control group of its engine, if that has one. */
static void join_group(const struct child *c)
{
	char path[512], group[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroup.%s", work, c->engine);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fscanf(f, "%500s", group) != 1)
		_exit(126);
	fclose(f);
	f = fopen(group, "we");
	if (!f || fprintf(f, "0") < 0 || fclose(f) != 0)
		_exit(126);
}

static void become_sender(const struct child *c, const struct what *what)
{
	char flows[16], threads[16], conf[512];
	const char *program = sender;

	if (setns(c->space, CLONE_NEWNET) != 0)
		_exit(125);
	snprintf(flows, sizeof(flows), "%u", what->flows);
	snprintf(threads, sizeof(threads), "%u", what->threads);
	if (c->mode && strcmp(c->mode, "instead") == 0) {
		snprintf(conf, sizeof(conf), "%s/relay.%s.%s", work, c->engine, what->sink);
		if (access(conf, R_OK) == 0) {
			pin(1);
			execl(relayed, "relayed", conf, (char *)NULL);
			_exit(127);
		}
	} else if (c->mode) {
		join_group(c);
		snprintf(conf, sizeof(conf), "%s/conf/%s/%s.%s.%s.conf", work, c->engine, c->mode, c->option, c->cover);
		setenv("MDSHIM_CONF", conf, 1);
		setenv("LD_PRELOAD", library, 1);
	}
	pin(what->threads);
	execl(program, "sender", c->call, what->target, c->connected ? "1" : "0", flows, threads, (char *)NULL);
	_exit(127);
}

static bool start(struct child *c, const struct what *what)
{
	int down[2], up[2];

	c->space = space_of(c, what->sink);
	if (c->space < 0 || pipe(down) != 0)
		return false;
	if (pipe(up) != 0) {
		close(down[0]);
		close(down[1]);
		return false;
	}
	c->pid = fork();
	if (c->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(down[0], 0);
		dup2(up[1], REPORT_FD);
		/* The namespace stays open until it was entered. */
		for (int fd = REPORT_FD + 1; fd < 512; fd++)
			if (fd != c->space)
				close(fd);
		become_sender(c, what);
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
	if (read(c->out, report, sizeof(*report)) != sizeof(*report)) {
		fail(c, "the sender ended", 0, 0);
		return false;
	}
	c->sent += report->datagrams;
	if (!report->datagrams || report->errors)
		fail(c, "send calls failed: errors, datagrams", report->errors, report->datagrams);
	return report->datagrams && !report->errors;
}

static bool step(struct child *c, struct report *report)
{
	struct order order = { slice_ns };

	return write(c->in, &order, sizeof(order)) == sizeof(order) && hear(c, report);
}

/* Steps a child until its engine sends all of a slice: some have to ask somebody first, and send natively meanwhile. What was
 * counted until then is left out. */
static bool settle(struct child *c)
{
	uint64_t deadline = now_ns() + settle_ns, sent;
	struct counters before;
	struct report warm;

	if (!hear(c, &warm))
		return false;
	if (!c->mode || !wraps(c))
		return true;
	do {
		sent = c->sent;
		if (!read_counters(c, &before)) {
			fail(c, "no counters: was the shim there?", 0, 0);
			return false;
		}
		if (!step(c, &warm) || !read_counters(c, &c->first))
			return false;
		if (c->first.by_engine - before.by_engine == c->sent - sent) {
			c->warm = c->sent;
			return true;
		}
		poll(NULL, 0, LATE_MS); /* it asks again now and then */
	} while (now_ns() < deadline);
	fail(c, "sent, and by the engine", c->sent - sent, c->first.by_engine - before.by_engine);
	return false;
}

static void check_counters(struct child *c)
{
	struct counters last;
	uint64_t sent = wraps(c) ? c->sent - c->warm : 0;

	if (!read_counters(c, &last)) {
		if (strcmp(c->mode, "unserved") != 0)
			fail(c, "no counters: was the shim there?", 0, 0);
	} else {
		c->wrapped = last.wrapped - c->first.wrapped;
		if (c->wrapped != sent)
			fail(c, "wrapped is not sent", c->wrapped, sent);
		if (wraps(c) && last.of_kind - c->first.of_kind != sent)
			fail(c, "wrapped as something else", last.of_kind - c->first.of_kind, sent);
		if (wraps(c) && last.by_engine - c->first.by_engine != sent)
			fail(c, "the engine sent another number", last.by_engine - c->first.by_engine, sent);
	}
	forget_counters(c);
}

static void stop(struct child *c)
{
	int status = 0;

	close(c->in);
	close(c->out);
	if (c->pid > 0 && (waitpid(c->pid, &status, 0) != c->pid || status != 0))
		fail(c, "the sender's status", (uint64_t)(unsigned)status, 0);
	if (c->mode && strcmp(c->mode, "instead") != 0)
		check_counters(c);
	close(c->space);
}

/* What is sent is what came, but for a few packets of IPv6's own. The kernel may deliver the last ones a little later. */
static bool all_came(const struct what *what, uint64_t before, uint64_t sent, uint64_t *came)
{
	for (int i = 0; i < LATE_TRIES; i++) {
		*came = arrived(what->sink) - before;
		if (*came >= sent)
			break;
		poll(NULL, 0, LATE_MS);
	}
	return *came >= sent && *came - sent <= STRAY_PACKETS;
}

/* --- One case ----------------------------------------------------------------------------------------------------------- */

static double each(uint64_t ns, const struct report *r)
{
	return (double)ns / (double)r->datagrams;
}

/* One round: base, child, base, child ... base. An arm that failed is left out. */
static bool go_round(struct child *child, unsigned n, unsigned round)
{
	struct report before, mid, after;

	if (!step(&child[0], &before))
		return false;
	child[0].ns += each(before.ns, &before);
	child[0].cpu_ns += each(before.cpu_ns, &before);
	for (unsigned i = 1; i < n; i++) {
		struct child *c = &child[round % 2 ? n - i : i];

		if (c->wrong[0] || !step(c, &mid))
			continue;
		if (!step(&child[0], &after))
			return false;
		c->wall[round] = (each(before.ns, &before) + each(after.ns, &after)) / 2 / each(mid.ns, &mid);
		c->cpu[round] = (each(before.cpu_ns, &before) + each(after.cpu_ns, &after)) / 2 / each(mid.cpu_ns, &mid);
		c->ns += each(mid.ns, &mid);
		c->cpu_ns += each(mid.cpu_ns, &mid);
		before = after;
	}
	return true;
}

static void measure(struct what *what, struct child *child, unsigned n)
{
	bool media = strchr("46b", what->target[0]) != NULL, good;
	uint64_t before = arrived(what->sink);

	for (unsigned i = 0; i < n; i++)
		if (!start(&child[i], what) || !settle(&child[i]))
			fail(&child[i], "the sender did not begin", 0, 0);
	good = !child[0].wrong[0];
	for (unsigned round = 0; round < rounds && good; round++)
		good = go_round(child, n, round);
	what->sent = 0;
	for (unsigned i = 0; i < n; i++) {
		if (child[i].pid > 0)
			stop(&child[i]);
		what->sent += child[i].sent;
	}
	if (child[0].wrong[0])
		for (unsigned i = 1; i < n; i++)
			fail(&child[i], "the baseline failed", 0, 0);
	if (media && !all_came(what, before, what->sent, &what->came))
		for (unsigned i = 1; i < n; i++)
			fail(&child[i], "sent is not what came", what->sent, what->came);
}

/* Measures a case, again while its baseline strays and there is time. */
static void examine(struct plan *plan)
{
	static struct child child[ARMS + 2];
	unsigned n = plan->arms + 2;
	struct quartiles self;
	uint64_t begun;

	for (unsigned try = 0; try < TRIES; try++) {
		memset(child, 0, sizeof(child));
		for (unsigned i = 0; i < n; i++) {
			child[i].call = plan->what.call;
			child[i].connected = plan->what.connected;
		}
		memcpy(child + 2, plan->arm, plan->arms * sizeof(*child));
		begun = now_ns();
		measure(&plan->what, child, n);
		self = quartiles_of(child[1].wall);
		plan->what.tries = try + 1;
		if (child[0].wrong[0] || child[1].wrong[0] || steady(&self) || repeat_ns > repeat_most)
			break;
		repeat_ns += now_ns() - begun;
	}
	for (unsigned i = 2; i < n; i++)
		say(&plan->what, &child[i], child);
}

int main(int argc, char **argv)
{
	char path[512];
	uint64_t begun;
	unsigned cases;

	if (argc == 2 && strcmp(argv[1], "--engines") == 0) {
		for (unsigned i = 1; i < MD_ENGINE_COUNT; i++) /* without "none" */
			puts(engine_names[i]);
		return 0;
	}
	if (argc != 7) {
		fprintf(stderr, "usage: pair SENDER RELAYED LIBRARY WORK ROUNDS SLICE_MS <PLAN | pair --engines\n");
		return 2;
	}
	sender = argv[1];
	relayed = argv[2];
	library = argv[3];
	work = argv[4];
	rounds = (unsigned)atoi(argv[5]);
	slice_ns = (uint64_t)atoi(argv[6]) * 1000000u;
	snprintf(path, sizeof(path), "%s/rows", work);
	cases = read_plan(stdin);
	if (rounds < 1 || rounds > ROUNDS_MAX || !slice_ns || !cases || !say_to(path)) {
		fprintf(stderr, "pair: no plan, a bad number, or %s: %s\n", path, strerror(errno));
		return 2;
	}
	repeat_most = weight_left(0, slice_ns) / 4;
	signal(SIGPIPE, SIG_IGN);
	say_head();
	begun = now_ns();
	for (unsigned i = 0; i < cases; i++) {
		progress(i, cases, now_ns() - begun, slice_ns);
		examine(&plans[i]);
	}
	progress(cases, cases, now_ns() - begun, slice_ns);
	return say_end() ? 0 : 1;
}
