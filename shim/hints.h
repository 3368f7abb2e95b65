/* SPDX-License-Identifier: BSD-3-Clause
 *
 * hints.h - what the application said of its packets (include/mdshim/hints.h is its side): kept, merged, used up. */
#ifndef MD_SHIM_HINTS_H
#define MD_SHIM_HINTS_H

#include <mdshim/hints.h>

#include "flowtab.h"
#include "mdu.h"
#include "socktab.h"

/* 0 or -ENOMEM. Only from the constructor. */
int hints_start(void);

/* setsockopt() at the private level on a socket of ours: 0 or -errno. Hints that must not be sent are refused and counted. */
int hints_told(struct sock *sock, int name, const void *value, socklen_t len, uint32_t now);

/* Adds to *hint, which holds what the call's control message gave, what was said of the packet before, and then what was
 * said of the socket, item by item. rtp is NULL where the packet is not RTP. */
void hints_merge(struct md_hint *hint, const struct sock *sock, const struct rtp *rtp);

/* Whether nothing was ever said of the socket, nor of packets ahead: hints_merge() would add nothing. */
bool hints_silent(const struct sock *sock);

/* What the hint says takes the place of what the packet says. */
void hints_apply(const struct md_hint *hint, struct mdu_in *in);

/* The Burst Quantum by hints (wire format, section 4.4), 0 without one. octets: of this IP packet. */
uint8_t hints_burst_of(struct flow *flow, struct sock *sock, const struct md_hint *hint, size_t octets, uint32_t now, uint32_t unit);
extern _Atomic uint32_t hints_bursts; /* whether one was ever hinted */
static inline bool hints_any_burst(void)
{
	return atomic_load_explicit(&hints_bursts, memory_order_relaxed) != 0;
}

static inline uint8_t hints_burst(struct flow *flow, struct sock *sock, const struct md_hint *hint, size_t octets, uint32_t now,
	uint32_t unit)
{
	if (!(hint->given & MD_HINT_BURST) && !hints_any_burst())
		return 0;
	return hints_burst_of(flow, sock, hint, octets, now, unit);
}

#endif
