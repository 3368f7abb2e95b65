/* SPDX-License-Identifier: BSD-3-Clause
 *
 * gso.h - trains of wrapped datagrams by the patch engine: one call of UDP_SEGMENT whose segments each end in their area. The
 * kernel says whether it can cut them off (include/mdshim/arm.h); else the areas would arrive as user data. */
#ifndef MD_EGRESS_GSO_H
#define MD_EGRESS_GSO_H

#include "../egress.h"

enum {
	GSO_DATAGRAMS = 64,
	GSO_OCTETS = 65507
};

/* Whether a datagram like the parcel may be part of a train now. */
bool gso_usable(struct sock *sock, const struct view *view, const struct parcel *parcel, uint32_t now);

/* Sends len octets as datagrams of size octets each, the last perhaps shorter, to where the parcel goes. 0 or -errno: then
 * nothing was sent. */
int gso_send(struct sock *sock, const struct parcel *parcel, const uint8_t *octets, size_t len, size_t size, uint32_t now);

#endif
