/* SPDX-License-Identifier: BSD-3-Clause
 *
 * xskring.h - the rings and frames of an AF_XDP socket that only sends, as mdshim/xsk.h lends it. Used by one thread at a
 * time. */
#ifndef MD_EGRESS_XSKRING_H
#define MD_EGRESS_XSKRING_H

#include <linux/if_xdp.h>
#include <mdshim/xsk.h>
#include <stdbool.h>
#include <stddef.h>

enum { XSK_ROW = 32 };               /* datagrams of one system call; so many the kernel takes at a time */

/* All zero: none. Once it was mapped everything in it points to memory of ours for good: should a thread be taken for one that
 * never comes back, and come back, it does no harm but to a datagram. */
struct xskring {
	int fd;
	uint64_t cookie;
	uint8_t *room;               /* addresses kept for what is mapped */
	struct md_xsk_page *page;    /* the frames are behind it */
	uint32_t *sending_producer, *sending_consumer, *completed_producer, *completed_consumer;
	struct xdp_desc *to_send;
	uint64_t *done;
	unsigned spares;             /* frames that nobody uses: */
	uint16_t spare[MD_XSK_FRAMES];
	uint16_t given;              /* the one that xskring_frame() gave last */
	unsigned waiting;            /* put, and not sent yet: */
	uint16_t row[XSK_ROW];
	bool lent[MD_XSK_FRAMES];    /* to the kernel, or given */
};

/* Maps what was lent; a forked child gets none of it. The socket becomes the ring's, also where it fails. memory stays the
 * caller's. 0 or -errno. */
int xskring_map(struct xskring *ring, int fd, uint64_t cookie, int memory);

/* Lets go of everything. */
void xskring_unmap(struct xskring *ring);

/* What still waits was left by a thread that will not come back for it, and is not sent. */
void xskring_begin(struct xskring *ring);

/* A frame of MD_XSK_FRAME octets to write into, or NULL: the kernel has all of them, or XSK_ROW wait. It has to be put, or given
 * back. */
uint8_t *xskring_frame(struct xskring *ring);
void xskring_give_back(struct xskring *ring);

/* The first len octets of the frame that xskring_frame() gave last wait to be sent. */
void xskring_put(struct xskring *ring, size_t len);

/* Sends what waits, in order; nothing waits any more then. How many got out, and *err: 0: all of them; else -errno of the first that
 * did not: -EAGAIN, there is no room; -EBADF, the number is no longer our socket; -ENXIO, it no longer has an interface;
 * -ENETDOWN. */
unsigned xskring_send(struct xskring *ring, int *err);

#endif
