/* SPDX-License-Identifier: BSD-3-Clause */
#include "egress.h"

#include <errno.h>
#include <string.h>

#include "ours.h"
#include "real.h"

enum { PROBE_MS = 30000, TUNNEL_MS = 1000 };

/* The order of preference; an engine that a process may not use is asked again now and then, since capabilities come
 * and go. */
static const struct engine *const engines[] = { &engine_raw };

static struct {
	_Atomic uint32_t refused; /* when it was refused, milliseconds; 0: it was not */
} state[2][sizeof(engines) / sizeof(engines[0])];

static void note_engine(unsigned six, enum md_engine id, int err)
{
	uint32_t *in_use = six ? &stats->engine_v6 : &stats->engine_v4;
	uint32_t *error = six ? &stats->engine_errno_v6 : &stats->engine_errno_v4;

	if (__atomic_load_n(in_use, __ATOMIC_RELAXED) != (uint32_t)id)
		__atomic_store_n(in_use, (uint32_t)id, __ATOMIC_RELAXED);
	if (err)
		__atomic_store_n(error, (uint32_t)err, __ATOMIC_RELAXED);
}

static void probe(unsigned six)
{
	uint64_t cookie = 0;
	int fd = ours_socket(six ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_RAW, &cookie);

	if (fd < 0) {
		note_engine(six, MD_ENGINE_NONE, -fd);
		return;
	}
	ours_close(fd, cookie);
	note_engine(six, MD_ENGINE_RAW, 0);
}

void egress_start(bool ipv4, bool ipv6)
{
	if (ipv4)
		probe(0);
	if (ipv6)
		probe(1);
}

socklen_t egress_addr(struct sockaddr_in6 *addr, uint8_t version, const uint8_t *octets, uint16_t port)
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

/* One engine's try. A descriptor that was closed or replaced under us is made anew once. *armed: the engine may be used,
 * whatever became of this datagram. */
static int try_engine(const struct engine *engine, struct sock *sock, const struct view *view, struct parcel *parcel,
	uint32_t now, bool *armed)
{
	struct handle handle;
	int err = 0;

	for (int tries = 0; tries < 2; tries++) {
		err = engine->arm(sock, view, parcel->tuple.version, now, &handle);
		if (err == -EMFILE && socktab_shed(now))
			err = engine->arm(sock, view, parcel->tuple.version, now, &handle);
		if (err)
			return err;
		*armed = true;
		err = engine->send(&handle, &parcel, 1);
		if (err != -EBADF)
			break;
		stats_count(MD_C_STOLEN, 1);
		engine->disarm(sock, now);
	}
	return err > 0 ? 0 : err;
}

int egress_send(struct sock *sock, const struct view *view, struct parcel *parcel, uint32_t now)
{
	unsigned six = parcel->tuple.version == 6;

	for (unsigned i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		uint32_t refused = atomic_load_explicit(&state[six][i].refused, memory_order_relaxed);
		bool armed = false;
		int err;

		if ((refused && now - refused < PROBE_MS) || parcel->area_len > engines[i]->largest())
			continue;
		err = try_engine(engines[i], sock, view, parcel, now, &armed);
		if (!armed && (err == -EPERM || err == -EACCES || err == -EAFNOSUPPORT)) {
			atomic_store_explicit(&state[six][i].refused, now | 1, memory_order_relaxed);
			note_engine(six, MD_ENGINE_NONE, -err);
			continue;
		}
		if (!err) {
			stats_engine(engines[i]->id, 1);
			if (refused) {
				atomic_store_explicit(&state[six][i].refused, 0, memory_order_relaxed);
				note_engine(six, engines[i]->id, 0);
			}
		}
		return err;
	}
	return -ENODEV;
}

static uint32_t ask_mtu(int fd, uint8_t version)
{
	int mtu = 0;
	socklen_t len = sizeof(mtu);
	long err = version == 4 ? raw_getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &len) :
				  raw_getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, &len);

	return err == 0 && mtu > 0 ? (uint32_t)mtu : 0;
}

/* Its own options come first, since mark and device decide by which way the kernel sees the router. */
static int open_tunnel(const struct view *view, const struct router *router, struct outlet_tunnel *tunnel)
{
	struct sockaddr_in6 addr;
	socklen_t len = sizeof(addr);
	int fd = ours_socket(router->at.version == 4 ? AF_INET : AF_INET6, SOCK_DGRAM, IPPROTO_UDP, &tunnel->cookie);
	int nothing = 0;
	long err;

	if (fd < 0)
		return fd;
	/* Nobody reads it: what a router may send back is not to pile up. */
	raw_setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &nothing, sizeof(nothing));
	raw_setsockopt(fd, SOL_SOCKET, SO_MARK, &view->mark, sizeof(view->mark));
	if (view->device[0])
		raw_setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, view->device, sizeof(view->device));
	err = 0;
	if (router->source.version) {
		len = egress_addr(&addr, router->source.version, router->source.addr, 0);
		err = raw_bind(fd, &addr, len);
	}
	if (!err) {
		len = egress_addr(&addr, router->at.version, router->at.addr, router->at.port);
		err = raw_connect(fd, &addr, len);
	}
	len = sizeof(addr);
	if (!err)
		err = raw_getsockname(fd, &addr, &len);
	if (err) {
		ours_close(fd, tunnel->cookie);
		return (int)err;
	}
	tunnel->fd = fd;
	tunnel->tuple.version = router->at.version;
	tunnel->tuple.dport = router->at.port;
	memcpy(tunnel->tuple.dst, router->at.addr, sizeof(tunnel->tuple.dst));
	tunnel->tuple.sport = ntohs(addr.sin6_port);
	if (router->at.version == 4)
		memcpy(tunnel->tuple.src, &((struct sockaddr_in *)(void *)&addr)->sin_addr, 4);
	else
		memcpy(tunnel->tuple.src, &addr.sin6_addr, 16);
	return 0;
}

/* Under the claim. A number that no longer is our socket was closed by the application: its port is gone. */
static int refresh_tunnel(struct outlet_tunnel *tunnel, const struct view *view, const struct router *router, uint32_t now)
{
	int err = 0;

	if (tunnel->fd >= 0 && now - tunnel->asked < TUNNEL_MS)
		return 0;
	if (tunnel->fd >= 0 && !ours_still(tunnel->fd, tunnel->cookie)) {
		ours_close(tunnel->fd, tunnel->cookie);
		stats_count(MD_C_STOLEN, 1);
		tunnel->fd = -1;
	}
	if (tunnel->fd < 0)
		err = open_tunnel(view, router, tunnel);
	if (err)
		return err;
	tunnel->mtu = ask_mtu(tunnel->fd, router->at.version);
	if (!tunnel->mtu || tunnel->mtu > router->mtu)
		tunnel->mtu = router->mtu;
	tunnel->asked = now;
	return 0;
}

/* Under the claim: the place of a router's tunnel, or one that is free. */
static struct outlet_tunnel *tunnel_of(struct outlet *outlet, int index)
{
	struct outlet_tunnel *vacant = NULL;

	for (int i = 0; i < OUTLET_TUNNELS; i++) {
		if (outlet->tunnel[i].fd >= 0 && outlet->tunnel[i].router == index)
			return &outlet->tunnel[i];
		if (outlet->tunnel[i].fd < 0 && !vacant)
			vacant = &outlet->tunnel[i];
	}
	if (vacant)
		vacant->router = index;
	return vacant;
}

int egress_tunnel(struct sock *sock, const struct view *view, int index, const struct router *router, uint32_t now,
	struct outlet_tunnel *tunnel)
{
	struct outlet_tunnel *mine;
	int err = -EMFILE;

	if (!claim_take(&sock->claim, now))
		return -EBUSY;
	mine = tunnel_of(&sock->outlet, index);
	if (mine)
		err = refresh_tunnel(mine, view, router, now);
	if (mine && err == -EMFILE && socktab_shed(now))
		err = refresh_tunnel(mine, view, router, now);
	if (!err)
		*tunnel = *mine;
	claim_drop(&sock->claim);
	return err;
}
