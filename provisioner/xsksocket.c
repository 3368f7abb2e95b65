/* SPDX-License-Identifier: BSD-3-Clause
 *
 * libxdp makes the socket and its frames. It would bind it as well, by xsk_socket__create(), but in one step with mapping its
 * rings, and the kernel lets nobody map the rings of a bound socket: one that is to be lent is bound later, by hand. It never
 * receives, so there is no program to be loaded and nothing is taken from anybody else. */
#include "xsksocket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_xdp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xdp/xsk.h>

enum { NOTHING_RECEIVED = 64 }; /* places in the ring of frames to receive into, which the kernel insists on */

static struct xsk_ring_prod unused_fill;
static struct xsk_ring_cons unused_completion;

/* Nobody can cut it under us: what we write has its place. */
static int make_memory(struct xsksocket *s)
{
	s->memory = memfd_create("mdshim-afxdp", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (s->memory < 0 || ftruncate(s->memory, MD_XSK_LEN) < 0 ||
		fcntl(s->memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	s->page = mmap(NULL, MD_XSK_FRAME, PROT_READ | PROT_WRITE, MAP_SHARED, s->memory, 0);
	if (s->page == MAP_FAILED) {
		s->page = NULL;
		return -errno;
	}
	s->page->version = MD_XSK_VERSION;
	return 0;
}

/* The kernel keeps the frames' pages; our view of them is needed for this call only. */
static int make_umem(struct xsksocket *s)
{
	const struct xsk_umem_config config = { .fill_size = NOTHING_RECEIVED, .comp_size = MD_XSK_FRAMES,
		.frame_size = MD_XSK_FRAME };
	size_t len = (size_t)MD_XSK_FRAMES * MD_XSK_FRAME;
	void *frames = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, s->memory, MD_XSK_FRAME);
	int err;

	if (frames == MAP_FAILED)
		return -errno;
	err = xsk_umem__create(&s->umem, frames, len, &unused_fill, &unused_completion, &config);
	munmap(frames, len);
	if (err)
		s->umem = NULL;
	return err;
}

int xsksocket_make(struct xsksocket *s)
{
	const int places = MD_XSK_FRAMES;
	int err;

	*s = (struct xsksocket){ .fd = -1, .memory = -1 };
	err = make_memory(s);
	if (!err)
		err = make_umem(s);
	if (!err) {
		s->fd = xsk_umem__fd(s->umem);
		if (fcntl(s->fd, F_SETFD, FD_CLOEXEC) < 0 || setsockopt(s->fd, SOL_XDP, XDP_TX_RING, &places, sizeof(places)) < 0)
			err = -errno;
	}
	if (err)
		xsksocket_close(s);
	return err;
}

/* Copies, on whatever interface: without that, when a frame may be written again depends on the driver. */
int xsksocket_bind(struct xsksocket *s, uint32_t index, uint32_t queue)
{
	const struct sockaddr_xdp at = { .sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY | XDP_USE_NEED_WAKEUP,
		.sxdp_ifindex = index, .sxdp_queue_id = queue };

	if (bind(s->fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	xsk_umem__delete(s->umem);
	s->umem = NULL;
	s->fd = -1;
	return 0;
}

void xsksocket_close(struct xsksocket *s)
{
	if (s->umem)
		xsk_umem__delete(s->umem); /* and closes the socket */
	if (s->page)
		munmap(s->page, MD_XSK_FRAME);
	if (s->memory >= 0)
		close(s->memory);
	*s = (struct xsksocket){ .fd = -1, .memory = -1 };
}
