/* SPDX-License-Identifier: BSD-3-Clause
 *
 * xsk.h - lends AF_XDP sockets to those whom the configuration names (include/mdshim/xsk.h), and tells them to which link
 * address their routers' datagrams go, as long as they live.
 *
 * In a thread of its own, since whoever holds a lease counts on its beat. */
#ifndef PROVISION_XSK_H
#define PROVISION_XSK_H

#include "config.h"
#include "peer.h"

struct xsk;

/* If the configuration has an [afxdp]: *out is NULL otherwise. It stays the caller's, and unchanged. 0 or -errno. */
int xsk_open(struct xsk **out, const struct config *config);

/* Begins to look after what is lent. 0 or -errno. */
int xsk_run(struct xsk *xsk);

/* Takes back what is lent, and ends. False: the thread does not end, and all that is its is left to it. */
bool xsk_close(struct xsk *xsk);

/* A process asks for one by its connection, in the network namespace netns (-1: ours), to send to the router that the UDP socket
 * udp is connected to, which is number router. Answers it, and keeps the connection; both descriptors stay the caller's. Or an
 * errno that is to be answered: ENOPROTOOPT, not offered; EACCES, no section names it; EINVAL; others. */
int xsk_lend(struct xsk *xsk, int connection, const struct peer *peer, int netns, int udp, uint8_t router);

#endif
