/* SPDX-License-Identifier: BSD-3-Clause
 *
 * outlet.h - descriptors of ours that send for one socket of the application: made by whoever needs them first, published,
 * and then only read. Making one is never waited for: who is second closes his own. */
#ifndef MD_OUTLET_H
#define MD_OUTLET_H

#include "socktab.h"

/* A socket address of a tuple's source or destination; the length. */
socklen_t outlet_addr(struct sockaddr_in6 *addr, uint8_t version, const uint8_t *octets, uint16_t port);

/* The tunnel from this socket to a router, made at first use: our own socket holds its outer port. It stays what it is
 * while the socket is pinned. 0 or -errno. */
int outlet_tunnel_to(struct sock *sock, const struct view *view, int index, const struct router *router, uint32_t now,
	const struct outlet_tunnel **tunnel);

/* The tunnel that is ready, or NULL. */
struct outlet_tunnel *outlet_ready_tunnel(struct sock *sock, int index);

/* Whether outlet_tunnel_to() would take it as it is. */
bool outlet_is_fresh(const struct outlet_tunnel *tunnel, uint32_t now);

/* The raw socket for that version and router (-1: inline), or NULL. */
struct outlet_raw *outlet_ready_raw(struct sock *sock, uint8_t version, int8_t router);

/* Publishes a raw socket. 0, -EEXIST: there is one by now, -EMFILE: no place, -EBUSY. */
int outlet_publish_raw(struct sock *sock, const struct outlet_raw *made, uint32_t now);

#endif
