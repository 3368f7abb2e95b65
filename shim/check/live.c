// SPDX-License-Identifier: BSD-3-Clause
// The file lies in a folder that everybody may write to, and its pages are written while we read: it is read into memory of
// our own, never mapped, and a record counts only if its check fits. The one thing written is until when we want to know.
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ASK_SECONDS = 3, LOOK_MS = 5, PATIENCE = 4 };

bool live_is_pid(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && digits < 10 && text[digits] == '\0' && text[0] != '0';
}

static bool page_read(int fd, struct md_stats *page)
{
	return pread(fd, page, sizeof *page, 0) == (ssize_t)sizeof *page;
}

// Field 22 of /proc/PID/stat, which tells a process from a later one of its number; 0: there is none.
static uint64_t start_ticks(int pid)
{
	char path[32], text[1024], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

static bool alive(const struct md_stats *page, int pid)
{
	return page->start_ticks && start_ticks(pid) == page->start_ticks;
}

// A file that is what it should be, and nobody else's under this name: we are going to write to it.
static const char *page_open(const char *dir, int pid, int *fd, struct md_stats *page)
{
	char path[512];
	struct stat st;

	if (snprintf(path, sizeof path, "%s/%d.stats", dir, pid) >= (int)sizeof path)
		return "the name of the folder is too long";
	*fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0)
		return errno == ENOENT ? "has no counters: it does not run with libmdshim, or is not served" :
			errno == EACCES	? "may be asked by the user it runs as, and by root" : strerror(errno);
	if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_size != MD_STATS_SIZE ||
		!page_read(*fd, page) || page->magic != MD_STATS_MAGIC || page->version != MD_STATS_VERSION || page->pid != pid)
		return "has no file of counters as this version of libmdshim makes it";
	return alive(page, pid) ? NULL : "has ended";
}

static bool ask(int fd, uint32_t until)
{
	return pwrite(fd, &until, sizeof until, offsetof(struct md_stats, why_until)) == (ssize_t)sizeof until;
}

// The names of its routes are in the file it read at its start, if that is the one we have read.
static bool same_config(const struct md_stats *page, const char *path)
{
	char theirs[sizeof page->config];
	struct stat st;

	memcpy(theirs, page->config, sizeof theirs);
	theirs[sizeof theirs - 1] = '\0';
	return strcmp(theirs, path) == 0 && stat(path, &st) == 0 && (uint64_t)st.st_mtime < page->started;
}

struct look {
	uint32_t last;           /* record shown, or missed */
	unsigned patience;       /* looks left for a record that is being written */
	unsigned long shown;
};

static void missed(const struct saying *how, uint32_t n)
{
	if (how->json)
		printf("{\"missed\":%u}\n", n);
	else
		printf("        %u datagrams not shown\n", n);
}

// Prints what is new. A record that does not fit is being written, or was overwritten: then it is passed over in the end.
static void show(const struct md_stats *page, unsigned long count, const struct saying *how, struct look *look)
{
	uint32_t lost = page->why_count - look->last;

	if ((int32_t)lost <= 0)
		return;
	lost = lost > MD_WHY_RING ? lost - MD_WHY_RING : 0;
	look->last += lost;
	while (look->last != page->why_count && (!count || look->shown < count)) {
		const struct md_why *why = &page->why[(look->last + 1) % MD_WHY_RING];
		bool fits = why->number == look->last + 1 && why->check == md_why_check(why);

		if (!fits && look->patience) {
			look->patience--;
			break;
		}
		if (fits && lost) {
			missed(how, lost);
			lost = 0;
		}
		look->last++;
		look->patience = PATIENCE;
		look->shown += fits;
		if (fits)
			say_record(how, why);
		else
			lost++;
	}
	if (lost)
		missed(how, lost);
}

const char *live_explain(const char *dir, const char *text, unsigned long count, const char *config_path, struct saying *how)
{
	struct look look = { .patience = PATIENCE };
	int pid = atoi(text), fd = -1;
	struct md_stats page = { 0 };
	const char *wrong = page_open(dir, pid, &fd, &page);

	look.last = page.why_count;
	if (!wrong && !same_config(&page, config_path))
		how->config = NULL;
	how->burst = true;
	while (!wrong && (!count || look.shown < count)) {
		uint32_t now = (uint32_t)time(NULL);

		if (page.why_until <= now + 1 && !ask(fd, now + ASK_SECONDS))
			wrong = "cannot be asked";
		else if (!page_read(fd, &page))
			wrong = "has lost its file of counters";
		else
			show(&page, count, how, &look);
		if (fflush(stdout) != 0 || !alive(&page, pid))
			break;
		poll(NULL, 0, LOOK_MS);
	}
	if (fd >= 0) {
		if (!wrong)
			ask(fd, 0);
		close(fd);
	}
	return wrong;
}
