/* SPDX-License-Identifier: BSD-3-Clause */
#include "xskring.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>

#include "../ours.h"
#include "../real.h"

enum {
	PLACES = MD_XSK_FRAMES, MASK = PLACES - 1,
	RING_ROOM = 65536,           /* octets, more than a ring of so many places takes */
	ROOM = MD_XSK_LEN + 2 * RING_ROOM
};
_Static_assert((PLACES & MASK) == 0, "rings have powers of two");

/* --- Mapping ---------------------------------------------------------------------------------------------------------- */

static long map(uint8_t *to, size_t len, int flags, int fd, uint64_t at)
{
	long mapped = raw_call(SYS_mmap, (long)(uintptr_t)to, (long)len, PROT_READ | PROT_WRITE, flags, fd, (long)at);

	return mapped < 0 && mapped > -4096 ? mapped : 0;
}

/* No child is to have it: as long as anybody has a ring mapped, its queue is taken. */
static int map_shared(uint8_t *to, size_t len, int fd, uint64_t at)
{
	long err = map(to, len, MAP_SHARED | MAP_POPULATE | MAP_FIXED, fd, at);

	return err ? (int)err : (int)raw_call(SYS_madvise, (long)(uintptr_t)to, (long)len, MADV_DONTFORK, 0, 0, 0);
}

static bool has_room(struct xskring *ring)
{
	long at;

	if (ring->room)
		return true;
	at = raw_call(SYS_mmap, 0, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at < 0 && at > -4096)
		return false;
	ring->room = (uint8_t *)(uintptr_t)at;
	ring->page = (struct md_xsk_page *)(void *)ring->room;
	return true;
}

static void *part(uint8_t *ring, uint64_t at)
{
	return ring + at;
}

static int map_rings(struct xskring *ring)
{
	uint8_t *sending = ring->room + MD_XSK_LEN, *completed = sending + RING_ROOM;
	struct xdp_mmap_offsets at = { .tx = { 0 } };
	socklen_t len = sizeof(at);
	long err = raw_getsockopt(ring->fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &len);
	size_t sending_len, completed_len;

	if (err)
		return (int)err;
	if (len != sizeof(at)) /* before Linux 5.4 */
		return -EOPNOTSUPP;
	sending_len = (size_t)at.tx.desc + PLACES * sizeof(*ring->to_send);
	completed_len = (size_t)at.cr.desc + PLACES * sizeof(*ring->done);
	if (sending_len > RING_ROOM || completed_len > RING_ROOM)
		return -ENOMEM;
	ring->sending_producer = part(sending, at.tx.producer);
	ring->sending_consumer = part(sending, at.tx.consumer);
	ring->to_send = part(sending, at.tx.desc);
	ring->completed_producer = part(completed, at.cr.producer);
	ring->completed_consumer = part(completed, at.cr.consumer);
	ring->done = part(completed, at.cr.desc);
	err = map_shared(sending, sending_len, ring->fd, XDP_PGOFF_TX_RING);
	return err ? (int)err : map_shared(completed, completed_len, ring->fd, XDP_UMEM_PGOFF_COMPLETION_RING);
}

int xskring_map(struct xskring *ring, int fd, uint64_t cookie, int memory)
{
	int err;

	ring->fd = fd;
	ring->cookie = cookie;
	err = has_room(ring) ? map_rings(ring) : -ENOMEM;
	if (!err)
		err = map_shared(ring->room, MD_XSK_LEN, memory, 0);
	if (!err && ring->page->version != MD_XSK_VERSION)
		err = -EPROTO;
	if (err) {
		xskring_unmap(ring);
		return err;
	}
	memset(ring->lent, 0, sizeof(ring->lent));
	for (unsigned i = 0; i < MD_XSK_FRAMES; i++)
		ring->spare[i] = (uint16_t)(MD_XSK_FRAMES - 1 - i);
	ring->spares = MD_XSK_FRAMES;
	ring->waiting = 0;
	return 0;
}

/* What was mapped makes room for memory that is nobody else's. */
void xskring_unmap(struct xskring *ring)
{
	if (ring->room)
		map(ring->room, ROOM, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	ours_close(ring->cookie ? ring->fd : -1, ring->cookie);
	ring->cookie = 0;
	ring->spares = 0;
}

/* --- Sending ---------------------------------------------------------------------------------------------------------- */

static void take_back(struct xskring *ring, unsigned frame)
{
	unsigned n = ring->spares;

	if (frame >= MD_XSK_FRAMES || n >= MD_XSK_FRAMES || !ring->lent[frame])
		return;
	ring->lent[frame] = false;
	ring->spare[n] = (uint16_t)frame;
	ring->spares = n + 1;
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

static uint32_t places_taken(const struct xskring *ring)
{
	return *ring->sending_producer - __atomic_load_n(ring->sending_consumer, __ATOMIC_ACQUIRE) + ring->waiting;
}

/* Places with nothing in them are left where sending failed: the kernel passes over them when it can send again. */
static bool has_place(struct xskring *ring)
{
	if (places_taken(ring) < PLACES)
		return true;
	if (!ring->waiting)
		kick(ring->fd);
	return places_taken(ring) < PLACES;
}

uint8_t *xskring_frame(struct xskring *ring)
{
	unsigned n;

	reap(ring);
	n = ring->spares;
	if (!n || n > MD_XSK_FRAMES || ring->waiting >= XSK_ROW || !has_place(ring))
		return NULL;
	ring->given = ring->spare[n - 1] & MASK;
	ring->lent[ring->given] = true;
	ring->spares = n - 1;
	return (uint8_t *)ring->page + MD_XSK_FRAME + (size_t)ring->given * MD_XSK_FRAME;
}

void xskring_give_back(struct xskring *ring)
{
	take_back(ring, ring->given);
}

void xskring_begin(struct xskring *ring)
{
	for (unsigned i = 0; i < ring->waiting && i < XSK_ROW; i++)
		take_back(ring, ring->row[i]);
	ring->waiting = 0;
}

static struct xdp_desc *place_at(const struct xskring *ring, uint32_t at)
{
	return &ring->to_send[at & MASK];
}

void xskring_put(struct xskring *ring, size_t len)
{
	unsigned n = ring->waiting;

	if (n >= XSK_ROW)
		return;
	*place_at(ring, *ring->sending_producer + n) = (struct xdp_desc){ .addr = (uint64_t)ring->given * MD_XSK_FRAME, .len = (uint32_t)len };
	ring->row[n] = ring->given;
	ring->waiting = n + 1;
}

/* Those from a place on did not get out, and must not some time later: the kernel passes over a place that points to no frame. One
 * that the interface dropped comes back as if it had been sent. */
static void call_off(struct xskring *ring, uint32_t first, unsigned from, unsigned n, bool dropped)
{
	for (unsigned i = from; i < n; i++) {
		place_at(ring, first + i)->addr = UINT64_MAX - MD_XSK_FRAME;
		if (i > from || !dropped)
			take_back(ring, ring->row[i]);
	}
}

static int said(const struct xskring *ring, long err)
{
	if (err == -EAGAIN || err == -ENOBUFS || err == -ENOMEM || err >= 0)
		return -EAGAIN;
	if (err == -EBUSY)
		return -ENETDOWN;
	if (!ours_still(ring->fd, ring->cookie))
		return -EBADF;
	/* A queue that the interface no longer has says nothing. */
	return err == -ENETDOWN ? -ENETDOWN : -ENXIO;
}

/* The socket copies, so the kernel takes from the ring in this call and at no other time, one place after the other up to the first
 * that fails. One that the interface dropped (-EBUSY) counts as taken where others were before it, and else does not. */
unsigned xskring_send(struct xskring *ring, int *err)
{
	uint32_t first = *ring->sending_producer;
	unsigned n = ring->waiting, sent;
	long answer;

	ring->waiting = 0;
	*err = 0;
	if (!n || n > XSK_ROW)
		return 0;
	__atomic_store_n(ring->sending_producer, first + n, __ATOMIC_RELEASE);
	answer = kick(ring->fd);
	sent = __atomic_load_n(ring->sending_consumer, __ATOMIC_ACQUIRE) - first;
	if (answer >= 0 && sent == n)
		return n;
	/* Behind what an earlier call left, none of these was looked at; and the ring is memory that others may write to. */
	if (sent > n)
		sent = 0;
	if (answer == -EBUSY && sent)
		sent--;
	call_off(ring, first, sent, n, answer == -EBUSY);
	*err = said(ring, answer);
	return sent;
}
