// SPDX-License-Identifier: BSD-3-Clause
// mdctl stats: the counters of every process, or of one; and clearing away those of processes that have ended.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "statsdir.h"
#include "statsfile.h"

struct request {
	char dir[STATSDIR_MAX];
	bool json, prune;
	int pid;             /* 0: all */
};

struct listing {
	struct statsfile *files;
	unsigned count, room;
};

static int arguments(int argc, char **argv, struct request *r)
{
	char name[32];

	statsdir_find(r->dir);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			r->json = true;
		} else if (strcmp(argv[i], "--prune") == 0) {
			r->prune = true;
		} else if (strcmp(argv[i], "--dir") == 0 && i + 1 < argc && strlen(argv[i + 1]) < sizeof r->dir) {
			strcpy(r->dir, argv[++i]);
		} else {
			snprintf(name, sizeof name, "%.20s.stats", argv[i]);
			if (r->pid || !(r->pid = statsfile_pid(name))) {
				complain("stats: expected an option or one process number, found \"%s\"", argv[i]);
				return EXIT_USAGE;
			}
		}
	}
	if (r->prune && (r->json || r->pid)) {
		complain("stats: --prune goes with --dir only");
		return EXIT_USAGE;
	}
	return 0;
}

static int append(struct listing *l, int dirfd, const char *name)
{
	if (l->count == l->room) {
		unsigned room = l->room ? 2 * l->room : 16;
		struct statsfile *grown = reallocarray(l->files, room, sizeof *grown);

		if (!grown)
			return -ENOMEM;
		l->files = grown;
		l->room = room;
	}
	statsfile_read(dirfd, name, &l->files[l->count++]);
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	const struct statsfile *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static int list(DIR *dir, int pid, struct listing *l)
{
	int err = 0;

	for (struct dirent *e = readdir(dir); e && !err; e = readdir(dir)) {
		int found = statsfile_pid(e->d_name);

		if (found && (!pid || found == pid))
			err = append(l, dirfd(dir), e->d_name);
	}
	if (l->count)
		qsort(l->files, l->count, sizeof *l->files, by_pid);
	return err;
}

static int show(const struct request *r, const struct listing *l)
{
	unsigned shown = 0;

	for (unsigned i = 0; i < l->count; i++) {
		const struct statsfile *f = &l->files[i];

		if (!f->good) {
			complain("%s/%s: %s", r->dir, f->name, f->why);
		} else if (!r->json) {
			fputs(shown++ ? "\n" : "", stdout);
			stats_show(f);
		}
	}
	if (r->pid && !l->count)
		return complain("no counters of process %d in %s: was it started with mdshim-run, and is it served?", r->pid, r->dir);
	if (r->json && stats_json(r->dir, l->files, l->count) != 0)
		return 1;
	if (!r->json && !l->count)
		printf("no program has run with libmdshim: %s is empty\n", r->dir);
	return r->pid && l->count && !l->files[0].good;
}

// A file that cannot be read goes as well once no process has its number.
static int prune(const struct request *r, int dirfd, const struct listing *l)
{
	unsigned gone = 0;
	int status = 0;
	char usage[32];

	for (unsigned i = 0; i < l->count; i++) {
		const struct statsfile *f = &l->files[i];

		if (f->good ? f->alive : statsfile_process(f->pid))
			continue;
		snprintf(usage, sizeof(usage), "%d.usage", (int)f->pid); // of codebooks; many have none
		unlinkat(dirfd, usage, 0);
		if (unlinkat(dirfd, f->name, 0) == 0)
			gone++;
		else if (errno != ENOENT)
			status = complain("%s/%s: %s", r->dir, f->name, strerror(errno));
	}
	printf("%u removed, %u left in %s\n", gone, l->count - gone, r->dir);
	return status;
}

int command_stats(int argc, char **argv)
{
	struct request r = { .pid = 0 };
	struct listing l = { .files = NULL };
	int status = arguments(argc, argv, &r);
	DIR *dir;

	if (status)
		return status;
	dir = opendir(r.dir);
	if (!dir)
		return complain("%s: %s; no program has run with libmdshim, or stats_dir is elsewhere (--dir)", r.dir,
			strerror(errno));
	if (list(dir, r.pid, &l) != 0)
		status = complain("no memory");
	else
		status = r.prune ? prune(&r, dirfd(dir), &l) : show(&r, &l);
	closedir(dir);
	free(l.files);
	return status;
}
