/* SPDX-License-Identifier: BSD-3-Clause */
#include "outlet.h"

#include <errno.h>
#include <string.h>

#include "age.h"
#include "ours.h"
#include "real.h"
#include "sockview.h"
#include "stats.h"

enum { TUNNEL_MS = 1000 };

socklen_t outlet_addr(struct sockaddr_in6 *addr, uint8_t version, const uint8_t *octets, uint16_t port)
{
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)addr;

	memset(addr, 0, sizeof(*addr));
	if (version == 4) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		memcpy(&four->sin_addr, octets, 4);
		return sizeof(*four);
	}
	addr->sin6_family = AF_INET6;
	addr->sin6_port = htons(port);
	memcpy(&addr->sin6_addr, octets, 16);
	return sizeof(*addr);
}

static uint32_t ask_mtu(int fd, uint8_t version)
{
	int mtu = 0;
	socklen_t len = sizeof(mtu);
	long err = version == 4 ? raw_getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &len) :
				  raw_getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, &len);

	return err == 0 && mtu > 0 ? (uint32_t)mtu : 0;
}

static int address_tunnel(int fd, const struct router *router, struct md_tuple *tuple)
{
	struct sockaddr_in6 addr;
	socklen_t len = outlet_addr(&addr, router->source.version, router->source.addr, 0);
	long err = 0;

	if (router->source.version)
		err = raw_bind(fd, &addr, len);
	len = outlet_addr(&addr, router->at.version, router->at.addr, router->at.port);
	if (!err)
		err = raw_connect(fd, &addr, len);
	len = sizeof(addr);
	if (!err)
		err = raw_getsockname(fd, &addr, &len);
	if (err)
		return (int)err;
	tuple->version = router->at.version;
	tuple->dport = router->at.port;
	memcpy(tuple->dst, router->at.addr, sizeof(tuple->dst));
	tuple->sport = ntohs(addr.sin6_port);
	if (router->at.version == 4)
		memcpy(tuple->src, &((struct sockaddr_in *)(void *)&addr)->sin_addr, 4);
	else
		memcpy(tuple->src, &addr.sin6_addr, 16);
	return 0;
}

static void ask_tunnel(struct outlet_tunnel *tunnel, const struct router *router, uint32_t now)
{
	uint32_t mtu = ask_mtu(tunnel->fd, router->at.version);

	atomic_store_explicit(&tunnel->mtu, mtu && mtu < router->mtu ? mtu : router->mtu, memory_order_relaxed);
	atomic_store_explicit(&tunnel->asked, now, memory_order_relaxed);
}

/* What it has to send with, should the patch engine send by it (wire format, section 6.3). */
static void dress_tunnel(struct outlet_tunnel *tunnel, const struct view *view, const struct router *router)
{
	int ttl = router->ttl, never = IP_PMTUDISC_DO, tos = view->local.sin6_family == AF_INET6 ? view->tclass : view->tos;

	tunnel->tos = (uint8_t)tos;
	if (router->at.version == 4) {
		raw_setsockopt(tunnel->fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
		raw_setsockopt(tunnel->fd, IPPROTO_IP, IP_MTU_DISCOVER, &never, sizeof(never));
		raw_setsockopt(tunnel->fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	} else {
		raw_setsockopt(tunnel->fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof(ttl));
		raw_setsockopt(tunnel->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &never, sizeof(never));
		raw_setsockopt(tunnel->fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
	}
	sockview_mirror_to(tunnel->fd, tunnel->cookie, view, 0);
}

/* Its own options come first, since mark and device decide by which way the kernel sees the router. */
static int open_tunnel(const struct view *view, int index, const struct router *router, uint32_t now,
	struct outlet_tunnel *tunnel)
{
	int err, nothing = 0;

	memset(tunnel, 0, sizeof(*tunnel));
	tunnel->router = (int8_t)index;
	tunnel->fd = ours_socket(router->at.version == 4 ? AF_INET : AF_INET6, SOCK_DGRAM, IPPROTO_UDP, &tunnel->cookie);
	if (tunnel->fd < 0)
		return tunnel->fd;
	/* Nobody reads it: what a router may send back is not to pile up. */
	raw_setsockopt(tunnel->fd, SOL_SOCKET, SO_RCVBUF, &nothing, sizeof(nothing));
	dress_tunnel(tunnel, view, router);
	err = address_tunnel(tunnel->fd, router, &tunnel->tuple);
	if (err)
		ours_close(tunnel->fd, tunnel->cookie);
	else
		ask_tunnel(tunnel, router, now);
	return err;
}

struct outlet_tunnel *outlet_ready_tunnel(struct sock *sock, int index)
{
	struct outlet *outlet = &sock->outlet;

	for (int i = 0; i < OUTLET_TUNNELS; i++)
		if (atomic_load_explicit(&outlet->tunnel[i].state, memory_order_acquire) == OUTLET_READY &&
			outlet->tunnel[i].router == index)
			return &outlet->tunnel[i];
	return NULL;
}

/* Once a second. A number that no longer is our socket was closed by the application, and its port is gone. */
bool outlet_is_fresh(const struct outlet_tunnel *tunnel, uint32_t now)
{
	return age_below(now, atomic_load_explicit(&tunnel->asked, memory_order_relaxed), TUNNEL_MS);
}

static bool still_good(struct outlet_tunnel *tunnel, const struct router *router, uint32_t now)
{
	uint32_t asked = atomic_load_explicit(&tunnel->asked, memory_order_relaxed);

	if (age_below(now, asked, TUNNEL_MS) || !atomic_compare_exchange_strong(&tunnel->asked, &asked, now))
		return true;
	if (ours_still(tunnel->fd, tunnel->cookie)) {
		ask_tunnel(tunnel, router, now);
		return true;
	}
	stats_count(MD_C_STOLEN, 1);
	atomic_store_explicit(&tunnel->state, OUTLET_GONE, memory_order_release);
	return false;
}

/* Under the claim: where a new descriptor is put. One that is gone is overwritten only while nobody else can be reading
 * it. */
static bool vacant(struct sock *sock, uint8_t state)
{
	return state == OUTLET_NONE ||
		(state == OUTLET_GONE && atomic_load_explicit(&sock->slot.pins, memory_order_relaxed) == 1);
}

static int publish_tunnel(struct sock *sock, const struct outlet_tunnel *made, uint32_t now)
{
	int err = -EMFILE;

	if (!claim_take(&sock->claim, now))
		return -EBUSY;
	if (outlet_ready_tunnel(sock, made->router)) {
		err = -EEXIST; /* another thread was faster: a flow keeps its port, so that one is used */
	} else {
		for (int i = 0; i < OUTLET_TUNNELS && err; i++) {
			struct outlet_tunnel *at = &sock->outlet.tunnel[i];

			if (!vacant(sock, at->state))
				continue;
			ours_close(at->state == OUTLET_GONE ? at->fd : -1, at->cookie);
			at->router = made->router;
			at->fd = made->fd;
			at->cookie = made->cookie;
			at->tuple = made->tuple;
			at->tos = made->tos;
			memset(&at->patch, 0, sizeof(at->patch));
			broker_drop(&at->loan);
			atomic_store_explicit(&at->mark, 0, memory_order_relaxed);
			atomic_store_explicit(&at->unmarked, 0, memory_order_relaxed);
			atomic_store_explicit(&at->mtu, made->mtu, memory_order_relaxed);
			atomic_store_explicit(&at->asked, made->asked, memory_order_relaxed);
			atomic_store_explicit(&at->state, OUTLET_READY, memory_order_release);
			err = 0;
		}
	}
	claim_drop(&sock->claim);
	return err;
}

static int make_tunnel(struct sock *sock, const struct view *view, int index, const struct router *router, uint32_t now)
{
	struct outlet_tunnel made;
	int err = open_tunnel(view, index, router, now, &made);

	if (err == -EMFILE && socktab_shed(now))
		err = open_tunnel(view, index, router, now, &made);
	if (err)
		return err;
	err = publish_tunnel(sock, &made, now);
	if (err)
		ours_close(made.fd, made.cookie);
	return err == -EEXIST ? 0 : err;
}

int outlet_tunnel_to(struct sock *sock, const struct view *view, int index, const struct router *router, uint32_t now,
	const struct outlet_tunnel **tunnel)
{
	for (int tries = 0; tries < 2; tries++) {
		struct outlet_tunnel *mine = outlet_ready_tunnel(sock, index);
		int err = 0;

		if (mine && still_good(mine, router, now)) {
			*tunnel = mine;
			return 0;
		}
		err = make_tunnel(sock, view, index, router, now);
		if (err)
			return err;
	}
	return -EMFILE;
}

struct outlet_raw *outlet_ready_raw(struct sock *sock, uint8_t version, int8_t router)
{
	for (int i = 0; i < OUTLET_RAW; i++)
		if (atomic_load_explicit(&sock->outlet.raw[i].state, memory_order_acquire) == OUTLET_READY &&
			sock->outlet.raw[i].version == version && sock->outlet.raw[i].router == router)
			return &sock->outlet.raw[i];
	return NULL;
}

int outlet_publish_raw(struct sock *sock, const struct outlet_raw *made, uint32_t now)
{
	int err = -EMFILE;

	if (!claim_take(&sock->claim, now))
		return -EBUSY;
	if (outlet_ready_raw(sock, made->version, made->router)) {
		err = -EEXIST;
	} else {
		for (int i = 0; i < OUTLET_RAW && err; i++) {
			struct outlet_raw *at = &sock->outlet.raw[i];

			if (!vacant(sock, at->state))
				continue;
			ours_close(at->state == OUTLET_GONE ? at->fd : -1, at->cookie);
			at->version = made->version;
			at->router = made->router;
			at->fd = made->fd;
			at->cookie = made->cookie;
			atomic_store_explicit(&at->state, OUTLET_READY, memory_order_release);
			err = 0;
		}
	}
	claim_drop(&sock->claim);
	return err;
}
