/* SPDX-License-Identifier: BSD-3-Clause
 *
 * path.c - the long way through the rooms, in their order, and along the messages of a call. */
#include "path.h"

#include <pthread.h>
#include <stdint.h>

#include "follow.h"
#include "hall.h"
#include "memory.h"
#include "real.h"
#include "route.h"
#include "run.h"
#include "unrouted.h"
#include "why.h"

enum {
	FLAGS_CARRIED = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_CONFIRM,
	TRAIN_MAX = 64,              /* segments of one train; more is left to the kernel */
	TRAIN_OCTETS = 65507
};

/* The segments of a message as the kernel would cut them; 0: it will refuse, or it is none of our business. */
static unsigned segments_of(size_t len, uint32_t segment)
{
	size_t n = segment ? (len + segment - 1) / segment : 1;

	return len > TRAIN_OCTETS || n > TRAIN_MAX ? 0 : (unsigned)n;
}

enum md_aside path_judge(struct call *call, struct packet *packet)
{
	enum md_aside why = sight(call, packet);
	const struct md_tuple *tuple = &packet->key.tuple;
	int route;

	if (why != MD_ASIDE_COUNT)
		return why;
	if (route_never(tuple->version, tuple->dst))
		return MD_A_NOT_UNICAST;
	route = route_find(hall.config, hall.program, tuple,
		packet->protocol == PROTO_RTP ? CARRIES_RTP : CARRIES_QUIC);
	if (route < 0)
		return MD_A_NO_ROUTE;
	packet->key.route = (int8_t)route;
	packet->route = &hall.config->route[route];
	if (packet->route->mode == MODE_OFF)
		return MD_A_ROUTE_OFF;
	return route_to_router(hall.config, tuple) ? MD_A_TO_ROUTER : MD_ASIDE_COUNT;
}

/* Everything that has to be there before it is wrapped; its flow is pinned then. */
static enum md_aside ready(struct call *call, struct packet *packet)
{
	if (!call->view.bound && !socktab_bind(call->sock, call->fd, call->now, &call->view))
		return MD_A_UNBOUND;
	packet->key.tuple.sport = ntohs(call->view.local.sin6_port);
	if (pending_error(call, packet))
		return MD_A_SOCKET_ERROR;
	return target_flow(call, packet);
}

enum md_aside path_take(struct call *call, struct packet *packet)
{
	enum md_aside why = ready(call, packet);

	if (why != MD_ASIDE_COUNT)
		return why;
	tally_count(&call->tally, wrap_counted_as(packet->route), 1); /* before it is out: see stats.h */
	why = wrap(call, packet);
	if (why == MD_ASIDE_COUNT)
		lane_learn(call, packet);
	flowtab_let_go(packet->flow);
	if (why != MD_ASIDE_COUNT)
		tally_count(&call->tally, wrap_counted_as(packet->route), -1);
	return why;
}

enum md_aside path_take_along(struct call *call, struct packet *packet, unsigned at, bool segment)
{
	enum md_aside why = ready(call, packet);

	return why == MD_ASIDE_COUNT ? batch_add(call, packet, at, segment) : why;
}

/* Several calls may be one datagram (MSG_MORE, UDP_CORK); a piece is never wrapped, nor what is added to a piece. */
static bool in_pieces(struct call *call)
{
	bool more = (call->flags & MSG_MORE) != 0;
	bool before = atomic_load_explicit(&call->sock->more, memory_order_relaxed) != 0;

	if (more != before) {
		atomic_store_explicit(&call->sock->more, more, memory_order_relaxed);
		socktab_turned(call->fd);
	}
	return more || before || call->view.corked;
}

/* What speaks against every datagram of a message. */
static enum md_aside survey(struct call *call, struct packet *packet, struct control *control, struct octets *all)
{
	/* cppcheck-suppress ctuuninitvar - walk() set it */
	const struct msghdr *msg = packet->msg;

	if (!sight_legible(call, msg))
		return MD_A_ARGUMENT;
	control_read(msg, control);
	packet->control = control;
	if (control->bad_hints)
		tally_count(&call->tally, MD_C_HINTS_BAD, control->bad_hints);
	if (control->foreign)
		return MD_A_CONTROL;
	*all = octets_of(msg->msg_iov, msg->msg_iovlen);
	if (all->len > UINT16_MAX)
		return MD_A_ARGUMENT;
	return target_find(call, packet);
}

/* The run of messages before this one that go as they came. The number sent, or -1. */
static int flush(const struct call *call, unsigned from, unsigned to)
{
	int sent, state;

	if (from == to)
		return 0;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	sent = real.sendmmsg(call->fd, call->vec + from, to - from, call->flags);
	pthread_setcancelstate(state, &state);
	return sent;
}

/* RTP that goes as it came, as would anything to there. */
static void note_unrouted(const struct call *call, const struct packet *packet, uint32_t segment)
{
	if (packet->protocol == PROTO_RTP && !segment && !call->view.segment && call->view.bound && !packet->msg->msg_controllen &&
		route_find(hall.config, hall.program, &packet->key.tuple, CARRIES_RTP | CARRIES_QUIC) < 0)
		unrouted_note(call->fd, packet->msg, call->now);
}

enum fate { FATE_NATIVE, FATE_SINGLE, FATE_TRAIN, FATE_STUN };

static enum fate decide(struct call *call, struct packet *packet, struct control *control, struct octets *all,
	uint32_t *segment)
{
	enum md_aside why = survey(call, packet, control, all);
	unsigned n = 1;

	if (why == MD_ASIDE_COUNT) {
		*segment = train_segment(call, control);
		if (*segment >= all->len)
			*segment = 0;
		n = segments_of(all->len, *segment);
		packet->data = *all;
		if (!n)
			why = MD_A_SEGMENTS;
		else if (*segment && split_worth(call, packet, all, *segment, &why))
			return FATE_TRAIN;
		else if (!*segment)
			why = path_judge(call, packet);
	}
	if (why == MD_ASIDE_COUNT)
		return FATE_SINGLE;
	if (why == MD_A_NO_ROUTE)
		note_unrouted(call, packet, *segment);
	tally_count(&call->tally, MD_C_SEEN, n ? (int)n : 1);
	tally_aside(&call->tally, why, n ? (int)n : 1);
	why_packet(call, packet, why);
	if (why == MD_A_NOT_MEDIA && !*segment && stun_wanted(call, packet))
		return FATE_STUN;
	return FATE_NATIVE;
}

/* What became of a message; or -1 with errno. */
enum { AS_IT_CAME, DONE, WITH_EMPTY_AREA };

/* Sends a message that is worth it, or has it wait. */
static int send_one(struct call *call, struct mmsghdr *message, struct packet *packet, const struct octets *all,
	uint32_t segment, enum fate fate)
{
	enum md_aside why;
	ssize_t len;

	call->alone = call->n == 1 && fate == FATE_SINGLE;
	if (fate == FATE_TRAIN || fate == FATE_STUN) {
		len = fate == FATE_STUN ? stun_send(call, packet) : split_send(call, packet, all, segment);
		if (len < 0)
			return -1;
		message->msg_len = (unsigned)len;
		return DONE;
	}
	tally_count(&call->tally, MD_C_SEEN, 1);
	why = call->alone ? path_take(call, packet) : path_take_along(call, packet, (unsigned)(message - call->vec), false);
	why_packet(call, packet, why);
	if (why == MD_ASIDE_COUNT) {
		message->msg_len = (unsigned)all->len;
		return DONE;
	}
	tally_aside(&call->tally, why, 1);
	return empty_helps(packet, why) ? WITH_EMPTY_AREA : AS_IT_CAME;
}

/* Before message i is looked after: what waits to be wrapped goes out where others have to follow it, then what waits to go as
 * it came. Messages sent so far, i if that were all; or -1 with errno. */
static int catch_up(struct call *call, unsigned run, unsigned i, bool together)
{
	unsigned at;
	int done;

	if ((run < i || !together || batch_full(call)) && batch_flush(call, &at) < 0)
		return at ? (int)at : -1;
	if ((run < i || !together) && !run_settle(call))
		return run_result(call);
	done = flush(call, run, i);
	return done < 0 && run == 0 ? -1 : (int)run + (done < 0 ? 0 : done);
}

/* A message like the one before it, which was done; where the batch is full it goes out first, as it would on the long way.
 * *done is what became of it, or, where something in front of it failed, what the call returns. */
enum along { NOT_ALONG, ALONG, FAILED };
static enum along went_along(struct call *call, struct mmsghdr *message, struct packet *packet, int *done)
{
	enum md_aside why;
	unsigned at;

	if (!(call->run || call->batch) || !follow_message(call, packet))
		return NOT_ALONG;
	if (batch_full(call)) {
		if (!follow_would(call, packet))
			return NOT_ALONG;
		if (batch_flush(call, &at) < 0) {
			*done = at ? (int)at : -1;
			return FAILED;
		}
	}
	if (!follow(call, packet, (unsigned)(message - call->vec), false, &why))
		return NOT_ALONG;
	*done = DONE;
	if (why == MD_ASIDE_COUNT) {
		message->msg_len = (unsigned)packet->data.len;
		return ALONG;
	}
	tally_aside(&call->tally, why, 1);
	*done = empty_helps(packet, why) ? WITH_EMPTY_AREA : AS_IT_CAME;
	return ALONG;
}

/* Walks the messages. Those that go as they came are sent in runs, in their place among the others. */
static int walk(struct call *call)
{
	unsigned run = 0; /* first message that waits to go as it came */

	for (unsigned i = 0; i < call->n; i++) {
		struct packet packet;
		struct control control;
		struct octets all;
		uint32_t segment = 0;
		enum along along;
		enum fate fate;
		int done;

		packet.msg = &call->vec[i].msg_hdr;
		along = run < i ? NOT_ALONG : went_along(call, &call->vec[i], &packet, &done);
		if (along == FAILED)
			return done;
		if (along == NOT_ALONG) {
			/* The rest is filled in on the way; these say how far it got. */
			packet.data.len = 0;
			packet.protocol = PROTO_NONE;
			packet.key.tuple.version = 0;
			packet.route = NULL;
			fate = decide(call, &packet, &control, &all, &segment);
			if (fate == FATE_NATIVE)
				continue;
			done = run < i || call->batch || call->run ? catch_up(call, run, i, fate == FATE_SINGLE) : (int)i;
			if (done < 0 || (unsigned)done < i)
				return done;
			run = i;
			done = send_one(call, &call->vec[i], &packet, &all, segment, fate);
		}
		if (call->stopped)
			return run_result(call);
		if (done < 0)
			return i ? (int)i : -1;
		if (done == WITH_EMPTY_AREA) {
			int before = catch_up(call, i, i, false);

			if (before < 0 || (unsigned)before < i)
				return before;
			done = empty_send(call, &packet) ? DONE : AS_IT_CAME;
			if (done == DONE)
				call->vec[i].msg_len = (unsigned)packet.data.len;
		}
		if (done == DONE)
			run = i + 1;
	}
	if (run == 0)
		return PATH_PASS;
	return run < call->n || call->batch || call->run ? catch_up(call, run, call->n, false) : (int)run;
}

static int pass(struct call *call, enum md_aside why)
{
	tally_count(&call->tally, MD_C_SEEN, (int)call->n);
	tally_aside(&call->tally, why, (int)call->n);
	why_packet(call, NULL, why);
	return PATH_PASS;
}

/* Of its own frame: most calls never come here. */
__attribute__((noinline)) int path_walk(struct call *call)
{
	if (!socktab_view(call->sock, call->fd, call->now, &call->view))
		return pass(call, MD_A_BUSY);
	if (atomic_load_explicit(&call->sock->shut, memory_order_relaxed))
		return pass(call, MD_A_SOCKET_ERROR);
	if (in_pieces(call) || (call->flags & ~FLAGS_CARRIED))
		return pass(call, MD_A_FLAGS);
	if (!call->own_vec && !memory_writable(call->vec, call->n * sizeof(*call->vec)))
		return pass(call, MD_A_ARGUMENT);
	return walk(call);
}
