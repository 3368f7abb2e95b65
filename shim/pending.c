/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pending.c - whether an error waits on the application's socket: then its own send fetches it. (SO_ERROR would swallow
 * it.)
 *
 * Errors come by ICMP, in answer to what was sent. From this host they come at once, and a socket that was just connected
 * is the one that is refused: there the kernel is asked before each datagram. An answer from another host is under way for
 * a while and may come at any time, so nobody can tell whether it was heard with this datagram or with those of the next
 * 100 microseconds: there the kernel is asked that often. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "hall.h"
#include "real.h"

enum { ALWAYS = 64, AT_LEAST_US = 100 };

static bool waits(const struct call *call)
{
	struct pollfd p = { .fd = call->fd };
	struct timespec at_once = { 0 };

	return raw_call(SYS_ppoll, (long)&p, 1, (long)&at_once, 0, 0, 0) > 0;
}

/* A connected socket is bound to the address it sends from: where that is the destination too, it is ours. */
static bool to_this_host(const struct call *call, const struct md_tuple *tuple)
{
	static const uint8_t own[16] = { [15] = 1 };

	if (tuple->version == 4)
		return tuple->dst[0] == 127 ||
			memcmp(call->sock->domain == 4 ? (const uint8_t *)&((const struct sockaddr_in *)(const void *)&call->view.local)->sin_addr
						       : call->view.local.sin6_addr.s6_addr + 12,
				tuple->dst, 4) == 0;
	return memcmp(tuple->dst, own, 16) == 0 || memcmp(&call->view.local.sin6_addr, tuple->dst, 16) == 0;
}

bool pending_at_once(const struct call *call, const struct packet *packet)
{
	return (call->view.connected || call->view.errors) && to_this_host(call, &packet->key.tuple);
}

bool pending_would_ask(const struct call *call, const struct packet *packet)
{
	return (call->view.connected || call->view.errors) &&
		(atomic_load_explicit(&call->sock->errors_asked, memory_order_relaxed) < ALWAYS || to_this_host(call, &packet->key.tuple));
}

bool pending_ask(const struct call *call, const struct packet *packet)
{
	struct sock *sock = call->sock;
	uint32_t now;
	uint8_t asked;

	now = (uint32_t)((uint64_t)call->time.tv_sec * 1000000 + (uint64_t)call->time.tv_nsec / 1000);
	asked = atomic_load_explicit(&sock->errors_asked, memory_order_relaxed);
	if (asked < ALWAYS)
		atomic_store_explicit(&sock->errors_asked, (uint8_t)(asked + 1), memory_order_relaxed);
	else if (now - atomic_load_explicit(&sock->errors_when, memory_order_relaxed) < AT_LEAST_US &&
		!to_this_host(call, &packet->key.tuple))
		return false;
	atomic_store_explicit(&sock->errors_when, now, memory_order_relaxed);
	if (!waits(call))
		return false;
	/* Whoever asks next has to hear it too: the short ways leave it to the long one to stop for it. */
	atomic_store_explicit(&sock->errors_asked, 0, memory_order_relaxed);
	return true;
}

bool pending_fetched(const struct call *call, int8_t router, int err)
{
	if (router >= 0 || !(call->view.connected || call->view.errors))
		return false;
	switch (-err) {
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENONET:
	case ENOPROTOOPT:
	case EPROTO: return true;
	default: return false;
	}
}

enum md_aside pending_stop(struct call *call, const struct msghdr *msg, int err)
{
	call->stopped = -err;
	call->out = (unsigned)((const struct mmsghdr *)(const void *)msg - call->vec);
	return MD_A_SOCKET_ERROR;
}
