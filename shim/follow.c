/* SPDX-License-Identifier: BSD-3-Clause
 *
 * follow.c - the short way of a datagram like the one before it.
 *
 * The datagrams of one call that leave together as a segment train go by one socket to one destination at one time. So socket,
 * destination, route, flow, what the kernel knows of them, key and markings were found out with the first, which took the long
 * way, and hold for the others. What is asked for each is what may differ: that it goes there, that it is RTP, whether
 * anybody has something to say of it. As in lane.c this is a list of conditions none of which changes anything; and what is done
 * then are the same functions, on octets that are copied once, to where the train lies. */
#include "follow.h"

#include <string.h>

#include "hints.h"
#include "memory.h"
#include "run.h"
#include "waiting.h"
#include "why.h"

enum {
	USER_LEAST = 12,
	ROOM = MD_AREA_USUAL + 4
};

_Static_assert((int)ROOM <= (int)HELD_SPARE, "the area's one pass ends within what was set aside");

static const struct control nothing_said;

/* --- The first -------------------------------------------------------------------------------------------------------- */

void follow_end(struct lead *lead)
{
	if (lead->stream)
		table_let_go(lead->stream);
	if (lead->flow)
		flowtab_let_go(lead->flow);
	lead->stream = NULL;
	lead->flow = NULL;
}

/* What of it holds for those behind it, as long as they are like it. */
static bool leads(const struct call *call, const struct packet *packet)
{
	const struct route *route = packet->route;
	const struct control *control = packet->control;

	return packet->protocol == PROTO_RTP && !route->token_len && hall.config->auth && !control->hint.given && !control->bad_hints &&
		atomic_load_explicit(&packet->flow->shape, memory_order_relaxed) == SHAPE_FRAMES &&
		(route->domain >= 0 || packet->flow->key.expanded) && !pending_would_ask(call, packet);
}

void follow_lead(struct call *call, const struct packet *packet)
{
	struct run *run = call->run;
	struct lead *lead;

	if (!run || run->n != 1 || !leads(call, packet) || !table_pin(&packet->flow->slot))
		return;
	lead = &run->lead;
	lead->flow = packet->flow;
	lead->stream = NULL;
	lead->tunnel = packet->tunnel;
	lead->route = packet->route;
	lead->key = packet->key;
	lead->measured = false;
}

/* --- Conditions ------------------------------------------------------------------------------------------------------- */

static inline bool is_rtp(struct packet *packet)
{
	const struct octets *data = &packet->data;

	if (data->flat_len != data->len || data->len < USER_LEAST || !classify_is_rtp(data->flat))
		return false;
	packet->protocol = PROTO_RTP;
	packet->tapped.kind = 0;
	return rtp_recognise(data, &packet->rtp);
}

/* Whether somebody has something to say of it, or wants to hear what becomes of it. */
static inline bool is_silent(const struct call *call)
{
	return hints_silent(call->sock) && !notes_any(&tapped_quic) && !why_asked() &&
		!__atomic_load_n(&stats_page()->why_until, __ATOMIC_RELAXED);
}

/* The key to sign with, and what the book says, which is pinned then. */
static inline bool has_key(const struct call *call, struct packet *packet, struct wrapping *w, struct book *book)
{
	book->pin = NULL;
	packet->book = NULL;
	packet->colours = WRAP_COLOURS;
	packet->bq_unit = hall.config->bq_unit;
	w->ids = hall.config->ids;
	if (packet->route->domain < 0) {
		w->area.key = &packet->flow->key;
		w->area.next_keyid = packet->flow->key.keyid;
		return true; /* the time is the first one's, and so is the key */
	}
	if (book_pin(packet->route->domain, call->time.tv_sec, call->now, book) != MD_ASIDE_COUNT)
		return false;
	packet->book = book;
	wrap_by_book(packet, &w->ids);
	w->area.key = &w->key;
	w->area.next_keyid = book->next_keyid;
	return book->key && flowtab_key(packet->flow, book->mark, &w->key) && w->key.expanded;
}

static inline size_t area_len(const struct packet *packet, const struct wrapping *w)
{
	return MD_AREA_FIXED + md_metadata_size(&w->ids, packet->route->ofc ? MD_OFC : MD_MED) + MD_AUTH_LEN;
}

/* Its record, claimed; mostly that of the one before. */
static inline struct stream *claim_stream(struct lead *lead, uint32_t ssrc, uint32_t now)
{
	struct stream *stream = lead->stream;

	if (stream && stream->ssrc == ssrc)
		return claim_try(&stream->claim, now) ? stream : NULL;
	stream = flowtab_stream_at_once(lead->flow, ssrc, now);
	if (!stream)
		return NULL;
	if (lead->stream)
		table_let_go(lead->stream);
	lead->stream = stream;
	return stream;
}

/* --- Doing it --------------------------------------------------------------------------------------------------------- */

/* Of the burst that the call states. Not before the first of them was told about: what is measured may tell how its media are to be
 * read from then on (sight.c). */
static inline uint8_t burst_of(struct call *call, const struct packet *packet, struct lead *lead)
{
	if (!lead->measured)
		lead->bq = train_burst(call, packet);
	lead->measured = true;
	return lead->bq;
}

/* What the network is told, and its number. */
static inline enum md_aside tell_it(struct call *call, struct packet *packet, struct lead *lead, struct stream *stream, struct wrapping *w)
{
	struct md_meaning meaning;
	bool opened = tell_usual(call, packet, stream, &w->meta, packet->book ? &meaning : NULL);

	claim_drop(&stream->claim); /* its pin stays */
	if (!w->meta.bq)
		w->meta.bq = burst_of(call, packet, lead);
	tally_count(&call->tally, MD_C_SEEN, 1);
	if (opened)
		tally_count(&call->tally, MD_C_MDUS, 1);
	if (packet->route->ofc && !wrap_code(call, packet, &meaning, &w->meta))
		return MD_A_NO_CODE;
	flowtab_tick(packet->flow, wrap_ntp_now(call), &w->meta.seq, &w->meta.ts, w->undo);
	return MD_ASIDE_COUNT;
}

static inline void describe_area(struct wrapping *w, const struct md_tuple *tuple, size_t user_len)
{
	w->area.ids = &w->ids;
	w->area.meta = &w->meta;
	w->area.tuple = tuple;
	w->area.user_len = user_len;
	w->area.token = NULL;
	w->area.fill = 0;
}

/* --- In a run --------------------------------------------------------------------------------------------------------- */

/* In tunnel mode the inner headers, the application's octets, the area; behind what is held. False: it could not be signed. */
static inline bool compose(struct run *run, const struct packet *packet, struct wrapping *w, size_t inner_len)
{
	uint8_t *begin = run->octets + run->len, *user = begin + inner_len;
	uint16_t sum = 0;

	memcpy(user, packet->data.flat, packet->data.len);
	if (inner_len) {
		sum = md_sum(0, user, packet->data.len);
		if (md_headers_write(begin, inner_len, &packet->flow->tuple, &w->parcel.ip, packet->data.len, sum, 0) < 0)
			return false;
		wrap_outer(packet, &w->parcel.ip);
	}
	w->parcel.inner_sum = sum;
	describe_area(w, &run->first.parcel.tuple, inner_len + packet->data.len);
	return md_area_write_behind(begin, ROOM, &w->area, hall.lend) == (ptrdiff_t)w->parcel.area_len;
}

static inline enum md_aside hold(struct call *call, struct packet *packet, struct stream *stream, struct wrapping *w, size_t inner_len)
{
	struct run *run = call->run;
	enum md_aside why = tell_it(call, packet, &run->lead, stream, w);

	if (why != MD_ASIDE_COUNT)
		return why;
	wrap_marking(call, packet, &w->parcel.ip);
	if (!compose(run, packet, w, inner_len)) {
		flowtab_undo(packet->flow, w->undo);
		return MD_A_NO_KEY;
	}
	tally_count(&call->tally, wrap_counted_as(packet->route), 1);
	run_remember(run, packet, &w->parcel.ip, w->area.user_len, w->parcel.area_len, w->parcel.inner_sum, w->undo);
	return MD_ASIDE_COUNT;
}

static inline void take_over(struct packet *packet, const struct lead *lead)
{
	packet->flow = lead->flow;
	packet->tunnel = lead->tunnel;
	packet->route = lead->route;
	packet->key = lead->key;
}

static bool still_stands(const struct flow *flow)
{
	return atomic_load_explicit(&flow->state, memory_order_relaxed) != FLOW_RETIRED &&
		atomic_load_explicit(&flow->why_not, memory_order_relaxed) == MD_ASIDE_COUNT;
}

/* No longer than the first it fits the path MTU and the train, as that did. */
static bool in_run(struct call *call, struct packet *packet, enum md_aside *why)
{
	struct run *run = call->run;
	struct lead *lead = &run->lead;
	struct stream *stream = NULL;
	struct wrapping w;
	struct book book;
	size_t inner_len;

	if (!lead->flow || run->full || (call->batch && batch_waits(call)) || !still_stands(lead->flow))
		return false;
	take_over(packet, lead);
	if (has_key(call, packet, &w, &book)) {
		inner_len = packet->route->mode == MODE_TUNNEL ? headers_len(packet->flow->tuple.version) : 0;
		w.parcel.area_len = area_len(packet, &w);
		if (inner_len + packet->data.len + w.parcel.area_len <= run->size)
			stream = claim_stream(lead, packet->rtp.ssrc, call->now);
		if (stream)
			*why = hold(call, packet, stream, &w, inner_len);
	}
	book_let_go(&book); /* what follows may wait */
	packet->book = NULL;
	if (stream && *why == MD_ASIDE_COUNT && run_is_full(run))
		run_settle(call);
	return stream != NULL;
}

/* --- In a batch ------------------------------------------------------------------------------------------------------- */

/* The flow's own facts hold (target.c), and so does the key. */
static inline bool is_usual(const struct call *call, struct packet *packet)
{
	packet->key.route = packet->flow->route;
	packet->route = &hall.config->route[packet->flow->route];
	return target_has_tunnel(call, packet) && target_is_fresh(call, packet->flow) && still_stands(packet->flow) && !target_moved(call, packet) &&
		(packet->route->domain >= 0 || wrap_key_is_valid(call)) && !pending_would_ask(call, packet);
}

/* The flow that it belongs to becomes the lead, if it is a usual one (lane.c). */
static inline bool begin_another(struct call *call, struct packet *packet, struct lead *lead)
{
	if (!hall.config->auth || !call->view.bound || target_find(call, packet) != MD_ASIDE_COUNT)
		return false;
	packet->flow = flowtab_find_usual(&packet->key, call->now);
	if (!packet->flow)
		return false;
	if (!is_usual(call, packet)) {
		flowtab_let_go(packet->flow);
		return false;
	}
	follow_end(lead);
	lead->flow = packet->flow;
	lead->tunnel = packet->tunnel;
	lead->route = packet->route;
	lead->key = packet->key;
	lead->msg = packet->msg;
	lead->measured = false;
	return true;
}

/* Whether it goes where that one goes, which was legible; neither has control messages. */
static inline bool goes_there_too(const struct msghdr *msg, const struct msghdr *other)
{
	return !(msg->msg_controllen | other->msg_controllen) && msg->msg_namelen == other->msg_namelen && !msg->msg_name == !other->msg_name &&
		(!msg->msg_name || memcmp(msg->msg_name, other->msg_name, msg->msg_namelen) == 0);
}

static inline bool is_led(const struct packet *packet, const struct lead *lead)
{
	return lead->flow && (packet->msg == lead->msg || goes_there_too(packet->msg, lead->msg)) && still_stands(lead->flow);
}

/* The same steps as wrap.c takes, of which the area is written with the others'. */
static inline bool prepare(struct call *call, struct packet *packet, struct waiting *waiting, struct lead *lead, enum md_aside *why)
{
	struct wrapping *w = &waiting->wrapping;
	struct stream *stream;

	if (wrap_pack(call, packet, &w->parcel, w->inner) != MD_ASIDE_COUNT)
		return false;
	w->parcel.area_len = area_len(packet, w);
	if (!wrap_fits(packet, &w->parcel) || !table_pin(&lead->flow->slot))
		return false;
	stream = claim_stream(lead, packet->rtp.ssrc, call->now);
	if (stream)
		*why = tell_it(call, packet, lead, stream, w);
	if (!stream || *why != MD_ASIDE_COUNT) {
		flowtab_let_go(lead->flow);
		return stream != NULL;
	}
	describe_area(w, &w->parcel.tuple, w->parcel.user_len);
	w->area.user = w->parcel.piece + 1;
	w->area.pieces = w->parcel.pieces - 1;
	return true;
}

static bool in_batch(struct call *call, struct packet *packet, unsigned at, bool segment, enum md_aside *why)
{
	struct lead *lead = &call->batch->lead;
	struct waiting *waiting = NULL;
	struct book book;
	bool done = false;

	if (is_led(packet, lead))
		take_over(packet, lead);
	else if (!begin_another(call, packet, lead))
		return false;
	waiting = batch_place(call, packet, at);
	if (!waiting)
		return false;
	done = has_key(call, packet, &waiting->wrapping, &book) && prepare(call, packet, waiting, lead, why);
	book_let_go(&book); /* what follows may wait */
	packet->book = NULL;
	if (!done || *why != MD_ASIDE_COUNT)
		return done;
	tally_count(&call->tally, wrap_counted_as(packet->route), 1);
	batch_wait(call, waiting, packet, at, segment);
	return true;
}

/* --- Either ----------------------------------------------------------------------------------------------------------- */

bool follow_would(struct call *call, struct packet *packet)
{
	struct lead *lead = &call->batch->lead;

	return !call->run && is_silent(call) && is_rtp(packet) && (is_led(packet, lead) || begin_another(call, packet, lead));
}

static bool says_nothing(const struct control *control)
{
	return !control->hint.given && !control->bad_hints && !control->has_source;
}

bool follow(struct call *call, struct packet *packet, unsigned at, bool segment, enum md_aside *why)
{
	if (!is_silent(call) || !is_rtp(packet))
		return false;
	if (call->run)
		return in_run(call, packet, why);
	return says_nothing(packet->control) && !batch_full(call) && in_batch(call, packet, at, segment, why);
}

bool follow_message(struct call *call, struct packet *packet)
{
	const struct msghdr *msg = packet->msg;
	const struct iovec *piece = msg->msg_iov;

	if (msg->msg_iovlen != 1 || msg->msg_controllen || !memory_readable(piece, sizeof(*piece)) ||
		piece->iov_len > UINT16_MAX || (call->view.segment && piece->iov_len > call->view.segment) || !memory_readable(piece->iov_base, piece->iov_len) ||
		(msg->msg_name && (msg->msg_namelen > sizeof(struct sockaddr_storage) || !memory_readable(msg->msg_name, msg->msg_namelen))) ||
		(call->run && (call->run->train || !goes_there_too(msg, call->run->held[0].msg))))
		return false;
	packet->control = &nothing_said;
	packet->data = (struct octets){ piece->iov_base, piece->iov_len, piece->iov_len, piece, 1 };
	return true;
}
