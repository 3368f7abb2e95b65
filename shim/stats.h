/* SPDX-License-Identifier: BSD-3-Clause
 *
 * stats.h - counting, into the mapped file of this process. Always possible: before start, and where no file can be had,
 * the counters lie in memory of our own. */
#ifndef MD_SHIM_STATS_H
#define MD_SHIM_STATS_H

#include <mdshim/stats.h>

extern struct md_stats *stats; /* never NULL; fixed after start */

/* Makes <dir>/<pid>.stats and maps it; its room on disk is taken now, so that a full disk cannot end the host later.
 * 0 or -errno: then counting goes on in memory. Only from the constructor. */
int stats_open(const char *dir, const char *config);

static inline void stats_count(enum md_count what, uint64_t n)
{
	__atomic_fetch_add(&stats->count[what], n, __ATOMIC_RELAXED);
}

static inline void stats_aside(enum md_aside why, uint64_t n)
{
	__atomic_fetch_add(&stats->aside[why], n, __ATOMIC_RELAXED);
}

static inline void stats_engine(enum md_engine engine, uint64_t n)
{
	__atomic_fetch_add(&stats->engine[engine], n, __ATOMIC_RELAXED);
}

#endif
