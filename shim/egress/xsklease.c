/* SPDX-License-Identifier: BSD-3-Clause */
#include "xsklease.h"

#include <errno.h>
#include <string.h>

#include "../age.h"
#include "../ours.h"
#include "../real.h"

enum { PATIENCE_MS = 3000, REFUSED_MS = 4000, SILENCE_MS = 5 * MD_XSK_BEAT_MS };

void xsklease_drop(struct xsklease *lease)
{
	xskring_unmap(&lease->ring);
	broker_drop(&lease->line);
	lease->stage = XSKLEASE_NONE;
	lease->named = 0;
	lease->beat_at = 0;
	lease->down = false;
}

/* --- Asking ----------------------------------------------------------------------------------------------------------- */

/* The application may have closed the tunnel's socket; it is made anew then, within a second. */
static int ask(struct xsklease *lease, unsigned router, const struct outlet_tunnel *tunnel, uint32_t now)
{
	int err;

	if (!ours_still(tunnel->fd, tunnel->cookie))
		return -EAGAIN;
	err = broker_ask(&lease->line, MD_BROKER_XSK, (uint8_t)router, tunnel->fd, now);
	if (err)
		return err;
	lease->stage = XSKLEASE_ASKED;
	lease->since = now;
	lease->named = (uint32_t)1 << router;
	return -EAGAIN;
}

/* Two descriptors of the kernel's making, or nothing. */
static bool unpack(struct msghdr *msg, int came[static 2])
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	unsigned n = 0;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len > CMSG_LEN(0))
		n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	if (n > 2)
		n = 2;
	came[0] = came[1] = -1;
	if (n)
		memcpy(came, CMSG_DATA(c), n * sizeof(int));
	return n == 2;
}

static int understand(const struct md_broker_answer *answer, long n)
{
	if (n < 0)
		return (int)n;
	if (n != sizeof(*answer) || answer->version != MD_BROKER_VERSION || answer->what != MD_BROKER_XSK)
		return n ? -EPROTO : -ECONNRESET;
	return answer->error > 0 && answer->error < 4096 ? -answer->error : answer->error ? -EPROTO : 0;
}

/* The socket is moved to where ours live; the memory is needed for a moment only. */
static int take(struct xsklease *lease, const int came[static 2])
{
	uint64_t cookie;
	int err, fd = ours_adopt(came[0], &cookie);

	if (fd < 0)
		return fd;
	err = xskring_map(&lease->ring, fd, cookie, came[1]);
	if (!err)
		err = broker_say(&lease->line, MD_BROKER_XSK_MAPPED, 0, -1);
	if (!err)
		lease->stage = XSKLEASE_MAPPED;
	return err;
}

static int hear(struct xsklease *lease)
{
	struct md_broker_answer answer = { 0 };
	struct iovec piece = { &answer, sizeof(answer) };
	union {
		struct cmsghdr align;
		uint8_t octets[CMSG_SPACE(2 * sizeof(int))];
	} control = { 0 };
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	int came[2], err;
	bool both;
	long n;

	if (!ours_still(lease->line.fd, lease->line.cookie))
		return -ECONNRESET;
	n = raw_call(SYS_recvmsg, lease->line.fd, (long)&msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, 0, 0, 0);
	if (n == -EAGAIN)
		return -EAGAIN;
	both = n >= 0 && unpack(&msg, came);
	err = understand(&answer, n);
	if (!err && !both)
		err = -EPROTO;
	if (!err) {
		err = take(lease, came);
		came[0] = -1; /* it is ours now, or closed */
	}
	for (unsigned i = 0; n >= 0 && i < 2; i++)
		if (came[i] >= 0)
			raw_close(came[i]);
	return err ? err : -EAGAIN;
}

/* --- Using ------------------------------------------------------------------------------------------------------------ */

/* Whether somebody still looks after the link addresses, if that is necessary. */
static bool is_looked_after(struct xsklease *lease, const struct md_xsk_page *page, uint32_t now)
{
	uint32_t beat = __atomic_load_n(&page->beat, __ATOMIC_RELAXED);

	if (beat != lease->beat || !lease->beat_at) {
		lease->beat = beat;
		lease->beat_at = age_note(now);
	}
	return page->fixed || age_below(now, lease->beat_at, SILENCE_MS);
}

static bool reaches_another(const struct md_xsk_page *page)
{
	for (unsigned i = 0; i < MD_XSK_HOPS; i++) {
		uint64_t hop = __atomic_load_n(&page->hop[i], __ATOMIC_RELAXED);

		if ((hop & MD_XSK_HOP_KNOWN) && !MD_XSK_HOP_ERROR(hop))
			return true;
	}
	return false;
}

static int next_hop(struct xsklease *lease, unsigned router, const struct outlet_tunnel *tunnel, uint8_t to[static 6])
{
	const struct md_xsk_page *page = lease->ring.page;
	uint64_t hop = __atomic_load_n(&page->hop[router], __ATOMIC_ACQUIRE);
	uint32_t bit = (uint32_t)1 << router;
	int err;

	if (!(hop & MD_XSK_HOP_KNOWN)) {
		if (lease->named & bit || !ours_still(tunnel->fd, tunnel->cookie))
			return -EAGAIN;
		lease->named |= bit;
		err = broker_say(&lease->line, MD_BROKER_XSK, (uint8_t)router, tunnel->fd);
		return err ? err : -EAGAIN;
	}
	err = MD_XSK_HOP_ERROR(hop);
	if (err)
		return reaches_another(page) ? -EAGAIN : -err;
	for (unsigned i = 0; i < 6; i++)
		to[i] = (uint8_t)(hop >> 8 * i);
	return 0;
}

static int use(struct xsklease *lease, unsigned router, const struct outlet_tunnel *tunnel, uint32_t now, uint8_t to[static 6])
{
	const struct md_xsk_page *page = lease->ring.page;

	switch (__atomic_load_n(&page->state, __ATOMIC_ACQUIRE)) {
	case MD_XSK_BOUND: break;
	case MD_XSK_GONE: return page->error && page->error < 4096 ? -(int)page->error : -ENXIO;
	default: return -EAGAIN;
	}
	lease->since = now; /* nothing is waited for */
	if (lease->down) {
		lease->down = false; /* it is tried again when egress asks again */
		return -ENETDOWN;
	}
	return is_looked_after(lease, page, now) ? next_hop(lease, router, tunnel, to) : -ETIMEDOUT;
}

/* Whether an error leaves the lease as it is. */
static bool may_pass(int err)
{
	return err == -EAGAIN || err == -EHOSTUNREACH || err == -ENETUNREACH || err == -ENETDOWN;
}

int xsklease_ready(struct xsklease *lease, unsigned router, const struct outlet_tunnel *tunnel, uint32_t now, uint8_t to[static 6])
{
	int err;

	switch (lease->stage) {
	case XSKLEASE_REFUSED:
		if (age_below(now, lease->since, REFUSED_MS))
			return lease->error;
		lease->stage = XSKLEASE_NONE;
		/* fall through */
	case XSKLEASE_NONE: err = ask(lease, router, tunnel, now); break;
	case XSKLEASE_ASKED: err = hear(lease); break;
	default: err = use(lease, router, tunnel, now, to);
	}
	if (err == -EAGAIN && lease->stage != XSKLEASE_NONE && !age_below(now, lease->since, PATIENCE_MS))
		err = -ETIMEDOUT;
	if (!err || may_pass(err))
		return err;
	xsklease_drop(lease);
	lease->stage = XSKLEASE_REFUSED;
	lease->since = now;
	lease->error = err;
	return err;
}
