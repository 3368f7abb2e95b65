/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "real.h"

_Static_assert(sizeof(struct md_stats) <= MD_STATS_SIZE, "the counters fit their file");
_Static_assert((int)MD_COUNT_COUNT <= (int)MD_STATS_SLOTS, "room for every count");
_Static_assert((int)MD_ASIDE_COUNT <= (int)MD_STATS_SLOTS, "room for every reason");

static union {
	struct md_stats stats;
	uint8_t octets[MD_STATS_SIZE];
} own;

struct md_stats *stats = &own.stats;

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
	s->start_ticks = start_ticks();
	s->started = (uint64_t)time(NULL);
	snprintf(s->comm, sizeof(s->comm), "%.15s", program_invocation_short_name);
	snprintf(s->config, sizeof(s->config), "%.255s", config);
	s->version = MD_STATS_VERSION;
	__atomic_store_n(&s->magic, MD_STATS_MAGIC, __ATOMIC_RELEASE);
}

int stats_open(const char *dir, const char *config)
{
	char path[256], fresh[288];
	void *map = MAP_FAILED;
	int fd, err = 0;

	introduce(&own.stats, config);
	snprintf(path, sizeof(path), "%s/%d.stats", dir, (int)getpid());
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	/* A file of this number is a dead process's; a fresh one takes its place whole, so that no reader sees half. */
	unlink(fresh);
	fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	err = posix_fallocate(fd, 0, MD_STATS_SIZE);
	if (!err) {
		map = mmap(NULL, MD_STATS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		err = map == MAP_FAILED ? errno : 0;
	}
	if (!err) {
		introduce(map, config);
		err = rename(fresh, path) == 0 ? 0 : errno;
	}
	close(fd);
	if (err) {
		unlink(fresh);
		return -err;
	}
	stats = map;
	return 0;
}
