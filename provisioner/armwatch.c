/* SPDX-License-Identifier: BSD-3-Clause */
#include "armwatch.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arm.h"
#include "log.h"
#include "netns.h"

/* Somebody may take a filter off without our hearing of it, in a namespace whose events do not reach us. */
#define AGAIN_AFTER 10.
#define RETRY_AFTER 30.
/* Interfaces come and go in swarms; until they are armed the guard refuses what would leave by them. */
#define SWARM .05
#define SAME_CALLER_AFTER 1.

struct armwatch {
	struct ev_loop *loop;
	struct arm_place place;
	char dir[CONFIG_PATH], cgroup[CONFIG_PATH], namespaces[CONFIG_PATH];
	struct arm *arm;             /* NULL: the kernel has refused so far */
	ev_io events, calls;
	ev_timer soon, again;
	uint64_t called;             /* who asked in vain last, and when */
	ev_tstamp called_at;
	struct ring_buffer *ring;
	char said[ARM_WHY];          /* the last complaint, which is not repeated */
};

static bool all(const struct armwatch *w)
{
	return strcmp(w->namespaces, "all") == 0;
}

static void complain(struct armwatch *w, const char *why)
{
	if (strcmp(w->said, why) == 0)
		return;
	snprintf(w->said, sizeof(w->said), "%s", why);
	log_error("arm: %s", why);
}

static void serve(struct armwatch *w, int netns)
{
	char why[ARM_WHY];
	unsigned fresh = 0;

	if (arm_namespace(w->arm, netns, &fresh, why) != 0)
		complain(w, why);
	else if (fresh)
		log_info("arm: %u interfaces more", fresh);
	if (*arm_no_detour(w->arm))
		complain(w, arm_no_detour(w->arm));
	if (netns >= 0)
		netns_listen(netns);
}

static void serve_named(struct armwatch *w)
{
	char names[CONFIG_PATH], why[ARM_WHY], *rest = names;

	snprintf(names, sizeof(names), "%s", w->namespaces);
	for (char *name = strsep(&rest, " \t"); name; name = strsep(&rest, " \t")) {
		int netns;

		if (!*name)
			continue;
		netns = netns_open(name);
		if (netns < 0) {
			snprintf(why, sizeof(why), "network namespace %.200s: %s", name, strerror(-netns));
			complain(w, why);
			continue;
		}
		serve(w, netns);
		close(netns);
	}
}

/* Those that are served already, found again by their inodes. */
static void serve_known(struct armwatch *w)
{
	struct arm_interface at = { 0 };
	struct arm_interface_state state;
	uint32_t inode[64];
	unsigned n = 0, i;

	while (arm_next(w->arm, &at, &state) && n < sizeof(inode) / sizeof(inode[0])) {
		for (i = 0; i < n && inode[i] != state.inode; i++)
			;
		if (i == n)
			inode[n++] = state.inode;
	}
	for (i = 0; i < n; i++) {
		int netns = netns_find(inode[i]);

		if (netns < 0)
			continue;
		serve(w, netns);
		close(netns);
	}
}

static void serve_all(struct armwatch *w)
{
	arm_sweep(w->arm);
	if (all(w) || strcmp(w->namespaces, "own") == 0)
		serve(w, -1);
	else
		serve_named(w);
	if (all(w))
		serve_known(w);
}

/* --- A namespace asks -------------------------------------------------------------------------------------------------- */

struct caller {
	struct armwatch *watch;
	uint64_t cookie;
};

static int is_caller(void *context, int netns)
{
	struct caller *caller = context;
	uint64_t cookie;
	uint32_t inode;
	int back;

	if (netns_enter(netns, &back) != 0)
		return 0;
	if (netns_identity(&cookie, &inode) != 0)
		cookie = 0;
	netns_leave(back);
	if (cookie != caller->cookie)
		return 0;
	serve(caller->watch, netns);
	return 1;
}

static int on_call(void *context, void *data, size_t len)
{
	struct caller caller = { context, 0 };

	if (len < sizeof(caller.cookie) || !all(context))
		return 0;
	memcpy(&caller.cookie, data, sizeof(caller.cookie));
	if (caller.cookie == caller.watch->called && ev_now(caller.watch->loop) - caller.watch->called_at < SAME_CALLER_AFTER)
		return 0;
	caller.watch->called = caller.cookie;
	caller.watch->called_at = ev_now(caller.watch->loop);
	if (!arm_serves(caller.watch->arm, caller.cookie))
		netns_each(is_caller, &caller);
	return 0;
}

static void on_calls(struct ev_loop *loop, ev_io *io, int revents)
{
	struct armwatch *w = io->data;

	(void)loop, (void)revents;
	ring_buffer__consume(w->ring);
}

/* --- Interfaces come and go -------------------------------------------------------------------------------------------- */

/* What has changed is not looked at: the list of interfaces tells, and it is short. */
static void on_events(struct ev_loop *loop, ev_io *io, int revents)
{
	struct armwatch *w = io->data;
	char octets[8192];
	bool any = false;

	(void)loop, (void)revents;
	while (recv(io->fd, octets, sizeof(octets), MSG_DONTWAIT) > 0 || errno == ENOBUFS)
		any = true;
	if (any && !ev_is_active(&w->soon)) {
		ev_timer_set(&w->soon, SWARM, 0.);
		ev_timer_start(w->loop, &w->soon);
	}
}

static void on_soon(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct armwatch *w = timer->data;

	(void)loop, (void)revents;
	if (w->arm)
		serve_all(w);
}

static int listen_to_links(void)
{
	struct sockaddr_nl at = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK | 1 << (RTNLGRP_TC - 1) };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE), yes = 1;

	if (fd < 0)
		return -errno;
	/* Of other namespaces too, as far as ours knows them by number. */
	setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	yes = -errno;
	close(fd);
	return yes;
}

/* --- Beginning and end ------------------------------------------------------------------------------------------------- */

static void begin(struct armwatch *w)
{
	char why[ARM_WHY];
	int fd;

	if (arm_open(&w->arm, &w->place, why) != 0) {
		w->arm = NULL;
		complain(w, why);
		return;
	}
	w->ring = ring_buffer__new(arm_ring(w->arm), on_call, w, NULL);
	fd = w->ring ? ring_buffer__epoll_fd(w->ring) : -1;
	if (fd >= 0) {
		ev_io_init(&w->calls, on_calls, fd, EV_READ);
		w->calls.data = w;
		ev_io_start(w->loop, &w->calls);
	}
	serve_all(w);
	log_info("arm: the patch is in the kernel");
}

/* Somebody may have taken everything out in the meantime (mdctl arm --off); then it stays out until the daemon is asked
 * again. */
static void on_again(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct armwatch *w = timer->data;

	(void)loop, (void)revents;
	if (!w->arm)
		begin(w);
	else
		serve_all(w);
	timer->repeat = w->arm ? AGAIN_AFTER : RETRY_AFTER;
	ev_timer_again(w->loop, timer);
}

struct armwatch *armwatch_start(struct ev_loop *loop, const struct config *config)
{
	struct armwatch *w = config->arm ? calloc(1, sizeof(*w)) : NULL;
	int fd;

	if (!w)
		return NULL;
	w->loop = loop;
	snprintf(w->dir, sizeof(w->dir), "%s", config->arm_dir);
	snprintf(w->cgroup, sizeof(w->cgroup), "%s", config->arm_cgroup);
	snprintf(w->namespaces, sizeof(w->namespaces), "%s", config->arm_namespaces);
	w->place = (struct arm_place){ w->dir, w->cgroup, false };
	fd = listen_to_links();
	if (fd < 0)
		log_error("arm: no news of interfaces: %s", strerror(-fd));
	ev_io_init(&w->events, on_events, fd, EV_READ);
	w->events.data = w;
	if (fd >= 0)
		ev_io_start(loop, &w->events);
	ev_timer_init(&w->soon, on_soon, SWARM, 0.);
	w->soon.data = w;
	ev_timer_init(&w->again, on_again, 0., AGAIN_AFTER);
	w->again.data = w;
	begin(w);
	w->again.repeat = w->arm ? AGAIN_AFTER : RETRY_AFTER;
	ev_timer_again(loop, &w->again);
	return w;
}

void armwatch_stop(struct armwatch *w)
{
	if (!w)
		return;
	ev_timer_stop(w->loop, &w->again);
	ev_timer_stop(w->loop, &w->soon);
	ev_io_stop(w->loop, &w->events);
	if (w->events.fd >= 0)
		close(w->events.fd);
	if (w->ring) {
		ev_io_stop(w->loop, &w->calls);
		ring_buffer__free(w->ring);
	}
	arm_close(w->arm);
	free(w);
}
