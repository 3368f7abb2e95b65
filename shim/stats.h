/* SPDX-License-Identifier: BSD-3-Clause
 *
 * stats.h - counting, into the mapped file of this process. Always possible: before start, and where no file can be had,
 * the counters lie in memory of our own.
 *
 * Somebody may cut the file short, and then the next access to the mapping would end the host (SIGBUS). So what a call
 * counts is added up on its stack and goes to the file at once, right after the kernel has written to the same page: it
 * answers EFAULT where we would have died. */
#ifndef MD_SHIM_STATS_H
#define MD_SHIM_STATS_H

#include <stdbool.h>

#include <mdshim/stats.h>

extern struct md_stats *_Atomic stats_now; /* never NULL */

/* Makes <dir>/<pid>.stats and maps it; its room on disk is taken now, so that a full disk cannot end the host later.
 * 0 or -errno: then counting goes on in memory. Only from the constructor. */
int stats_open(const char *dir, const char *config);

/* The page of the moment. */
static inline struct md_stats *stats_page(void)
{
	return __atomic_load_n((struct md_stats **)&stats_now, __ATOMIC_RELAXED);
}

/* The kernel's cookie of a socket, asked in a way that makes it write to the page as well: 0 or -errno. If the page is
 * gone, counting goes on in memory from then on. */
long stats_cookie(int fd, uint64_t *cookie);

/* What one call has counted so far. All zero at first is not needed: only touched has to be. */
enum { TALLY_ASIDE = MD_COUNT_COUNT, TALLY_ENGINE = TALLY_ASIDE + MD_ASIDE_COUNT, TALLY_END = TALLY_ENGINE + MD_ENGINE_COUNT };
struct tally {
	uint64_t touched;
	int16_t n[TALLY_END];
};

static inline void tally_add(struct tally *tally, unsigned what, int n)
{
	uint64_t bit = (uint64_t)1 << what;

	if (!(tally->touched & bit))
		tally->n[what] = 0;
	tally->touched |= bit;
	tally->n[what] = (int16_t)(tally->n[what] + n);
}

static inline void tally_count(struct tally *tally, enum md_count what, int n)
{
	tally_add(tally, (unsigned)what, n);
}

static inline void tally_aside(struct tally *tally, enum md_aside why, int n)
{
	tally_add(tally, TALLY_ASIDE + (unsigned)why, n);
}

static inline void tally_engine(struct tally *tally, enum md_engine engine, int n)
{
	tally_add(tally, TALLY_ENGINE + (unsigned)engine, n);
}

/* Adds it to the page and forgets it. */
void tally_settle(struct tally *tally);

/* What one usual datagram counts: seen, wrapped, sent by the engine, and with how many MDUs opened. Right after stats_cookie(). */
void tally_usual(enum md_count wrapped, enum md_engine engine, bool opened);

/* For what happens seldom, and shortly after a question to the kernel. */
static inline void stats_count(enum md_count what, uint64_t n)
{
	__atomic_fetch_add(&stats_page()->count[what], n, __ATOMIC_RELAXED);
}

#endif
