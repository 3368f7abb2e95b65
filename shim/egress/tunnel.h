/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tunnel.h - sending by the UDP socket that holds a tunnel's outer port, the area as the end of its payload: of engine
 * "patch", and of every engine that has the area cut off later. */
#ifndef MD_TUNNEL_H
#define MD_TUNNEL_H

#include "../egress.h"

/* Octets sent, or -errno. That the number still is the tunnel's socket, the caller has to know. */
long tunnel_send(const struct outlet_tunnel *tunnel, const struct parcel *parcel);

#endif
