/* SPDX-License-Identifier: BSD-3-Clause */
#include "xsk.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <mdshim/broker.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "netns.h"
#include "nexthop.h"
#include "xskask.h"
#include "xsksocket.h"

enum { LEASES = 64, PATIENCE_MS = 5000, END_S = 5 };

struct hop {
	uint8_t version;             /* 0: not asked for */
	uint8_t src[16], dst[16];
};

struct lease {
	struct lease *next;
	int connection;
	struct peer peer;
	struct xsksocket socket;
	struct mnl_socket *ask, *events;
	const struct xsk_config *by; /* once it is bound */
	uint32_t index;
	uint64_t since;              /* milliseconds */
	struct hop hop[MD_XSK_HOPS];
	bool over;
};

struct xsk {
	const struct config *config;
	int wake;
	_Atomic bool ends;
	bool running;
	pthread_t thread;
	pthread_mutex_t lock;        /* over the list, which the thread alone takes from */
	struct lease *leases;
	unsigned count;
};

static uint64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void put(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static uint64_t packed(const uint8_t address[static 6])
{
	uint64_t word = 0;

	for (int i = 6; i-- > 0;)
		word = word << 8 | address[i];
	return word;
}

/* --- One lease -------------------------------------------------------------------------------------------------------- */

static void let_go(struct lease *lease)
{
	if (lease->connection >= 0)
		close(lease->connection);
	if (lease->ask)
		mnl_socket_close(lease->ask);
	if (lease->events)
		mnl_socket_close(lease->events);
	xsksocket_close(&lease->socket);
	free(lease);
}

/* Whoever has it stops to send by it. */
static void take_back(struct lease *lease, int err)
{
	put(&lease->socket.page->error, (uint32_t)err);
	put(&lease->socket.page->state, MD_XSK_GONE);
	lease->over = true;
}

static void look_up(struct lease *lease, unsigned i)
{
	const struct hop *hop = &lease->hop[i];
	uint64_t word = MD_XSK_HOP_KNOWN;
	uint8_t address[6];
	int err;

	if (lease->by->fixed) {
		word |= packed(lease->by->next_hop);
	} else {
		err = nexthop_find(lease->ask, hop->version, hop->src, hop->dst, lease->index, address);
		word |= err ? (uint64_t)-err << 48 : packed(address);
	}
	__atomic_store_n(&lease->socket.page->hop[i], word, __ATOMIC_RELEASE);
}

static void refresh(struct lease *lease)
{
	struct md_xsk_page *page = lease->socket.page;
	struct nexthop_link link;
	int err = nexthop_link(lease->ask, NULL, lease->index, &link);

	if (err == -ENODEV) {
		take_back(lease, ENODEV);
		return;
	}
	if (!err) {
		put(&page->mtu, link.mtu);
		__atomic_store_n(&page->source, packed(link.address), __ATOMIC_RELEASE);
	}
	for (unsigned i = 0; i < MD_XSK_HOPS; i++) {
		if (!lease->hop[i].version)
			continue;
		if (!err && link.up)
			look_up(lease, i);
		else
			__atomic_store_n(&page->hop[i], MD_XSK_HOP_KNOWN | (uint64_t)(err ? -err : ENETDOWN) << 48, __ATOMIC_RELEASE);
	}
}

static int bind_by(struct lease *lease, const struct xsk_config *by)
{
	struct md_xsk_page *page = lease->socket.page;
	struct nexthop_link link;
	int err = nexthop_link(lease->ask, by->to.device, 0, &link);

	if (err)
		return err;
	if (!link.ethernet)
		return -EAFNOSUPPORT;
	err = xsksocket_bind(&lease->socket, link.index, by->queue);
	if (err)
		return err == -EBUSY ? -EADDRINUSE : err == -EOPNOTSUPP ? -EAFNOSUPPORT : err;
	lease->by = by;
	lease->index = link.index;
	page->index = link.index;
	page->queue = by->queue;
	page->fixed = by->fixed;
	return 0;
}

static void complain(const struct lease *lease, const struct xsk_config *by, int err)
{
	const char *name = by->to.name, *device = by->to.device;

	if (err == -ENODEV)
		log_error("afxdp: line %d: [afxdp %s] interface: expected an interface of the network namespace of process %d, found \"%s\"",
			by->line, name, (int)lease->peer.pid, device);
	else if (err == -EAFNOSUPPORT)
		log_error("afxdp: line %d: [afxdp %s] interface: expected an Ethernet that AF_XDP can send by, found \"%s\"", by->line, name, device);
	else if (err == -EINVAL)
		log_error("afxdp: line %d: [afxdp %s] queue: expected a queue that %s has, found %u", by->line, name, device, by->queue);
	else if (err == -EADDRINUSE)
		log_error("afxdp: line %d: [afxdp %s] queue: queue %u of %s is in use; process %d gets none", by->line, name, by->queue, device,
			(int)lease->peer.pid);
	else
		log_error("afxdp: line %d: [afxdp %s]: %s, queue %u, for process %d: %s", by->line, name, device, by->queue,
			(int)lease->peer.pid, strerror(-err));
}

/* The first section that names the process and whose queue is free. */
static void bind_it(struct xsk *xsk, struct lease *lease)
{
	int err = -EACCES;

	for (uint32_t i = 0; err && i < xsk->config->xsks; i++) {
		const struct xsk_config *by = &xsk->config->xsk[i];

		if (!peer_is(&lease->peer, &by->to))
			continue;
		err = bind_by(lease, by);
		if (err)
			complain(lease, by, err);
	}
	if (err) {
		take_back(lease, -err);
		return;
	}
	log_info("afxdp: process %d (uid %u) sends by %s, queue %u, as [afxdp %s] says", (int)lease->peer.pid,
		(unsigned)lease->peer.uid, lease->by->to.device, lease->by->queue, lease->by->to.name);
	refresh(lease);
	if (!lease->over)
		put(&lease->socket.page->state, MD_XSK_BOUND);
}

static int add_hop(struct lease *lease, int udp, uint8_t router)
{
	struct hop hop;
	int err = router < MD_XSK_HOPS ? xskask_ends(udp, &hop.version, hop.src, hop.dst) : EINVAL;

	if (!err)
		lease->hop[router] = hop;
	return err;
}

/* Something was said by the process, or it has gone. */
static void hear(struct xsk *xsk, struct lease *lease)
{
	struct md_broker_request request;
	int udp, n = xskask_read(lease->connection, &request, &udp);

	if (n == -EAGAIN)
		return;
	if (n < 0 || request.version != MD_BROKER_VERSION)
		lease->over = true;
	else if (request.what == MD_BROKER_XSK_MAPPED && !lease->by)
		bind_it(xsk, lease);
	else if (request.what != MD_BROKER_XSK || add_hop(lease, udp, request.family) != 0)
		lease->over = true;
	else if (lease->by)
		look_up(lease, request.family);
	if (udp >= 0)
		close(udp);
}

/* --- All -------------------------------------------------------------------------------------------------------------- */

static void beat(struct xsk *xsk, bool due, const struct pollfd *p, unsigned n)
{
	uint64_t now = milliseconds();
	unsigned i = 0;

	/* Only this thread takes from the list, and others put in front. */
	pthread_mutex_lock(&xsk->lock);
	for (struct lease *lease = xsk->leases; lease; lease = lease->next) {
		short said = 0, told = 0;

		for (i = 0; i + 1 < n; i += 2)
			if (p[i].fd == lease->connection)
				said = p[i].revents, told = p[i + 1].revents;
		if (said)
			hear(xsk, lease);
		if (told)
			told = nexthop_drain(lease->events);
		if (lease->by && !lease->over && (told || due))
			refresh(lease);
		if (due)
			put(&lease->socket.page->beat, lease->socket.page->beat + 1);
		if (!lease->by && now - lease->since > PATIENCE_MS)
			lease->over = true;
	}
	pthread_mutex_unlock(&xsk->lock);
}

static void bury(struct xsk *xsk, bool all)
{
	pthread_mutex_lock(&xsk->lock);
	for (struct lease **at = &xsk->leases; *at;) {
		struct lease *lease = *at;

		if (!lease->over && !all) {
			at = &lease->next;
			continue;
		}
		if (!lease->over)
			take_back(lease, ESHUTDOWN);
		*at = lease->next;
		xsk->count--;
		let_go(lease);
	}
	pthread_mutex_unlock(&xsk->lock);
}

static unsigned list(struct xsk *xsk, struct pollfd p[static 2 * LEASES + 1])
{
	unsigned n = 0;

	pthread_mutex_lock(&xsk->lock);
	for (struct lease *lease = xsk->leases; lease; lease = lease->next) {
		p[n++] = (struct pollfd){ .fd = lease->connection, .events = POLLIN };
		p[n++] = (struct pollfd){ .fd = mnl_socket_get_fd(lease->events), .events = POLLIN };
	}
	pthread_mutex_unlock(&xsk->lock);
	return n;
}

static void *look_after(void *context)
{
	struct xsk *xsk = context;
	struct pollfd p[2 * LEASES + 1];
	uint64_t beaten = milliseconds(), word;

	while (!xsk->ends) {
		unsigned n = list(xsk, p);
		uint64_t age = milliseconds() - beaten;
		bool due;

		p[n] = (struct pollfd){ .fd = xsk->wake, .events = POLLIN };
		if (poll(p, n + 1, !n ? -1 : age >= MD_XSK_BEAT_MS ? 0 : (int)(MD_XSK_BEAT_MS - age)) < 0 && errno != EINTR)
			break;
		if (p[n].revents)
			(void)!read(xsk->wake, &word, sizeof(word));
		due = milliseconds() - beaten >= MD_XSK_BEAT_MS;
		if (due)
			beaten = milliseconds();
		beat(xsk, due, p, n);
		bury(xsk, false);
	}
	bury(xsk, true);
	return NULL;
}

/* --- Asked for -------------------------------------------------------------------------------------------------------- */

static int make(struct lease *lease, int netns)
{
	int back, err = netns_enter(netns, &back);

	if (err)
		return err;
	err = xsksocket_make(&lease->socket);
	if (!err) {
		lease->ask = nexthop_open(0);
		lease->events = lease->ask ? nexthop_open(RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE) : NULL;
		err = lease->events ? 0 : -errno;
	}
	netns_leave(back);
	return err;
}

static int enlist(struct xsk *xsk, struct lease *lease)
{
	uint64_t one = 1;
	bool room;

	pthread_mutex_lock(&xsk->lock);
	room = xsk->count < LEASES && !xsk->ends;
	if (room) {
		lease->next = xsk->leases;
		xsk->leases = lease;
		xsk->count++;
	}
	pthread_mutex_unlock(&xsk->lock);
	(void)!write(xsk->wake, &one, sizeof(one));
	return room ? 0 : EMFILE;
}

static bool is_named(const struct xsk *xsk, const struct peer *peer)
{
	for (uint32_t i = 0; i < xsk->config->xsks; i++)
		if (peer_is(peer, &xsk->config->xsk[i].to))
			return true;
	log_info("afxdp: process %d (uid %u, gid %u, control group %.200s) asked for a socket: no [afxdp] section names it", (int)peer->pid,
		(unsigned)peer->uid, (unsigned)peer->gid, *peer->cgroup ? peer->cgroup : "not known");
	return false;
}

int xsk_lend(struct xsk *xsk, int connection, const struct peer *peer, int netns, int udp, uint8_t router)
{
	struct lease *lease;
	int err;

	if (!xsk)
		return ENOPROTOOPT;
	if (!is_named(xsk, peer))
		return EACCES;
	lease = calloc(1, sizeof(*lease));
	if (!lease)
		return ENOMEM;
	lease->socket = (struct xsksocket){ .fd = -1, .memory = -1 };
	lease->peer = *peer;
	lease->since = milliseconds();
	lease->connection = fcntl(connection, F_DUPFD_CLOEXEC, 0);
	err = lease->connection < 0 ? errno : add_hop(lease, udp, router);
	if (!err)
		err = -make(lease, netns);
	/* Answered before the thread knows of it, which may let go of it at once. */
	if (!err)
		err = xskask_answer(connection, lease->socket.fd, lease->socket.memory);
	if (err)
		log_error("afxdp: a socket for process %d: %s", (int)peer->pid, strerror(err));
	else if ((err = enlist(xsk, lease)) == 0)
		return 0;
	let_go(lease);
	return err;
}

/* --- Beginning and end ------------------------------------------------------------------------------------------------ */

int xsk_open(struct xsk **out, const struct config *config)
{
	struct xsk *xsk;

	*out = NULL;
	if (!config->xsks)
		return 0;
	xsk = calloc(1, sizeof(*xsk));
	if (!xsk)
		return -ENOMEM;
	xsk->config = config;
	xsk->wake = eventfd(0, EFD_CLOEXEC);
	if (xsk->wake < 0) {
		free(xsk);
		return -errno;
	}
	pthread_mutex_init(&xsk->lock, NULL);
	*out = xsk;
	return 0;
}

int xsk_run(struct xsk *xsk)
{
	int err;

	if (!xsk)
		return 0;
	err = pthread_create(&xsk->thread, NULL, look_after, xsk);
	xsk->running = !err;
	return -err;
}

bool xsk_close(struct xsk *xsk)
{
	struct timespec until;
	uint64_t one = 1;

	if (!xsk)
		return true;
	xsk->ends = true;
	if (xsk->running) {
		(void)!write(xsk->wake, &one, sizeof(one));
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += END_S;
		if (pthread_timedjoin_np(xsk->thread, NULL, &until) != 0)
			return false;
	}
	bury(xsk, true);
	close(xsk->wake);
	pthread_mutex_destroy(&xsk->lock);
	free(xsk);
	return true;
}
