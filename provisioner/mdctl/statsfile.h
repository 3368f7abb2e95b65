/* SPDX-License-Identifier: BSD-3-Clause
 *
 * statsfile.h - one file of counters, taken for what anybody may have written. */
#ifndef MDCTL_STATSFILE_H
#define MDCTL_STATSFILE_H

#include <mdshim/stats.h>
#include <stdbool.h>

enum { STATSFILE_WHY = 128, STATSFILE_NAME = 32 };

struct statsfile {
	char name[STATSFILE_NAME];   /* PID.stats */
	int pid;                     /* by the name */
	bool good;
	char why[STATSFILE_WHY];     /* it is not */
	bool alive;                  /* the process that wrote it still runs */
	uint64_t uptime;             /* seconds, if alive */
	struct md_stats stats;       /* if good: texts are NUL-terminated and printable, engines are known ones */
};

/* The number in "PID.stats", 0 if the name is none of ours. */
int statsfile_pid(const char *name);

/* Reads the file of that name in the folder. Always fills *out. */
void statsfile_read(int dirfd, const char *name, struct statsfile *out);

/* Whether there is a process of that number. */
bool statsfile_process(int pid);

/* Sum of what was wrapped. */
uint64_t statsfile_wrapped(const struct md_stats *stats);

/* Sum of what went out as the application asked. */
uint64_t statsfile_aside(const struct md_stats *stats);

/* Names of the counters, by index. */
const char *engine_name(uint32_t engine);

/* Why an engine was refused, for people. */
const char *engine_refusal(uint32_t engine, uint32_t error);

/* Print one, or all as JSON. */
void stats_show(const struct statsfile *file);
int stats_json(const char *dir, const struct statsfile *files, unsigned count);

#endif
