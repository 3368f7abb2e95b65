/* SPDX-License-Identifier: BSD-3-Clause
 *
 * split.c - a segment train (UDP_SEGMENT) of which datagrams are wrapped: it goes out segment by segment. */
#include <errno.h>
#include <pthread.h>

#include "hall.h"
#include "real.h"
#include "why.h"

/* The octets of a message from at on, as iovecs of their own. */
static size_t slice(const struct octets *part, struct iovec *iov, size_t room)
{
	struct octets rest = *part;
	size_t n = 0;

	while (rest.len && n < room) {
		iov[n++] = (struct iovec){ (void *)(uintptr_t)rest.flat, rest.flat_len };
		rest = octets_from(&rest, rest.flat_len);
	}
	return rest.len ? 0 : n;
}

/* The real functions are cancellation points; a thread cancelled there would keep the socket's record pinned. */
static ssize_t uncancelled_sendmsg(const struct call *call, const struct msghdr *msg)
{
	ssize_t sent;
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	sent = real.sendmsg(call->fd, msg, call->flags);
	pthread_setcancelstate(state, &state);
	return sent;
}

/* One segment of a train, natively, by itself. */
__attribute__((noinline)) ssize_t split_segment(const struct call *call, const struct packet *packet)
{
	union {
		struct cmsghdr align;
		uint8_t octets[CONTROL_MAX];
	} control;
	struct iovec iov[PARCEL_PIECES];
	struct msghdr msg = *packet->msg;
	long len = control_without_segment(packet->msg, &control, sizeof(control));

	msg.msg_iov = iov;
	msg.msg_iovlen = slice(&packet->data, iov, PARCEL_PIECES);
	if (len < 0 || !msg.msg_iovlen) {
		errno = EMSGSIZE;
		return -1;
	}
	msg.msg_control = len ? &control : NULL;
	msg.msg_controllen = (size_t)len;
	return uncancelled_sendmsg(call, &msg);
}

bool split_worth(struct call *call, struct packet *packet, const struct octets *all, uint32_t segment, enum md_aside *why)
{
	for (size_t at = 0; at < all->len; at += segment) {
		packet->data = octets_from(all, at);
		packet->data = octets_first(&packet->data, segment);
		*why = path_judge(call, packet);
		if (*why == MD_ASIDE_COUNT)
			return true;
	}
	return false;
}

/* Those that wait go out. False: the first of the train could not be sent at all. */
static bool flush(struct call *call)
{
	unsigned at;

	return batch_flush(call, &at) == 0;
}

ssize_t split_send(struct call *call, struct packet *packet, const struct octets *all, uint32_t segment)
{
	unsigned i = 0;

	for (size_t at = 0; at < all->len; at += segment, i++) {
		enum md_aside why;

		packet->data = octets_from(all, at);
		packet->data = octets_first(&packet->data, segment);
		if (batch_full(call) && !flush(call))
			return -1;
		tally_count(&call->tally, MD_C_SEEN, 1);
		why = path_judge(call, packet);
		if (why == MD_ASIDE_COUNT)
			why = path_take_along(call, packet, i, true);
		why_packet(call, packet, why);
		if (why == MD_ASIDE_COUNT)
			continue;
		tally_aside(&call->tally, why, 1);
		if (!flush(call) || (split_segment(call, packet) < 0 && at == 0))
			return -1;
	}
	if (!flush(call))
		return -1;
	tally_count(&call->tally, MD_C_SEGMENTED, 1);
	return (ssize_t)all->len;
}
