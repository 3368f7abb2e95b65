/* SPDX-License-Identifier: BSD-3-Clause
 *
 * xsklease.h - one AF_XDP socket that is lent to a process (include/mdshim/xsk.h); part of xsk. */
#ifndef PROVISION_XSKLEASE_H
#define PROVISION_XSKLEASE_H

#include "config.h"
#include "peer.h"
#include "xsksocket.h"

struct mnl_socket;

struct xsklease_hop {
	uint8_t version;             /* 0: not asked for */
	uint8_t src[16], dst[16];
};

struct xsklease {
	struct xsklease *next;
	int connection;
	struct peer peer;
	struct xsksocket socket;
	struct mnl_socket *ask, *events;
	const struct xsk_config *by; /* once it is bound */
	uint32_t index;
	uint64_t since;              /* milliseconds */
	struct xsklease_hop hop[MD_XSK_HOPS];
	bool over;                   /* to be freed */
};

/* Makes what is lent, in the network namespace netns (-1: ours). 0 or -errno; then and later xsklease_free() tidies up. */
int xsklease_make(struct xsklease *lease, int netns);
void xsklease_free(struct xsklease *lease);

/* Another router, by the UDP socket that is connected to it. 0 or an errno. */
int xsklease_add_hop(struct xsklease *lease, int udp, uint8_t router);

/* Something was said by the process, or it has gone. */
void xsklease_hear(struct xsklease *lease, const struct config *config);

/* Of a bound one: what the interface is like and where the routers are, again. */
void xsklease_refresh(struct xsklease *lease);

/* Somebody looks after it. */
void xsklease_beat(struct xsklease *lease);

/* Whether interfaces, routes or neighbours have changed; events says by this descriptor when. */
bool xsklease_told(const struct xsklease *lease);
int xsklease_events(const struct xsklease *lease);

/* Whoever has it stops to send by it: err is an errno. */
void xsklease_revoke(struct xsklease *lease, int err);

#endif
