/* SPDX-License-Identifier: BSD-3-Clause */
#include "xskring.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>

#include "../ours.h"
#include "../real.h"

enum { PLACES = MD_XSK_FRAMES, MASK = PLACES - 1 };
_Static_assert((PLACES & MASK) == 0, "rings have powers of two");

/* --- Mapping ---------------------------------------------------------------------------------------------------------- */

/* No child is to have it: as long as anybody has a ring mapped, its queue is taken. */
static uint8_t *map(size_t len, int fd, uint64_t at)
{
	long mapped = raw_call(SYS_mmap, 0, (long)len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, (long)at);

	if (mapped < 0 && mapped > -4096)
		return NULL;
	raw_call(SYS_madvise, mapped, (long)len, MADV_DONTFORK, 0, 0, 0);
	return (uint8_t *)(uintptr_t)mapped;
}

static void unmap(void *at, size_t len)
{
	if (at)
		raw_call(SYS_munmap, (long)(uintptr_t)at, (long)len, 0, 0, 0, 0);
}

static void *part(uint8_t *ring, uint64_t at)
{
	return ring + at;
}

static int map_rings(struct xskring *ring)
{
	struct xdp_mmap_offsets at;
	socklen_t len = sizeof(at);
	long err = raw_getsockopt(ring->fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &len);

	if (err)
		return (int)err;
	if (len != sizeof(at)) /* before Linux 5.4 */
		return -EOPNOTSUPP;
	ring->sending_len = (size_t)at.tx.desc + PLACES * sizeof(*ring->to_send);
	ring->completed_len = (size_t)at.cr.desc + PLACES * sizeof(*ring->done);
	ring->sending = map(ring->sending_len, ring->fd, XDP_PGOFF_TX_RING);
	ring->completed = map(ring->completed_len, ring->fd, XDP_UMEM_PGOFF_COMPLETION_RING);
	if (!ring->sending || !ring->completed)
		return -ENOMEM;
	ring->sending_producer = part(ring->sending, at.tx.producer);
	ring->sending_consumer = part(ring->sending, at.tx.consumer);
	ring->to_send = part(ring->sending, at.tx.desc);
	ring->completed_producer = part(ring->completed, at.cr.producer);
	ring->completed_consumer = part(ring->completed, at.cr.consumer);
	ring->done = part(ring->completed, at.cr.desc);
	return 0;
}

int xskring_map(struct xskring *ring, int fd, uint64_t cookie, int memory)
{
	int err;

	memset(ring, 0, sizeof(*ring));
	ring->fd = fd;
	ring->cookie = cookie;
	err = map_rings(ring);
	if (!err) {
		ring->page = (struct md_xsk_page *)(void *)map(MD_XSK_LEN, memory, 0);
		err = !ring->page ? -ENOMEM : ring->page->version != MD_XSK_VERSION ? -EPROTO : 0;
	}
	if (err) {
		xskring_unmap(ring);
		return err;
	}
	while (ring->spares < MD_XSK_FRAMES) {
		ring->spare[ring->spares] = (uint16_t)(MD_XSK_FRAMES - 1 - ring->spares);
		ring->spares++;
	}
	return 0;
}

void xskring_unmap(struct xskring *ring)
{
	unmap(ring->sending, ring->sending_len);
	unmap(ring->completed, ring->completed_len);
	unmap(ring->page, MD_XSK_LEN);
	ours_close(ring->cookie ? ring->fd : -1, ring->cookie);
	memset(ring, 0, sizeof(*ring));
}

/* --- Sending ---------------------------------------------------------------------------------------------------------- */

static void take_back(struct xskring *ring, unsigned frame)
{
	if (frame >= MD_XSK_FRAMES || !ring->lent[frame])
		return;
	ring->lent[frame] = false;
	ring->spare[ring->spares++] = (uint16_t)frame;
}

/* What the kernel is done with. */
static void reap(struct xskring *ring)
{
	uint32_t end = __atomic_load_n(ring->completed_producer, __ATOMIC_ACQUIRE);
	uint32_t at = *ring->completed_consumer;

	if (at == end)
		return;
	for (unsigned n = 0; at != end && n < PLACES; n++, at++)
		take_back(ring, (unsigned)(ring->done[at & MASK] / MD_XSK_FRAME));
	__atomic_store_n(ring->completed_consumer, at, __ATOMIC_RELEASE);
}

uint8_t *xskring_frame(struct xskring *ring)
{
	reap(ring);
	if (!ring->spares || *ring->sending_producer - __atomic_load_n(ring->sending_consumer, __ATOMIC_ACQUIRE) >= PLACES)
		return NULL;
	return (uint8_t *)ring->page + MD_XSK_FRAME + (size_t)ring->spare[ring->spares - 1] * MD_XSK_FRAME;
}

/* Has the kernel send what is in the ring. The application may have closed our number and opened something else there: an AF_XDP
 * socket looks at neither address nor control data, and every other one refuses these before it sends anything, being no
 * family's address and a time that was never switched on. */
static long kick(int fd)
{
	struct sockaddr_xdp nowhere = { .sxdp_family = AF_XDP };
	union {
		struct cmsghdr align;
		uint8_t octets[CMSG_SPACE(sizeof(uint64_t))];
	} time;
	struct msghdr msg = { .msg_name = &nowhere, .msg_namelen = sizeof(nowhere), .msg_control = &time, .msg_controllen = sizeof(time) };

	memset(&time, 0, sizeof(time));
	time.align.cmsg_level = SOL_SOCKET;
	time.align.cmsg_type = SCM_TXTIME;
	time.align.cmsg_len = CMSG_LEN(sizeof(uint64_t));
	return raw_sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* It did not get out, and must not some time later: the kernel passes over a place that points to no frame. */
static int failed(struct xskring *ring, struct xdp_desc *place, unsigned frame, long err)
{
	place->addr = UINT64_MAX - MD_XSK_FRAME;
	if (err == -EBUSY) /* the interface dropped it, and the frame comes back as one that was sent */
		return -ENETDOWN;
	take_back(ring, frame);
	if (err == -EAGAIN || err == -ENOBUFS || err == -ENOMEM)
		return -EAGAIN;
	if (!ours_still(ring->fd, ring->cookie))
		return -EBADF;
	/* A queue that the interface no longer has says nothing. */
	return err == -ENETDOWN ? -ENETDOWN : -ENXIO;
}

/* The socket copies, so the kernel takes from the ring in this call and at no other time. Whatever it says but success means that
 * the datagram, the only one, is not out. */
int xskring_send(struct xskring *ring, size_t len)
{
	uint32_t at = *ring->sending_producer;
	struct xdp_desc *place = &ring->to_send[at & MASK];
	unsigned frame = ring->spare[--ring->spares];
	long err;

	ring->lent[frame] = true;
	*place = (struct xdp_desc){ .addr = (uint64_t)frame * MD_XSK_FRAME, .len = (uint32_t)len };
	__atomic_store_n(ring->sending_producer, at + 1, __ATOMIC_RELEASE);
	err = kick(ring->fd);
	if (err >= 0 && __atomic_load_n(ring->sending_consumer, __ATOMIC_ACQUIRE) == at + 1)
		return 0;
	return failed(ring, place, frame, err);
}
