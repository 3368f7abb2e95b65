/* SPDX-License-Identifier: BSD-3-Clause
 *
 * split.c - a segment train (UDP_SEGMENT) of which datagrams are wrapped: it goes out segment by segment. */
#include <errno.h>
#include <pthread.h>

#include "follow.h"
#include "hall.h"
#include "real.h"
#include "run.h"
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

__attribute__((noinline)) ssize_t split_plainly(const struct call *call, const struct msghdr *of, const struct octets *octets)
{
	union {
		struct cmsghdr align;
		uint8_t octets[CONTROL_MAX];
	} control;
	struct iovec iov[PARCEL_PIECES];
	struct msghdr msg = *of;
	long len = control_without_segment(of, &control, sizeof(control));

	msg.msg_iov = iov;
	msg.msg_iovlen = slice(octets, iov, PARCEL_PIECES);
	if (len < 0 || !msg.msg_iovlen) {
		errno = EMSGSIZE;
		return -1;
	}
	msg.msg_control = len ? &control : NULL;
	msg.msg_controllen = (size_t)len;
	return uncancelled_sendmsg(call, &msg);
}

/* An error that waits on the socket belongs to the next call: fetched in the middle of a train, which the kernel would have
 * sent whole, it costs no segment. The next answer brings it again. */
ssize_t split_behind(const struct call *call, const struct msghdr *of, const struct octets *octets)
{
	ssize_t sent = split_plainly(call, of, octets);

	return sent < 0 && pending_fetched(call, -1, -errno) ? split_plainly(call, of, octets) : sent;
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

/* Whether a segment that is not wrapped, behind those that are held, did not get out though it is the first. */
static bool is_refused(struct call *call, struct packet *packet, size_t at, enum md_aside why)
{
	if (!run_settle(call) || (empty_helps(packet, why) && empty_send(call, packet)))
		return false;
	if (at)
		split_behind(call, packet->msg, &packet->data);
	return !at && split_plainly(call, packet->msg, &packet->data) < 0;
}

ssize_t split_send(struct call *call, struct packet *packet, const struct octets *all, uint32_t segment)
{
	unsigned segments = (unsigned)((all->len + segment - 1) / segment), before = call->by_train, i = 0;
	bool refused = false;

	call->of_train = segments;
	for (size_t at = 0; at < all->len && !call->stopped && !refused; at += segment, i++) {
		enum md_aside why;

		packet->data = octets_from(all, at);
		packet->data = octets_first(&packet->data, segment);
		refused = batch_full(call) && !flush(call);
		if (refused)
			break;
		call->to_come = segments - i;
		if (!(call->run || call->batch) || !follow(call, packet, i, true, &why)) {
			tally_count(&call->tally, MD_C_SEEN, 1);
			why = path_judge(call, packet);
			if (why == MD_ASIDE_COUNT)
				why = path_take_along(call, packet, i, true);
		}
		why_packet(call, packet, why);
		if (why == MD_ASIDE_COUNT)
			continue;
		tally_aside(&call->tally, why, 1);
		refused = !call->stopped && (!flush(call) || is_refused(call, packet, at, why));
	}
	refused |= !call->stopped && !flush(call);
	run_settle(call);
	call->to_come = 0;
	if (call->by_train - before != segments)
		tally_count(&call->tally, MD_C_SEGMENTED, 1);
	if (call->stopped || refused)
		return -1;
	return (ssize_t)all->len;
}
