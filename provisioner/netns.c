/* SPDX-License-Identifier: BSD-3-Clause */
#include "netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* Linux 5.14 */
#endif

enum { PATH = 300, SEEN = 1024 };

static int open_at(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int netns_open(const char *name)
{
	char path[PATH];

	if (strchr(name, '/'))
		return open_at(name);
	if (snprintf(path, sizeof(path), "/run/netns/%s", name) >= PATH)
		return -ENAMETOOLONG;
	return open_at(path);
}

int netns_enter(int netns, int *back)
{
	int err;

	*back = -1;
	if (netns < 0)
		return 0;
	*back = open_at("/proc/thread-self/ns/net");
	if (*back < 0)
		return *back;
	if (setns(netns, CLONE_NEWNET) == 0)
		return 0;
	err = -errno;
	close(*back);
	*back = -1;
	return err;
}

void netns_leave(int back)
{
	if (back < 0)
		return;
	/* Nothing could go on sensibly in the wrong namespace. */
	if (setns(back, CLONE_NEWNET) < 0)
		abort();
	close(back);
}

int netns_identity(uint64_t *cookie, uint32_t *inode)
{
	socklen_t len = sizeof(*cookie);
	int err = 0, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct stat at;

	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, &len) < 0)
		err = -errno;
	close(fd);
	if (!err && stat("/proc/thread-self/ns/net", &at) < 0)
		err = -errno;
	if (!err)
		*inode = (uint32_t)at.st_ino;
	return err;
}

void netns_listen(int netns)
{
	struct {
		struct nlmsghdr head;
		struct rtgenmsg family;
		uint8_t pad[3];
		struct nlattr number_head;
		int32_t number;
		struct nlattr fd_head;
		uint32_t fd;
	} ask = {
		.head = { sizeof(ask), RTM_NEWNSID, NLM_F_REQUEST, 1, 0 },
		.number_head = { 8, NETNSA_NSID },
		.number = -1,
		.fd_head = { 8, NETNSA_FD },
		.fd = (uint32_t)netns,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return;
	/* That it has a number already is no error to us. */
	(void)!send(fd, &ask, sizeof(ask), 0);
	close(fd);
}

struct search {
	int (*each)(void *context, int netns);
	void *context;
	uint32_t seen[SEEN];
	unsigned count;
};

static int visit(struct search *s, const char *path)
{
	struct stat at;
	int fd, err;

	if (stat(path, &at) < 0)
		return 0; /* a process that has ended, or another's that we may not see */
	for (unsigned i = 0; i < s->count; i++)
		if (s->seen[i] == (uint32_t)at.st_ino)
			return 0;
	if (s->count == SEEN)
		return -ENOSPC;
	fd = open_at(path);
	if (fd < 0)
		return 0;
	s->seen[s->count++] = (uint32_t)at.st_ino;
	err = s->each(s->context, fd);
	close(fd);
	return err;
}

static int visit_all(struct search *s, const char *dir, bool processes)
{
	char path[PATH];
	DIR *d = opendir(dir);
	int err = 0;

	if (!d)
		return 0;
	for (struct dirent *e = readdir(d); e && !err; e = readdir(d)) {
		if (e->d_name[0] == '.' || (processes && (e->d_name[0] < '1' || e->d_name[0] > '9')))
			continue;
		snprintf(path, sizeof(path), "%s/%.200s%s", dir, e->d_name, processes ? "/ns/net" : "");
		err = visit(s, path);
	}
	closedir(d);
	return err;
}

int netns_each(int (*each)(void *context, int netns), void *context)
{
	struct search *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->each = each;
	s->context = context;
	err = visit(s, "/proc/self/ns/net");
	if (!err)
		err = visit_all(s, "/run/netns", false);
	if (!err)
		err = visit_all(s, "/proc", true);
	free(s);
	return err;
}

struct wanted {
	uint32_t inode;
	int fd;
};

static int is_wanted(void *context, int netns)
{
	struct wanted *w = context;
	struct stat at;

	if (fstat(netns, &at) < 0 || (uint32_t)at.st_ino != w->inode)
		return 0;
	w->fd = fcntl(netns, F_DUPFD_CLOEXEC, 0);
	return 1;
}

int netns_find(uint32_t inode)
{
	struct wanted w = { inode, -ENOENT };

	netns_each(is_wanted, &w);
	return w.fd;
}
