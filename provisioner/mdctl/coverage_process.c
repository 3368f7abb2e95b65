// SPDX-License-Identifier: BSD-3-Clause
// What /proc says of a process. Its files are looked at through /proc/PID/root, where it sees them itself; those that were
// removed or replaced since through /proc/PID/map_files, which takes root.
#include "coverage.h"

#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

enum { LINKS_MOST = 1 << 16 };

struct inodes { unsigned long *of; unsigned count, room; };

static FILE *open_in(int pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	return fopen(path, "re");
}

static bool ends(const char *text, const char *with)
{
	size_t n = strlen(text), m = strlen(with);

	return n >= m && strcmp(text + n - m, with) == 0;
}

/* Cuts " (deleted)" off. */
static bool deleted(char *path)
{
	bool gone = ends(path, " (deleted)");

	if (gone)
		path[strlen(path) - strlen(" (deleted)")] = '\0';
	return gone;
}

/* --- Environment, status, auxiliary vector --------------------------------------------------------------------------- */

static void read_environment(struct coverage *c)
{
	FILE *f = open_in(c->pid, "environ");
	char *variable = NULL;
	size_t room = 0;

	if (!f)
		return;
	c->environment_known = true;
	while (getdelim(&variable, &room, '\0', f) > 0) {
		coverage_setting(c, variable);
		/* Where this process has its counters, its own configuration says. */
		if (strncmp(variable, "MDSHIM_CONF=", 12) == 0)
			setenv("MDSHIM_CONF", variable + 12, 1);
	}
	c->environment_known = !ferror(f);
	free(variable);
	fclose(f);
}

static void read_status(struct coverage *c)
{
	FILE *f = open_in(c->pid, "status");
	char line[256];

	c->seccomp = c->no_new_privs = -1;
	while (f && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "Name:\t", 6) == 0)
			coverage_print(c->name, sizeof c->name, line + 6);
		if (strncmp(line, "Seccomp:", 8) == 0)
			c->seccomp = (int)strtol(line + 8, NULL, 10);
		if (strncmp(line, "NoNewPrivs:", 11) == 0)
			c->no_new_privs = (int)strtol(line + 11, NULL, 10);
	}
	if (f)
		fclose(f);
}

static void read_auxiliary(struct coverage *c, bool wide)
{
	FILE *f = open_in(c->pid, "auxv");
	uint64_t pair[2] = { 0 };
	uint32_t narrow[2] = { 0 };

	while (f && fread(wide ? (void *)pair : (void *)narrow, wide ? sizeof pair : sizeof narrow, 1, f) == 1) {
		uint64_t type = wide ? pair[0] : narrow[0], value = wide ? pair[1] : narrow[1];

		if (type == AT_NULL)
			break;
		if (type == AT_SECURE && value) {
			c->secure = true;
			snprintf(c->secure_why, sizeof c->secure_why, "AT_SECURE is set: it was started with more privileges than its parent");
		}
	}
	if (f)
		fclose(f);
}

/* --- What is mapped -------------------------------------------------------------------------------------------------- */

static bool known(const struct coverage *c, const char *path)
{
	char printable[COVERAGE_PATH];

	coverage_print(printable, sizeof printable, path);
	for (unsigned i = 0; i < c->objects; i++)
		if (strcmp(c->object[i].path, printable) == 0)
			return true;
	return false;
}

static void one_mapping(struct coverage *c, const char *root, char *line)
{
	uint64_t from, to;
	char rights[5], file[COVERAGE_PATH + 64];
	int at = 0;
	char *path;
	bool gone;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %n", &from, &to, rights, &at) != 3 || !at)
		return;
	path = line + at;
	gone = deleted(path);
	if (path[0] != '/') {
		if (rights[2] == 'x' && strcmp(path, "[vdso]") != 0 && strcmp(path, "[vsyscall]") != 0)
			c->anonymous_code += to - from;
		return;
	}
	if (rights[3] == 's' && ends(path, ".stats")) {
		coverage_print(c->counters, sizeof c->counters, path);
		c->counters_gone = gone;
	}
	if (rights[2] != 'x' || known(c, path))
		return;
	if (gone)
		snprintf(file, sizeof file, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, c->pid, from, to);
	else
		snprintf(file, sizeof file, "%s%s", root, path);
	coverage_add(c, path, file);
}

static int read_mappings(struct coverage *c, const char *root)
{
	FILE *f = open_in(c->pid, "maps");
	char *line = NULL;
	size_t room = 0;

	if (!f)
		return complain("/proc/%d/maps: %s", c->pid, strerror(errno));
	errno = 0;
	while (getline(&line, &room, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		one_mapping(c, root, line);
	}
	c->libraries_known = !ferror(f);
	free(line);
	fclose(f);
	if (!c->libraries_known)
		return complain("/proc/%d/maps: %s", c->pid, strerror(errno ? errno : EIO));
	for (unsigned i = 0; i < c->objects; i++)
		c->mapped |= c->object[i].shim;
	return 0;
}

/* --- Descriptors ----------------------------------------------------------------------------------------------------- */

static void remember(struct inodes *s, unsigned long inode)
{
	if (s->count == s->room) {
		unsigned long *grown = s->room >= LINKS_MOST ? NULL : reallocarray(s->of, s->room ? 2 * s->room : 64, sizeof *grown);

		if (!grown)
			return;
		s->of = grown;
		s->room = s->room ? 2 * s->room : 64;
	}
	s->of[s->count++] = inode;
}

static int by_inode(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return (x > y) - (x < y);
}

static void read_descriptors(struct coverage *c, struct inodes *s)
{
	char path[64], link[128];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/fd", c->pid);
	dir = opendir(path);
	if (!dir)
		return;
	c->descriptors_known = true;
	while ((e = readdir(dir)) != NULL) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, link, sizeof link - 1);

		if (n < 0)
			continue;
		link[n] = '\0';
		c->rings += strcmp(link, "anon_inode:[io_uring]") == 0;
		if (strncmp(link, "socket:[", 8) == 0)
			remember(s, strtoul(link + 8, NULL, 10));
	}
	closedir(dir);
	if (s->count)
		qsort(s->of, s->count, sizeof *s->of, by_inode);
}

/* One table of /proc/PID/net: remote address in the third column, inode in the tenth. */
static void count_table(const struct coverage *c, const struct inodes *s, const char *table, unsigned *all, unsigned *connected)
{
	FILE *f = open_in(c->pid, table);
	char line[512], remote[128];
	unsigned long inode;

	while (f && fgets(line, sizeof line, f)) {
		if (sscanf(line, "%*s %*s %127s %*s %*s %*s %*s %*s %*s %lu", remote, &inode) != 2 || !inode)
			continue;
		if (s->count && bsearch(&inode, s->of, s->count, sizeof *s->of, by_inode)) {
			++*all;
			if (connected)
				*connected += !ends(remote, ":0000");
		}
	}
	if (f)
		fclose(f);
}

static void count_sockets(struct coverage *c)
{
	struct inodes s = { .count = 0 };
	struct sockets *n = &c->sockets;
	unsigned known_ones;

	read_descriptors(c, &s);
	count_table(c, &s, "net/udp", &n->udp, &n->udp_connected);
	count_table(c, &s, "net/udp6", &n->udp, &n->udp_connected);
	count_table(c, &s, "net/tcp", &n->tcp, NULL);
	count_table(c, &s, "net/tcp6", &n->tcp, NULL);
	count_table(c, &s, "net/raw", &n->raw, NULL);
	count_table(c, &s, "net/raw6", &n->raw, NULL);
	known_ones = n->udp + n->tcp + n->raw;
	n->other = s.count > known_ones ? s.count - known_ones : 0;
	free(s.of);
}

/* --- Counters -------------------------------------------------------------------------------------------------------- */

static void read_counters(struct coverage *c, const char *root, const char *dir)
{
	char path[COVERAGE_PATH + 64], name[STATSFILE_NAME], *slash;
	int fd;

	if (c->counters[0])
		snprintf(path, sizeof path, "%s%s", root, c->counters);
	else
		snprintf(path, sizeof path, "%s/%d.stats", dir, c->pid);
	slash = strrchr(path, '/');
	snprintf(name, sizeof name, "%.31s", slash + 1);
	*slash = '\0';
	if (!statsfile_pid(name) || (c->counters[0] && c->counters_gone))
		return;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	statsfile_read(fd, name, &c->stats);
	close(fd);
	/* Without a mapping it may be what a process left that had this number before. */
	c->has_stats = c->stats.good && (c->counters[0] || c->stats.alive);
}

int coverage_process(struct coverage *c, const char *dir)
{
	char root[32], link[64], path[COVERAGE_PATH], found[STATSDIR_MAX];
	ssize_t n;

	snprintf(root, sizeof root, "/proc/%d/root", c->pid);
	snprintf(link, sizeof link, "/proc/%d/exe", c->pid);
	if (!statsfile_process(c->pid))
		return complain("there is no process %d", c->pid);
	n = readlink(link, path, sizeof path - 1);
	if (n < 0)
		return complain("process %d: %s", c->pid, errno == ENOENT ? "a part of the kernel, or it has ended" : strerror(errno));
	path[n] = '\0';
	read_status(c);
	read_environment(c);
	deleted(path);
	if (!coverage_add(c, path, link))
		return complain("no memory");
	read_auxiliary(c, c->object[0].wide || !c->object[0].good);
	if (read_mappings(c, root) != 0)
		return 1;
	count_sockets(c);
	if (!dir)
		statsdir_find(found);
	read_counters(c, root, dir ? dir : found);
	return 0;
}
