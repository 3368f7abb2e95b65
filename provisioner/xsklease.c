/* SPDX-License-Identifier: BSD-3-Clause */
#include "xsklease.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <mdshim/broker.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "netns.h"
#include "nexthop.h"
#include "xskask.h"

enum { COMPLAINT = 400 };

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

void xsklease_free(struct xsklease *lease)
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

void xsklease_revoke(struct xsklease *lease, int err)
{
	put(&lease->socket.page->error, (uint32_t)err);
	put(&lease->socket.page->state, MD_XSK_GONE);
	lease->over = true;
}

static void look_up(struct xsklease *lease, unsigned i)
{
	const struct xsklease_hop *hop = &lease->hop[i];
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

void xsklease_refresh(struct xsklease *lease)
{
	struct md_xsk_page *page = lease->socket.page;
	struct nexthop_link link;
	int err = nexthop_link(lease->ask, NULL, lease->index, &link);

	if (err == -ENODEV) {
		xsklease_revoke(lease, ENODEV);
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

static int bind_by(struct xsklease *lease, const struct xsk_config *by)
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

/* A process that is refused asks again every few seconds: the same is not repeated for a minute. Only the thread comes here. */
__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
	static char said[COMPLAINT];
	static time_t said_at;
	char text[COMPLAINT];
	struct timespec now;
	va_list values;

	va_start(values, format);
	vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (said_at && now.tv_sec - said_at < 60 && strcmp(text, said) == 0)
		return;
	memcpy(said, text, sizeof(said));
	said_at = now.tv_sec;
	log_error("afxdp: %s", text);
}

static void say_why(const struct xsklease *lease, const struct xsk_config *by, int err)
{
	const char *name = by->to.name, *device = by->to.device;
	int pid = (int)lease->peer.pid;

	if (err == -ENODEV)
		complain("line %d: [afxdp %s] interface: expected an interface of the network namespace of process %d, found \"%s\"", by->line,
			name, pid, device);
	else if (err == -EAFNOSUPPORT)
		complain("line %d: [afxdp %s] interface: expected an Ethernet that AF_XDP can send by, found \"%s\"", by->line, name, device);
	else if (err == -EINVAL)
		complain("line %d: [afxdp %s] queue: expected a queue that %s has, found %u", by->line, name, device, by->queue);
	else if (err == -EADDRINUSE)
		complain("line %d: [afxdp %s] queue: queue %u of %s is in use; process %d gets none", by->line, name, by->queue, device, pid);
	else
		complain("line %d: [afxdp %s]: %s, queue %u, for process %d: %s", by->line, name, device, by->queue, pid, strerror(-err));
}

/* The first section that names the process and whose queue is free. */
static void bind_it(const struct config *config, struct xsklease *lease)
{
	int err = -EACCES;

	for (uint32_t i = 0; err && i < config->xsks; i++) {
		const struct xsk_config *by = &config->xsk[i];

		if (!peer_is(&lease->peer, &by->to))
			continue;
		err = bind_by(lease, by);
		if (err)
			say_why(lease, by, err);
	}
	if (err) {
		xsklease_revoke(lease, -err);
		return;
	}
	log_info("afxdp: process %d (uid %u) sends by %s, queue %u, as [afxdp %s] says", (int)lease->peer.pid,
		(unsigned)lease->peer.uid, lease->by->to.device, lease->by->queue, lease->by->to.name);
	xsklease_refresh(lease);
	if (!lease->over)
		put(&lease->socket.page->state, MD_XSK_BOUND);
}

int xsklease_add_hop(struct xsklease *lease, int udp, uint8_t router)
{
	struct xsklease_hop hop;
	int err = router < MD_XSK_HOPS ? xskask_ends(udp, &hop.version, hop.src, hop.dst) : EINVAL;

	if (!err)
		lease->hop[router] = hop;
	return err;
}

static bool obey(struct xsklease *lease, const struct config *config, const struct md_broker_request *request, int udp)
{
	if (request->version != MD_BROKER_VERSION)
		return false;
	if (request->what == MD_BROKER_XSK_MAPPED && !lease->by) {
		bind_it(config, lease);
		return true;
	}
	if (request->what != MD_BROKER_XSK || xsklease_add_hop(lease, udp, request->family) != 0)
		return false;
	if (lease->by)
		look_up(lease, request->family);
	return true;
}

void xsklease_hear(struct xsklease *lease, const struct config *config)
{
	struct md_broker_request request = { 0 };
	int udp, n = xskask_read(lease->connection, &request, &udp);

	if (n == -EAGAIN)
		return;
	if (n < 0 || !obey(lease, config, &request, udp))
		lease->over = true;
	if (udp >= 0)
		close(udp);
}

int xsklease_make(struct xsklease *lease, int netns)
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

void xsklease_beat(struct xsklease *lease)
{
	put(&lease->socket.page->beat, lease->socket.page->beat + 1);
}

bool xsklease_told(const struct xsklease *lease)
{
	return nexthop_drain(lease->events);
}

int xsklease_events(const struct xsklease *lease)
{
	return mnl_socket_get_fd(lease->events);
}
