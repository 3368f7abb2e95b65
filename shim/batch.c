/* SPDX-License-Identifier: BSD-3-Clause
 *
 * batch.c - datagrams of one call that wait for each other, so that they are signed together, for eight MACs side by side take
 * little longer than one, and leave together, by one system call. Each is told about and numbered in its turn; then all
 * areas are written, then all go out, in order.
 *
 * A batch is too large for the stacks that a send may be called on, so there is room for a few in memory of ours; who finds
 * all of them taken sends one by one. */
#include <errno.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <string.h>

#include "follow.h"
#include "process.h"
#include "real.h"
#include "run.h"
#include "waiting.h"
#include "why.h"

enum {
	BATCHES = 16,                /* calls of as many threads at the same time */
	COVERED = 256,               /* octets under the MAC from which waiting for others takes less than it saves */
	OVERHEAD = 1024              /* octets of the kernel's for a datagram, beyond twice its length: more than there are */
};

static struct batch *batches;

int batch_start(void)
{
	batches = process_memory(BATCHES * sizeof(*batches));
	return batches ? 0 : -ENOMEM;
}

/* Threads begin to look at different places. */
static struct batch *take(void)
{
	unsigned from = (unsigned)((uintptr_t)&thread_holds >> 12);

	for (unsigned i = 0; batches && i < BATCHES; i++) {
		struct batch *batch = &batches[(from + i) % BATCHES];

		if (!atomic_load_explicit(&batch->taken, memory_order_relaxed) &&
			!atomic_exchange_explicit(&batch->taken, true, memory_order_acquire)) {
			batch->n = batch->at = 0;
			batch->again = false;
			thread_holds.batch = (uint8_t)(batch - batches + 1);
			return batch;
		}
	}
	return NULL;
}

static void give_back(struct batch *batch)
{
	thread_holds.batch = 0;
	atomic_store_explicit(&batch->taken, false, memory_order_release);
}

void batch_close(struct call *call)
{
	if (call->batch) {
		follow_end(&call->batch->lead);
		give_back(call->batch);
	}
	call->batch = NULL;
}

void batch_abandon(void)
{
	struct batch *batch = thread_holds.batch ? &batches[thread_holds.batch - 1] : NULL;

	if (!batch)
		return;
	for (unsigned i = 0; i < batch->n; i++)
		flowtab_let_go(batch->waiting[i].packet.flow);
	follow_end(&batch->lead);
	give_back(batch);
}

static bool has_room(int fd, const struct view *view, size_t needed)
{
	int queued = 0;

	return raw_call(SYS_ioctl, fd, SIOCOUTQ, (long)&queued, 0, 0, 0) == 0 && queued >= 0 &&
		(size_t)queued + needed < view->sndbuf;
}

/* Whether the sockets that may send it take a whole batch of such datagrams. What is told of a datagram holds for one send
 * of it; where the application would have to send the rest of its messages again, nothing is told of them beforehand. */
static bool all_would_go(const struct call *call, const struct packet *packet)
{
	bool tunnel = packet->route->mode == MODE_TUNNEL;
	const struct md_tuple *tuple = tunnel ? &packet->tunnel->tuple : &packet->key.tuple;
	const struct outlet_raw *raw = outlet_ready_raw(call->sock, tuple->version, tunnel ? (int8_t)packet->route->router : -1);
	size_t needed = MD_AREA_BATCH * (2 * packet->data.len + OVERHEAD);

	if (raw && !has_room(raw->fd, &call->view, needed))
		return false;
	return has_room(tunnel ? packet->tunnel->fd : call->fd, &call->view, needed);
}

/* With little under the MAC, gathering it costs what its computation takes. The flow's key may be replaced just now: then
 * this one waits for nothing, or does not wait, and that is all. */
static bool pays(const struct packet *packet)
{
	uint32_t cover = __atomic_load_n(&packet->flow->key.cover, __ATOMIC_RELAXED);

	return packet->data.len >= COVERED && (!cover || cover >= COVERED);
}

/* Whether it may leave together with those behind it. Not where the application's own socket sends and would hear in between
 * of an error, nor where the answer to one is there before the next; a train of its own stays one by other means. */
static bool may_leave_in_row(const struct call *call, const struct packet *packet)
{
	bool by_another = packet->route->mode == MODE_TUNNEL ||
		(!atomic_load_explicit(&call->sock->outlet.patch.asked, memory_order_relaxed) &&
			outlet_ready_raw(call->sock, packet->key.tuple.version, -1));

	if (call->to_come && !by_another)
		return false;
	return !(call->view.connected || call->view.errors) || (by_another && !pending_at_once(call, packet));
}

/* Whether there is a batch that this one can wait in. */
static bool can_wait(struct call *call, const struct packet *packet, unsigned at, bool row)
{
	if (call->batch && call->batch->n)
		return true;
	row = row && !call->run && (call->to_come ? call->to_come > 1 : at + 1 < call->n);
	if (!pays(packet) && (!row || run_expects(call, packet)))
		return false;
	if (why_asked() || !batches || !all_would_go(call, packet))
		return false;
	if (!call->batch)
		call->batch = take();
	return call->batch != NULL;
}

bool batch_full(const struct call *call)
{
	return call->batch && call->batch->n == MD_AREA_BATCH;
}

bool batch_waits(const struct call *call)
{
	return call->batch->n != 0;
}

/* What is asked of it once it is numbered. */
static inline void remember(struct packet *to, const struct packet *packet)
{
	to->msg = packet->msg;
	to->data = packet->data;
	to->key = packet->key;
	to->route = packet->route;
	to->flow = packet->flow;
	to->tunnel = packet->tunnel;
}

struct waiting *batch_place(struct call *call, const struct packet *packet, unsigned at)
{
	bool row = may_leave_in_row(call, packet);
	struct waiting *waiting;

	if (!can_wait(call, packet, at, row))
		return NULL;
	waiting = &call->batch->waiting[call->batch->n];
	waiting->row = row;
	return waiting;
}

void batch_wait(struct call *call, struct waiting *waiting, const struct packet *packet, unsigned at, bool segment)
{
	remember(&waiting->packet, packet);
	waiting->at = at;
	waiting->segment = segment;
	waiting->to_come = call->to_come;
	waiting->count = wrap_counted_as(packet->route);
	waiting->len = 0;
	call->batch->n++;
}

enum md_aside batch_add(struct call *call, struct packet *packet, unsigned at, bool segment)
{
	enum md_count count = wrap_counted_as(packet->route);
	struct waiting *waiting = batch_place(call, packet, at);
	enum md_aside why;

	tally_count(&call->tally, count, 1); /* before it is out: see stats.h */
	if (waiting) {
		why = wrap_prepare(call, packet, &waiting->wrapping);
		if (why == MD_ASIDE_COUNT) {
			lane_learn(call, packet);
			batch_wait(call, waiting, packet, at, segment);
			return why;
		}
	} else {
		why = wrap(call, packet);
		if (why == MD_ASIDE_COUNT && call->run)
			follow_lead(call, packet);
	}
	flowtab_let_go(packet->flow);
	if (why != MD_ASIDE_COUNT)
		tally_count(&call->tally, count, -1);
	return why;
}

/* As it came. */
static bool send_natively(struct call *call, const struct waiting *waiting)
{
	int sent, state;

	if (waiting->segment && waiting->at)
		return split_behind(call, waiting->packet.msg, &waiting->packet.data), true;
	if (waiting->segment)
		return split_plainly(call, waiting->packet.msg, &waiting->packet.data) >= 0;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	sent = real.sendmmsg(call->fd, &call->vec[waiting->at], 1, call->flags);
	pthread_setcancelstate(state, &state);
	return sent == 1;
}

/* The numbers of those behind are given back, the last first, then its own: those that do get out will be without a gap. */
static void undo_from(struct batch *batch, unsigned i)
{
	for (unsigned k = batch->n; k-- > i;)
		flowtab_undo(batch->waiting[k].packet.flow, batch->waiting[k].wrapping.undo);
}

/* They were not sent, so nothing was seen of them. */
static void forget_from(struct call *call, const struct batch *batch, unsigned i)
{
	for (unsigned k = i; k < batch->n; k++) {
		tally_count(&call->tally, batch->waiting[k].count, -1);
		tally_count(&call->tally, MD_C_SEEN, -1);
	}
}

void batch_take_back(struct call *call)
{
	struct batch *batch = call->batch;

	if (!batch || batch->again)
		return;
	undo_from(batch, batch->at);
	batch->again = true;
}

/* Something in front of them that was held could not be sent. */
static void stopped(struct call *call, struct batch *batch, unsigned i, unsigned *at)
{
	forget_from(call, batch, i);
	errno = call->stopped;
	*at = call->out;
}

static void write_areas(struct batch *batch)
{
	bool together = pays(&batch->waiting[0].packet);
	struct md_area_job *job = batch->job;
	unsigned jobs = 0;

	for (unsigned i = 0; i < batch->n; i++) {
		struct wrapping *w = &batch->waiting[i].wrapping;

		if (!together && !w->area.token)
			batch->waiting[i].len = md_area_write(w->room, sizeof(w->room), &w->area, hall.lend);
		else if (!w->area.token)
			job[jobs++] = (struct md_area_job){ .area = &w->area, .dst = w->room, .room = sizeof(w->room) };
	}
	if (!together)
		return;
	md_area_write_all(job, jobs, hall.lend);
	for (unsigned i = 0; i < batch->n; i++)
		if (!batch->waiting[i].wrapping.area.token)
			batch->waiting[i].len = (job++)->len;
}

static bool is_ready(struct call *call, struct waiting *waiting)
{
	struct wrapping *w = &waiting->wrapping;

	if (!waiting->row || waiting->len <= 0)
		return false;
	w->parcel.may_block = false;
	w->parcel.area_len = (size_t)waiting->len;
	w->parcel.piece[w->parcel.pieces++] = (struct iovec){ w->room, w->parcel.area_len };
	call->to_come = waiting->to_come;
	if (!run_wants(call, &waiting->packet, &w->parcel))
		return true;
	w->parcel.pieces--;
	return false;
}

/* Sends as many as can leave together: how many are out, 0: the next one goes by itself, which tells why. */
static unsigned send_row(struct call *call, struct batch *batch)
{
	struct parcel *row[MD_AREA_BATCH];
	unsigned n = 0, from = batch->at;
	int sent = 0;

	if (batch->again || call->run || from + 1 >= batch->n)
		return 0;
	while (from + n < batch->n && is_ready(call, &batch->waiting[from + n])) {
		row[n] = &batch->waiting[from + n].wrapping.parcel;
		n++;
	}
	if (n > 1)
		sent = egress_send_row(call->sock, &call->view, row, n, call->now, &call->tally, false);
	for (unsigned i = sent > 0 ? (unsigned)sent : 0; i < n; i++)
		row[i]->pieces--;
	return sent > 0 ? (unsigned)sent : 0;
}

static enum md_aside send_by_itself(struct call *call, struct batch *batch, struct waiting *waiting)
{
	struct wrapping *w = &waiting->wrapping;
	bool again = batch->again;
	enum md_aside why;

	call->to_come = waiting->to_come;
	if (again)
		wrap_again(call, &waiting->packet, w);
	if (again || w->area.token)
		return wrap_alone(call, &waiting->packet, w);
	why = wrap_out(call, &waiting->packet, w, w->room, waiting->len);
	if (why != MD_ASIDE_COUNT)
		undo_from(batch, (unsigned)(waiting - batch->waiting));
	return why;
}

static int send_all(struct call *call, struct batch *batch, unsigned *at)
{
	while (batch->at < batch->n) {
		struct waiting *waiting = &batch->waiting[batch->at];
		unsigned row = send_row(call, batch);
		enum md_aside why;

		batch->at += row ? row : 1;
		if (row)
			continue;
		why = send_by_itself(call, batch, waiting);
		if (why != MD_ASIDE_COUNT)
			batch_take_back(call);
		if (call->stopped) {
			/* Held by run.c, it was taken back there. */
			batch_take_back(call);
			stopped(call, batch, why == MD_ASIDE_COUNT ? batch->at : batch->at - 1, at);
			return -1;
		}
		if (why == MD_ASIDE_COUNT)
			continue;
		if (!run_settle(call)) {
			stopped(call, batch, batch->at - 1, at);
			return -1;
		}
		tally_count(&call->tally, waiting->count, -1);
		tally_aside(&call->tally, why, 1);
		if (send_natively(call, waiting))
			continue;
		forget_from(call, batch, batch->at);
		*at = waiting->at;
		return -1;
	}
	return 0;
}

int batch_flush(struct call *call, unsigned *at)
{
	struct batch *batch = call->batch;
	int result;

	if (!batch || !batch->n)
		return 0;
	write_areas(batch);
	result = send_all(call, batch, at);
	for (unsigned i = 0; i < batch->n; i++)
		flowtab_let_go(batch->waiting[i].packet.flow);
	batch->n = batch->at = 0;
	batch->again = false;
	return result;
}
