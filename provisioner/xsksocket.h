/* SPDX-License-Identifier: BSD-3-Clause
 *
 * xsksocket.h - an AF_XDP socket that only sends, whose frames and rings somebody else maps. */
#ifndef PROVISION_XSKSOCKET_H
#define PROVISION_XSKSOCKET_H

#include <mdshim/xsk.h>

struct xsk_umem;

struct xsksocket {
	int fd, memory;              /* the socket; the page and the frames behind it */
	struct md_xsk_page *page;
	struct xsk_umem *umem;
};

/* Makes one in the network namespace that we are in. 0 or -errno. */
int xsksocket_make(struct xsksocket *socket);

/* Binds it, once its rings are mapped: 0 or -errno. From then on it is for others to send by; fd is closed. */
int xsksocket_bind(struct xsksocket *socket, uint32_t index, uint32_t queue);

/* Lets go of everything; a bound socket lives as long as somebody has it. */
void xsksocket_close(struct xsksocket *socket);

#endif
