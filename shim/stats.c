/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ledger.h"
#include "real.h"
#include "usually.h"

_Static_assert(sizeof(struct md_stats) <= MD_STATS_SIZE, "the counters fit their file");
_Static_assert((int)MD_COUNT_COUNT <= (int)MD_STATS_SLOTS, "room for every count");
_Static_assert((int)MD_ASIDE_COUNT <= (int)MD_STATS_SLOTS, "room for every reason");

static union {
	struct md_stats stats;
	uint8_t octets[MD_STATS_SIZE];
} own;

struct md_stats *_Atomic stats_now = &own.stats;

_Static_assert((int)TALLY_END <= 64, "a bit for everything that is counted");

/* Field 22 of /proc/self/stat; the name in field 2 may hold anything, so fields count from its closing parenthesis. */
static uint64_t start_ticks(void)
{
	char text[1024];
	long n;
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	char *at;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

static void introduce(struct md_stats *s, const char *config)
{
	s->pid = getpid();
	s->size = MD_STATS_SIZE;
	s->cookie_len = sizeof(uint64_t);
	s->start_ticks = start_ticks();
	s->started = (uint64_t)time(NULL);
	snprintf(s->comm, sizeof(s->comm), "%.15s", program_invocation_short_name);
	snprintf(s->config, sizeof(s->config), "%.255s", config);
	s->version = MD_STATS_VERSION;
	__atomic_store_n(&s->magic, MD_STATS_MAGIC, __ATOMIC_RELEASE);
}

/* The page is gone: the kernel could not write to it. */
static __attribute__((noinline, cold)) long leave(struct md_stats *page, int fd, uint64_t *cookie)
{
	socklen_t len = sizeof(*cookie);

	__atomic_compare_exchange_n((struct md_stats **)&stats_now, &page, &own.stats, false, __ATOMIC_RELAXED,
		__ATOMIC_RELAXED);
	return raw_getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &len);
}

inline long stats_cookie(int fd, uint64_t *cookie)
{
	struct md_stats *page = stats_page();
	long err = raw_getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &page->cookie_len);

	return seldom(err == -EFAULT) ? leave(page, fd, cookie) : err;
}

_Static_assert(offsetof(struct md_stats, aside) == offsetof(struct md_stats, count) + MD_STATS_SLOTS * sizeof(uint64_t) &&
	offsetof(struct md_stats, engine) == offsetof(struct md_stats, aside) + MD_STATS_SLOTS * sizeof(uint64_t),
	"counts, reasons and engines lie behind one another");

static inline uint64_t *place(struct md_stats *page, unsigned what)
{
	size_t gap = (what >= TALLY_ASIDE ? MD_STATS_SLOTS - MD_COUNT_COUNT : 0u) +
		(what >= TALLY_ENGINE ? MD_STATS_SLOTS - MD_ASIDE_COUNT : 0u);

	return (uint64_t *)(void *)((uint8_t *)page + offsetof(struct md_stats, count)) + what + gap;
}

void tally_settle(struct tally *tally)
{
	struct md_stats *page = stats_page();

	for (uint64_t left = tally->touched; left; left &= left - 1) {
		unsigned what = (unsigned)__builtin_ctzll(left);

		if (tally->n[what])
			__atomic_fetch_add(place(page, what), (uint64_t)(int64_t)tally->n[what], __ATOMIC_RELAXED);
	}
	tally->touched = 0;
}

void tally_usual(enum md_count wrapped, enum md_engine engine, bool opened)
{
	struct md_stats *page = stats_page();

	__atomic_fetch_add(&page->count[MD_C_SEEN], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&page->count[wrapped], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&page->engine[engine], 1, __ATOMIC_RELAXED);
	if (opened)
		__atomic_fetch_add(&page->count[MD_C_MDUS], 1, __ATOMIC_RELAXED);
}

/* Whether a file of counters is of no use to anybody any more: its process is gone and never sent. */
static __attribute__((noinline)) bool idle_and_dead(int dir, const char *name)
{
	uint64_t seen = 1;
	uint32_t magic = 0;
	char *end;
	long pid = strtol(name, &end, 10);
	int fd;

	if (pid <= 0 || strcmp(end, ".stats") != 0 || kill((pid_t)pid, 0) == 0 || errno != ESRCH)
		return false;
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (pread(fd, &magic, sizeof(magic), offsetof(struct md_stats, magic)) != sizeof(magic) ||
		pread(fd, &seen, sizeof(seen), offsetof(struct md_stats, count[MD_C_SEEN])) != sizeof(seen))
		magic = 0;
	close(fd);
	return magic == MD_STATS_MAGIC && seen == 0;
}

static void discard(int dir, const char *name)
{
	char usage[32];

	unlinkat(dir, name, 0);
	snprintf(usage, sizeof(usage), "%ld.usage", strtol(name, NULL, 10));
	unlinkat(dir, usage, 0);
}

/* Helpers that a served program starts leave a file each. Every start tidies up after a few of them (the kernel's
 * temporary file system lists the newest first), so that they cannot pile up over the months. */
static void tidy(const char *path)
{
	_Alignas(struct dirent64) char entries[1024];
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n;

	if (dir < 0)
		return;
	n = raw_call(SYS_getdents64, dir, (long)entries, sizeof(entries), 0, 0, 0);
	for (long at = 0; at < n;) {
		const char *record = entries + at;
		uint16_t len;

		memcpy(&len, record + offsetof(struct dirent64, d_reclen), sizeof(len));
		if (idle_and_dead(dir, record + offsetof(struct dirent64, d_name)))
			discard(dir, record + offsetof(struct dirent64, d_name));
		at += len;
	}
	close(dir);
}

static void introduce_page(void *page, const void *config)
{
	introduce(page, config);
}

int stats_open(const char *dir, const char *config)
{
	void *page;
	int err;

	introduce(&own.stats, config);
	err = ledger_open(dir, ".stats", MD_STATS_SIZE, introduce_page, config, &page);
	if (err)
		return err;
	stats_now = page;
	tidy(dir);
	return 0;
}
