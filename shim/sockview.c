/* SPDX-License-Identifier: BSD-3-Clause */
#include "sockview.h"

#include <linux/udp.h>
#include <netinet/in.h>
#include <string.h>

#include "ours.h"
#include "real.h"

/* An option as a number; the default where this socket or kernel does not have it. */
static int option(int fd, int level, int name, int otherwise)
{
	int value = otherwise;
	socklen_t len = sizeof(value);

	return raw_getsockopt(fd, level, name, &value, &len) == 0 ? value : otherwise;
}

static bool read_address(struct view *view, int fd)
{
	socklen_t len = sizeof(view->local);

	memset(&view->local, 0, sizeof(view->local));
	if (raw_getsockname(fd, &view->local, &len) != 0)
		return false;
	/* The port stands at the same place in both families. */
	view->bound = view->local.sin6_port != 0;
	memset(&view->peer, 0, sizeof(view->peer));
	len = sizeof(view->peer);
	view->connected = raw_getpeername(fd, &view->peer, &len) == 0;
	return true;
}

static void read_marking(struct view *view, uint8_t domain, int fd)
{
	view->ttl = (uint8_t)option(fd, IPPROTO_IP, IP_TTL, 64);
	view->tos = (uint8_t)option(fd, IPPROTO_IP, IP_TOS, 0);
	if (domain != 6)
		return;
	view->hops = (uint8_t)option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 64);
	view->tclass = (uint8_t)option(fd, IPPROTO_IPV6, IPV6_TCLASS, 0);
	view->only6 = option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) != 0;
}

static void read_shape(struct view *view, uint8_t domain, int fd)
{
	int errors = option(fd, IPPROTO_IP, IP_RECVERR, 0);

	view->segment = (uint16_t)option(fd, IPPROTO_UDP, UDP_SEGMENT, 0);
	view->corked = option(fd, IPPROTO_UDP, UDP_CORK, 0) != 0;
	view->pmtu4 = (uint8_t)option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT);
	if (domain == 6) {
		view->pmtu6 = (uint8_t)option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_WANT);
		errors |= option(fd, IPPROTO_IPV6, IPV6_RECVERR, 0);
	}
	view->errors = errors != 0;
}

static void read_egress(struct view *view, int fd)
{
	socklen_t len = sizeof(view->device) - 1, pacing_len = sizeof(view->pacing);

	view->mark = (uint32_t)option(fd, SOL_SOCKET, SO_MARK, 0);
	view->priority = (uint32_t)option(fd, SOL_SOCKET, SO_PRIORITY, 0);
	view->sndbuf = (uint32_t)option(fd, SOL_SOCKET, SO_SNDBUF, 0);
	view->pacing = ~(uint64_t)0;
	raw_getsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &view->pacing, &pacing_len);
	memset(view->device, 0, sizeof(view->device));
	raw_getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, view->device, &len);
}

bool sockview_read(struct view *view, uint8_t domain, int fd, uint32_t stale)
{
	if ((stale & STALE_ADDRESS) && !read_address(view, fd))
		return false;
	if (stale & STALE_MARKING)
		read_marking(view, domain, fd);
	if (stale & STALE_SHAPE)
		read_shape(view, domain, fd);
	if (stale & STALE_EGRESS)
		read_egress(view, fd);
	return true;
}

void sockview_mirror_to(int fd, uint64_t cookie, const struct view *view, uint32_t bits)
{
	/* The kernel doubles what it is told and reports the double. */
	int sndbuf = (int)(view->sndbuf / 2), priority = (int)view->priority, mark = (int)(view->mark | bits);

	if (!ours_still(fd, cookie))
		return;
	raw_setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority));
	raw_setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	if (sndbuf)
		raw_setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	raw_setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &view->pacing, sizeof(view->pacing));
	raw_setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, view->device, (socklen_t)strnlen(view->device, 15) + 1);
}

void sockview_mirror(struct outlet *outlet, const struct view *view)
{
	for (int i = 0; i < OUTLET_RAW; i++)
		if (atomic_load_explicit(&outlet->raw[i].state, memory_order_acquire) == OUTLET_READY)
			sockview_mirror_to(outlet->raw[i].fd, outlet->raw[i].cookie, view, 0);
	for (int i = 0; i < OUTLET_TUNNELS; i++)
		if (atomic_load_explicit(&outlet->tunnel[i].state, memory_order_acquire) == OUTLET_READY)
			sockview_mirror_to(outlet->tunnel[i].fd, outlet->tunnel[i].cookie, view,
				atomic_load_explicit(&outlet->tunnel[i].mark, memory_order_relaxed));
}

void sockview_close(struct outlet *outlet)
{
	for (int i = 0; i < OUTLET_RAW; i++) {
		if (outlet->raw[i].state != OUTLET_NONE)
			ours_close(outlet->raw[i].fd, outlet->raw[i].cookie);
		outlet->raw[i].state = OUTLET_NONE;
	}
	for (int i = 0; i < OUTLET_TUNNELS; i++) {
		if (outlet->tunnel[i].state != OUTLET_NONE)
			ours_close(outlet->tunnel[i].fd, outlet->tunnel[i].cookie);
		outlet->tunnel[i].state = OUTLET_NONE;
		broker_drop(&outlet->tunnel[i].loan);
		outlet->tunnel[i].mark = 0;
		outlet->tunnel[i].unmarked = 0;
	}
	broker_drop(&outlet->raw_loan);
	memset(&outlet->patch, 0, sizeof(outlet->patch));
}
