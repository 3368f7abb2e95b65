/* SPDX-License-Identifier: BSD-3-Clause */
#include "run.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "held.h"
#include "memory.h"
#include "process.h"
#include "real.h"

enum {
	RUNS = 8,
	WORTH_IT = 4, /* datagrams: below, sending one by one costs less */
};

/* A datagram that was numbered behind what is held, and is not held yet. */
struct hand {
	struct flow *flow;
	const uint64_t *undo;
	bool free;                   /* its number was given back */
};

static struct run *runs;

int run_start(void)
{
	runs = process_memory(RUNS * sizeof(*runs));
	return runs ? 0 : -ENOMEM;
}

/* A thread that left our code by a jump finds its run again. */
static struct run *take(void)
{
	unsigned mine = thread_holds.run;
	uint32_t nobody = 0;

	if (mine && atomic_load_explicit(&runs[mine - 1].taken, memory_order_relaxed)) {
		follow_end(&runs[mine - 1].lead);
		return &runs[mine - 1];
	}
	mine = 0;
	for (unsigned i = 0; runs && i < RUNS && !mine; i++, nobody = 0)
		if (!atomic_load_explicit(&runs[i].taken, memory_order_relaxed) &&
			atomic_compare_exchange_strong_explicit(&runs[i].taken, &nobody, 1, memory_order_acquire, memory_order_relaxed))
			mine = i + 1;
	thread_holds.run = (uint8_t)mine;
	return mine ? &runs[mine - 1] : NULL;
}

static void drop(struct call *call)
{
	follow_end(&call->run->lead);
	thread_holds.run = 0;
	atomic_store_explicit(&call->run->taken, 0, memory_order_release);
	call->run = NULL;
}

/* --- What makes a run ------------------------------------------------------------------------------------------------- */

static bool same_octets(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return a_len == b_len && (!a_len || a == b || (a && b && memcmp(a, b, a_len) == 0));
}

/* Whether a message goes where that one goes, and in the same way. In tunnel mode the router is where all go. */
static bool goes_along(const struct msghdr *a, const struct msghdr *b, bool tunnel)
{
	return same_octets(a->msg_control, a->msg_controllen, b->msg_control, b->msg_controllen) &&
		(tunnel || same_octets(a->msg_name, a->msg_namelen, b->msg_name, b->msg_namelen));
}

/* Whether enough equal messages follow. What is taken for equal and turns out not to be ends the run. */
static bool worth_it(const struct call *call, const struct packet *packet, bool tunnel)
{
	const struct mmsghdr *message = (const void *)packet->msg;
	unsigned left = call->n - (unsigned)(message - call->vec);

	if (call->to_come)
		return call->to_come >= 2;
	if (left < WORTH_IT)
		return false;
	for (unsigned i = 1; i < WORTH_IT; i++) {
		const struct msghdr *other = &message[i].msg_hdr;

		if (!sight_legible(call, other) || !goes_along(packet->msg, other, tunnel) ||
			octets_of(other->msg_iov, other->msg_iovlen).len != packet->data.len)
			return false;
	}
	return true;
}

/* Settled at once, while the numbers of its flow are the last. */
bool run_is_full(const struct run *run)
{
	return run->full || run->n == GSO_DATAGRAMS || run->len + run->size > GSO_OCTETS;
}

static bool fits_in(const struct run *run, const struct packet *packet, const struct parcel *parcel, size_t len)
{
	const struct parcel *first = &run->first.parcel;

	return len <= run->size && parcel->router == first->router && parcel->ip.tos == first->ip.tos && parcel->interface == first->interface &&
		goes_along(run->held[0].msg, packet->msg, parcel->router >= 0);
}

void run_remember(struct run *run, const struct packet *packet, const struct md_ip *ip, size_t user_len, size_t area_len, uint16_t inner_sum,
	const uint64_t undo[2])
{
	struct held *held = &run->held[run->n++];

	held->msg = packet->msg;
	held->key = packet->key;
	held->undo[0] = undo[0];
	held->undo[1] = undo[1];
	held->at = (uint32_t)run->len;
	held->user_len = (uint16_t)user_len;
	held->area_len = (uint16_t)area_len;
	held->inner_sum = inner_sum;
	held->count = wrap_counted_as(packet->route);
	held->ip = *ip;
	run->len += user_len + area_len;
	run->full = user_len + area_len < run->size;
}

static void add(struct run *run, const struct packet *packet, const struct parcel *parcel, const uint64_t undo[2])
{
	uint8_t *end = run->octets + run->len;

	for (unsigned i = 1; i < parcel->pieces; i++) {
		memcpy(end, parcel->piece[i].iov_base, parcel->piece[i].iov_len);
		end += parcel->piece[i].iov_len;
	}
	run_remember(run, packet, &parcel->ip, parcel->user_len, parcel->area_len, parcel->router < 0 ? 0 : parcel->inner_sum, undo);
}

bool run_wants(struct call *call, const struct packet *packet, const struct parcel *parcel)
{
	if (call->no_trains || (!call->to_come && call->n < WORTH_IT) || parcel->user_len + parcel->area_len > GSO_OCTETS)
		return false;
	call->no_trains = !gso_usable(call->sock, &call->view, parcel, call->now);
	return !call->no_trains && worth_it(call, packet, parcel->router >= 0);
}

bool run_expects(const struct call *call, const struct packet *packet)
{
	bool tunnel = packet->route->mode == MODE_TUNNEL;
	const struct outlet_patch *patch = tunnel ? &packet->tunnel->patch : &call->sock->outlet.patch;
	uint8_t version = tunnel ? packet->tunnel->tuple.version : packet->key.tuple.version;

	return !call->no_trains && (call->to_come || call->n >= WORTH_IT) &&
		atomic_load_explicit(&patch->trains, memory_order_relaxed) && call->view.pacing == UINT64_MAX &&
		egress_is_first(MD_ENGINE_PATCH, version, tunnel, call->now) && worth_it(call, packet, tunnel);
}

static bool begin(struct call *call, const struct packet *packet, const struct parcel *parcel, size_t len)
{
	struct run *run;

	if (!run_wants(call, packet, parcel))
		return false;
	run = take();
	if (!run)
		return false;
	run->n = 0;
	run->len = 0;
	run->size = len;
	run->full = false;
	run->train = call->to_come != 0;
	run->begins = call->to_come == call->of_train;
	memcpy(run->first.octets, parcel, sizeof(run->first.octets));
	call->run = run;
	return true;
}

/* --- Sending ---------------------------------------------------------------------------------------------------------- */

static int send_whole(struct call *call, struct run *run)
{
	struct parcel *parcel = &run->first.parcel;
	int err;

	parcel->may_block = false;
	err = gso_send(call->sock, parcel, run->octets, run->len, run->size, call->now);
	if (err == -EAGAIN && wrap_may_wait(call)) {
		parcel->may_block = true;
		err = gso_send(call->sock, parcel, run->octets, run->len, run->size, call->now);
	}
	return err;
}

/* It did not get out wrapped: its number is free again, if no other was given since. */
static void take_back(struct call *call, const struct held *held)
{
	struct flow *flow = flowtab_find(&held->key, call->now);

	tally_count(&call->tally, held->count, -1);
	if (!flow)
		return;
	flowtab_undo(flow, held->undo);
	flowtab_let_go(flow);
}

/* The last number first: that of what waits to be sent behind them (batch.c), of the one in hand, of those held. */
static void take_back_from(struct call *call, const struct run *run, unsigned from, struct hand *hand)
{
	batch_take_back(call);
	if (hand && !hand->free)
		flowtab_undo(hand->flow, hand->undo);
	if (hand)
		hand->free = true;
	for (unsigned i = run->n; i-- > from;)
		take_back(call, &run->held[i]);
}

/* In tunnel mode the inner headers stand in front of what the application sent. */
static size_t inner_len(const struct run *run, const struct held *held)
{
	return run->first.parcel.router < 0 ? 0 : headers_len(held->key.tuple.version);
}

static enum md_aside send_wrapped(struct call *call, const struct run *run, const struct held *held)
{
	uint8_t *at = (uint8_t *)(uintptr_t)run->octets + held->at;
	size_t inner = inner_len(run, held);
	struct parcel parcel;

	memcpy(&parcel, run->first.octets, sizeof(run->first.octets));
	parcel.msg = held->msg;
	parcel.ip = held->ip;
	parcel.user_len = held->user_len;
	parcel.inner_sum = held->inner_sum;
	parcel.area_len = held->area_len;
	parcel.pieces = 1;
	if (inner)
		parcel.piece[parcel.pieces++] = (struct iovec){ at, inner };
	parcel.piece[parcel.pieces++] = (struct iovec){ at + inner, held->user_len - inner };
	parcel.piece[parcel.pieces++] = (struct iovec){ at + held->user_len, held->area_len };
	return wrap_put_out(call, &parcel);
}

/* As the application asked: its own message, or a segment of it. */
static long send_plainly(const struct call *call, const struct run *run, const struct held *held, unsigned i)
{
	size_t inner = inner_len(run, held);
	struct iovec plain = { (void *)(uintptr_t)(run->octets + held->at + inner), held->user_len - inner };
	struct octets octets = octets_of(&plain, 1);
	int state;
	long sent;

	if (run->train)
		return run->begins && i == 0 ? split_plainly(call, held->msg, &octets) : split_behind(call, held->msg, &octets);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	sent = real.sendmmsg(call->fd, (struct mmsghdr *)(uintptr_t)held->msg, 1, call->flags);
	pthread_setcancelstate(state, &state);
	return sent;
}

/* Everything from there on is not sent at all. */
static bool stop(struct call *call, const struct run *run, unsigned from, struct hand *hand)
{
	const struct mmsghdr *message = (const void *)run->held[from].msg;

	call->stopped = errno;
	call->out = (unsigned)(message - call->vec);
	take_back_from(call, run, from, hand);
	tally_count(&call->tally, MD_C_SEEN, (int)from - (int)run->n);
	return false;
}

static bool send_singly(struct call *call, const struct run *run, struct hand *hand)
{
	bool wrapped = true;

	for (unsigned i = 0; i < run->n; i++) {
		const struct held *held = &run->held[i];
		enum md_aside why = wrapped ? send_wrapped(call, run, held) : MD_A_ENGINE_FULL;

		if (why == MD_ASIDE_COUNT)
			continue;
		/* A number of the flow that is free again must not be followed by the next: the rest goes plainly. */
		if (wrapped)
			take_back_from(call, run, i, hand);
		wrapped = false;
		tally_aside(&call->tally, why, 1);
		if (!call->stopped && send_plainly(call, run, held, i) < 0 && (!run->train || (run->begins && i == 0)))
			pending_stop(call, held->msg, -errno);
		if (call->stopped) {
			tally_count(&call->tally, MD_C_SEEN, (int)i + 1 - (int)run->n);
			return false;
		}
	}
	return true;
}

static bool settle(struct call *call, struct hand *hand)
{
	struct run *run = call->run;
	bool all = true;
	int err;

	if (!run)
		return !call->stopped;
	err = run->n < (run->train ? 2u : (unsigned)WORTH_IT) ? -EOPNOTSUPP : send_whole(call, run);
	if (!err) {
		tally_engine(&call->tally, MD_ENGINE_PATCH, (int)run->n);
		tally_count(&call->tally, MD_C_TRAINS, 1);
		call->by_train += run->n;
	} else if ((err == -EAGAIN && run->train && run->begins) ||
		((!run->train || run->begins) && pending_fetched(call, run->first.parcel.router, err))) {
		/* The whole train or nothing: the application's own call would have been told so. */
		errno = -err;
		all = stop(call, run, 0, hand);
	} else {
		all = send_singly(call, run, hand);
	}
	drop(call);
	return all;
}

bool run_settle(struct call *call)
{
	return settle(call, NULL);
}

enum run_fate run_hold(struct call *call, const struct packet *packet, const struct parcel *parcel, const uint64_t undo[2])
{
	size_t len = parcel->user_len + parcel->area_len;
	struct hand hand = { packet->flow, undo, false };

	if (!call->run && (call->no_trains || (!call->to_come && call->n < WORTH_IT)))
		return RUN_NOT;
	if (call->run && !fits_in(call->run, packet, parcel, len)) {
		if (!settle(call, &hand))
			return RUN_STOPPED;
		if (hand.free)
			return RUN_AGAIN;
	}
	if (!call->run && !begin(call, packet, parcel, len))
		return RUN_NOT;
	add(call->run, packet, parcel, undo);
	if (run_is_full(call->run))
		run_settle(call);
	return RUN_HELD;
}

int run_result(const struct call *call)
{
	if (call->out)
		return (int)call->out;
	errno = call->stopped;
	return -1;
}
