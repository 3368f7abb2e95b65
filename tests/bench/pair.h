/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pair.h - the parts of pair: the plan (parts/plan.c), counters (parts/counters.c), and how rows are said (parts/say.c); pair.c
 * itself measures. */
#ifndef MD_BENCH_PAIR_H
#define MD_BENCH_PAIR_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <mdshim/stats.h>

enum { ROUNDS_MAX = 101, ARMS = 64, CASES = 512, WORD = 12 };

extern const char *const engine_names[MD_ENGINE_COUNT];
extern const char *work;         /* the folder that run.sh laid out */
extern unsigned rounds;

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

/* --- parts/plan.c --------------------------------------------------------------------------------------------------------- */

extern struct plan plans[CASES];

/* How many cases; 0: the plan is not one. The lines stay in memory, words point into them. */
unsigned read_plan(FILE *f);

/* Nanoseconds that cases from the first on should take: slices, and starting the senders. */
uint64_t weight_left(unsigned first, uint64_t slice_ns);

/* On standard error: one line that is rewritten, or now and then a line of its own. */
void progress(unsigned done, unsigned cases, uint64_t elapsed_ns, uint64_t slice_ns);

/* --- parts/counters.c ----------------------------------------------------------------------------------------------------- */

/* Whether the arm is one whose datagrams are to be wrapped. */
bool wraps(const struct child *c);

/* The counters of a child: what it has wrapped, of that as its arm says, and by its engine. False: it has none. */
bool read_counters(const struct child *c, struct counters *n);
void forget_counters(const struct child *c);

/* Datagrams that came to that sink in all namespaces. Leaves the caller in one of them. */
uint64_t arrived(const char *sink);

/* --- parts/say.c ---------------------------------------------------------------------------------------------------------- */

struct quartiles quartiles_of(const double ratio[]);

/* Whether a baseline that was measured against itself repeated itself. */
bool steady(const struct quartiles *self);

/* Where rows go as JSON. False: it cannot be written. */
bool say_to(const char *path);
void say_head(void);

/* One row. child[0] is the baseline, child[1] the baseline that was measured against it. */
void say(const struct what *what, const struct child *c, const struct child *child);

/* Whether every row there is has been measured. */
bool say_end(void);

#endif
