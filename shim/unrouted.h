/* SPDX-License-Identifier: BSD-3-Clause
 *
 * unrouted.h - RTP to where no route leads: most clients of a server are nobody's whom a router could help.
 *
 * What was found out about a destination is believed for some milliseconds, of a number and an address, without asking the kernel
 * whether the number still is that socket: where it is not, a few datagrams are not wrapped. */
#ifndef MD_UNROUTED_H
#define MD_UNROUTED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "socktab.h"

/* In memory that is wiped at fork. */
enum { UNROUTED_PLACES = 4096 };
struct unrouted {
	_Atomic uint64_t passed;                /* datagrams that went as they came since they were counted last */
	_Atomic uint64_t place[UNROUTED_PLACES]; /* by a hash: what is left of the hash, and when, milliseconds */
};
extern struct unrouted *unrouted;

/* 0 or -ENOMEM. Only from the constructor. */
int unrouted_start(void);

/* No route leads to where this message goes, or to the peer if it names no address, whatever its payload and however it is sent
 * from fd. */
void unrouted_note(int fd, const struct msghdr *msg, uint32_t now);

/* Whether that was noted lately, and the message, the only one of its call and without control data, is RTP by its first octets.
 * Looks at what may be looked at only; own_pieces: msg_iov may. */
bool unrouted_is(int fd, const struct msghdr *msg, bool own_pieces, uint32_t now);

/* Whether it is worth asking. */
static inline bool unrouted_any(int fd)
{
	return (socktab_turn(fd) & SOCKTAB_UNROUTED) != 0;
}

/* A datagram that unrouted_is() was said of passes; and how many did since the last call. The counters of the process are not
 * touched without a question to the kernel (stats.h). */
static inline void unrouted_pass(void)
{
	atomic_fetch_add_explicit(&unrouted->passed, 1, memory_order_relaxed);
}

static inline uint64_t unrouted_take(void)
{
	return atomic_load_explicit(&unrouted->passed, memory_order_relaxed) ?
		atomic_exchange_explicit(&unrouted->passed, 0, memory_order_relaxed) : 0;
}

#endif
