/* SPDX-License-Identifier: BSD-3-Clause
 *
 * afxdp.c - engine "afxdp": whole Ethernet frames by an AF_XDP socket that the provisioner lends (mdshim/xsk.h). It goes by the
 * kernel's network layers, and so by all that decides there: routes, filters, queues, marks. For tunnel mode, where there is one
 * place to go to, and only where both configurations name it.
 *
 * There is one for the process, and one thread sends by it at a time. Who finds another at it waits no longer than such a send takes,
 * and then sends by the next engine. */
#include <errno.h>
#include <net/ethernet.h>
#include <string.h>
#include <time.h>

#include "../egress.h"
#include "../process.h"
#include "../real.h"
#include "selftest.h"
#include "xsklease.h"

enum {
	LINK = ETHER_HDR_LEN,
	AREA_MAX = 1280,             /* no more has a datagram that fits a frame */
	ROOM_WAITS = 50, ROOM_WAIT_NS = 200000
};
_Static_assert((int)CONFIG_ROUTERS <= (int)MD_XSK_HOPS, "every router has its place");

static struct xsklease *lease;   /* a child that forked away finds it empty */
static uint8_t next_hop[6];      /* under the claim: where the datagram at hand goes */

/* The whole frame; its length, or 0: it does not fit. */
static size_t write_frame(uint8_t *frame, size_t room, const uint8_t to[static 6], const uint8_t from[static 6],
	const struct parcel *parcel)
{
	const uint16_t type = htons(parcel->tuple.version == 4 ? ETHERTYPE_IP : ETHERTYPE_IPV6);
	ptrdiff_t len = md_headers_write(frame + LINK, room - LINK, &parcel->tuple, &parcel->ip, parcel->user_len, parcel_sum(parcel),
		parcel->area_len);
	size_t at = LINK + (size_t)len;

	if (len < 0 || parcel->user_len + parcel->area_len > room - at)
		return 0;
	memcpy(frame, to, 6);
	memcpy(frame + 6, from, 6);
	memcpy(frame + 12, &type, sizeof(type));
	for (unsigned i = 1; i < parcel->pieces; i++) {
		memcpy(frame + at, parcel->piece[i].iov_base, parcel->piece[i].iov_len);
		at += parcel->piece[i].iov_len;
	}
	return at;
}

/* Whatever the application asked of the kernel for its socket that nobody would do here. */
static bool is_usual(const struct view *view)
{
	return !view->mark && !view->device[0] && view->pacing == UINT64_MAX;
}

static bool fits(const struct parcel *parcel)
{
	size_t headers = parcel->tuple.version == 4 ? MD_IPV4_HEADERS : MD_IPV6_HEADERS;
	size_t len = headers + parcel->user_len + parcel->area_len;

	return len <= MD_XSK_FRAME - LINK && len <= __atomic_load_n(&lease->ring.page->mtu, __ATOMIC_RELAXED);
}

static void wait_for_room(void)
{
	struct timespec moment = { 0, ROOM_WAIT_NS };

	raw_call(SYS_ppoll, 0, 0, (long)&moment, 0, 0, 0);
}

/* Another thread sends by it: that is as if it were full. */
static bool take_turn(const struct parcel *parcel, uint32_t now)
{
	bool mine = claim_take(&lease->claim, now);

	for (int i = 0; !mine && parcel->may_block && i < ROOM_WAITS; i++) {
		wait_for_room();
		mine = claim_take(&lease->claim, now);
	}
	return mine;
}

/* With success the claim is kept; sending drops it. */
static int afxdp_arm(struct sock *sock, const struct view *view, const struct parcel *parcel, uint32_t now, void **handle)
{
	const struct outlet_tunnel *tunnel = parcel->router >= 0 ? outlet_ready_tunnel(sock, parcel->router) : NULL;
	int err;

	*handle = lease;
	if (!lease)
		return -ENOMEM;
	if (!tunnel || !is_usual(view))
		return -EOPNOTSUPP;
	if (!take_turn(parcel, now))
		return -EAGAIN;
	atomic_store_explicit(&lease->used, now, memory_order_relaxed);
	xskring_begin(&lease->ring);
	err = xsklease_ready(lease, (unsigned)parcel->router, tunnel, now, next_hop);
	if (!err && !fits(parcel))
		err = -EMSGSIZE;
	if (err)
		claim_drop(&lease->claim);
	return err == -EAGAIN ? -EOPNOTSUPP : err == -EBUSY ? -EADDRINUSE : err;
}

/* Into the ring, not yet out. 0, or -errno. */
static int put_one(const struct parcel *parcel)
{
	uint64_t source = __atomic_load_n(&lease->ring.page->source, __ATOMIC_RELAXED);
	uint8_t *frame, from[6];
	size_t len;

	if (!fits(parcel))
		return -EMSGSIZE;
	frame = xskring_frame(&lease->ring);
	if (!frame)
		return -EAGAIN;
	for (unsigned i = 0; i < 6; i++)
		from[i] = (uint8_t)(source >> 8 * i);
	len = write_frame(frame, MD_XSK_FRAME, next_hop, from, parcel);
	if (len)
		xskring_put(&lease->ring, len);
	else
		xskring_give_back(&lease->ring);
	return len ? 0 : -EMSGSIZE;
}

/* As many as one system call takes. The number sent, or -errno of the first. */
static int send_row(struct parcel *const *parcel, unsigned n)
{
	unsigned put = 0, sent;
	int err = 0, why = 0;

	while (put < n && put < XSK_ROW && !err) {
		err = put_one(parcel[put]);
		put += !err;
	}
	if (!put)
		return err;
	sent = xskring_send(&lease->ring, &why);
	return sent ? (int)sent : why;
}

/* What the interface did not take, the next engine may send: for egress that is what -EPERM means. */
static int afxdp_send(void *handle, struct parcel *const *parcel, unsigned n)
{
	struct xsklease *mine = handle;
	unsigned sent = 0;
	int err = 0;

	while (sent < n && err >= 0) {
		err = send_row(parcel + sent, n - sent);
		for (int i = 0; err == -EAGAIN && parcel[sent]->may_block && i < ROOM_WAITS; i++) {
			wait_for_room();
			err = send_row(parcel + sent, n - sent);
		}
		if (err > 0)
			sent += (unsigned)err;
	}
	if (err == -ENXIO)
		xsklease_drop(mine);
	mine->down = err == -ENETDOWN;
	claim_drop(&mine->claim);
	return sent ? (int)sent : err == -ENXIO || err == -ENETDOWN ? -EPERM : err;
}

/* The number was stolen. */
static void afxdp_disarm(void *handle)
{
	struct xsklease *mine = handle;

	if (!claim_try(&mine->claim, atomic_load_explicit(&mine->used, memory_order_relaxed)))
		return;
	xsklease_drop(mine);
	claim_drop(&mine->claim);
}

/* There is no interface yet that something could be sent to ourselves by; what can be seen is whether a frame says what it is to
 * say. The socket itself is asked for with the first datagram. */
static int afxdp_test(uint8_t version)
{
	static const uint8_t nobody[6];
	uint8_t frame[LINK + MD_IPV6_HEADERS + SELFTEST_USER + SELFTEST_AREA];
	struct selftest test;
	struct md_datagram datagram;
	enum md_reason reason;
	struct parcel parcel = { .router = -1, .user_len = SELFTEST_USER, .area_len = SELFTEST_AREA, .pieces = 3, .ip = { .ttl = 64, .df = true } };
	size_t len;

	if (!lease)
		lease = process_memory(sizeof(*lease));
	if (!lease)
		return -ENOMEM;
	selftest_fill(&test, version);
	parcel.tuple = test.tuple;
	parcel.piece[1] = (struct iovec){ test.user, sizeof(test.user) };
	parcel.piece[2] = (struct iovec){ test.area, sizeof(test.area) };
	len = write_frame(frame, sizeof(frame), nobody, nobody, &parcel);
	if (!len || md_datagram_read(frame + LINK, len - LINK, &datagram, &reason) != 0 || datagram.user_len != SELFTEST_USER ||
		memcmp(datagram.user, test.user, SELFTEST_USER) != 0 || datagram.surplus_len != SELFTEST_AREA ||
		memcmp(datagram.surplus, test.area, SELFTEST_AREA) != 0)
		return -EBADMSG;
	return -EINPROGRESS;
}

const struct engine engine_afxdp = { MD_ENGINE_AFXDP, true, AREA_MAX, afxdp_test, afxdp_arm, afxdp_send, NULL, NULL,
	afxdp_disarm, true, true };
