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

#include "held.h"
#include "hints.h"
#include "memory.h"
#include "run.h"
#include "why.h"

enum {
	USER_LEAST = 12,
	ROOM = MD_AREA_USUAL + 4
};

_Static_assert((int)ROOM <= (int)HELD_SPARE, "the area's one pass ends within what was set aside");

static const struct control nothing_said;

/* While it is wrapped. */
struct follower {
	struct book book;
	struct md_traffic_key key;   /* a book's */
	struct md_ids ids;
	struct md_metadata meta;
	struct md_area area;
	struct md_ip ip;
	size_t inner_len, area_len;
};

/* --- The first -------------------------------------------------------------------------------------------------------- */

void follow_end(struct run *run)
{
	struct lead *lead = &run->lead;

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
	lead->bq = train_burst(call, packet);
}

/* --- Conditions ------------------------------------------------------------------------------------------------------- */

static inline bool is_rtp(struct packet *packet)
{
	const struct octets *data = &packet->data;

	if (data->flat_len != data->len || data->len < USER_LEAST || data->flat[0] >> 6 != 2 || (data->flat[1] & 0xE0) == 0xC0)
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
static inline bool has_key(const struct call *call, struct packet *packet, struct follower *f)
{
	f->book.pin = NULL;
	packet->book = NULL;
	packet->colours = WRAP_COLOURS;
	packet->bq_unit = hall.config->bq_unit;
	f->ids = hall.config->ids;
	if (packet->route->domain < 0) {
		f->area.key = &packet->flow->key;
		f->area.next_keyid = packet->flow->key.keyid;
		return true; /* the time is the first one's, and so is the key */
	}
	if (book_pin(packet->route->domain, call->time.tv_sec, call->now, &f->book) != MD_ASIDE_COUNT)
		return false;
	packet->book = &f->book;
	wrap_by_book(packet, &f->ids);
	f->area.key = &f->key;
	f->area.next_keyid = f->book.next_keyid;
	return f->book.key && flowtab_key(packet->flow, f->book.mark, &f->key) && f->key.expanded;
}

/* Whether it is no longer than the first, which fitted the path MTU and the train. */
static inline bool fits(const struct run *run, const struct packet *packet, struct follower *f)
{
	bool tunnel = packet->route->mode == MODE_TUNNEL;

	f->inner_len = tunnel ? headers_len(packet->flow->tuple.version) : 0;
	f->area_len = MD_AREA_FIXED + md_metadata_size(&f->ids, packet->route->ofc ? MD_OFC : MD_MED) + MD_AUTH_LEN;
	return f->inner_len + packet->data.len + f->area_len <= run->size;
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

/* What the network is told, and its number. */
static inline enum md_aside tell_it(struct call *call, struct packet *packet, struct lead *lead, struct stream *stream,
	struct follower *f, uint64_t undo[2])
{
	struct md_meaning meaning;
	bool opened = tell_usual(call, packet, stream, &f->meta, packet->book ? &meaning : NULL);

	claim_drop(&stream->claim); /* its pin stays */
	if (!f->meta.bq)
		f->meta.bq = lead->bq;
	tally_count(&call->tally, MD_C_SEEN, 1);
	if (opened)
		tally_count(&call->tally, MD_C_MDUS, 1);
	if (packet->route->ofc && !wrap_code(call, packet, &meaning, &f->meta))
		return MD_A_NO_CODE;
	flowtab_tick(packet->flow, wrap_ntp_now(call), &f->meta.seq, &f->meta.ts, undo);
	return MD_ASIDE_COUNT;
}

/* In tunnel mode the inner headers, the application's octets, the area; behind what is held. False: it could not be signed. */
static inline bool compose(struct run *run, const struct packet *packet, struct follower *f, uint16_t *sum)
{
	uint8_t *begin = run->octets + run->len, *user = begin + f->inner_len;

	memcpy(user, packet->data.flat, packet->data.len);
	f->area.tuple = &run->first.parcel.tuple;
	*sum = 0;
	if (f->inner_len) {
		*sum = md_sum(0, user, packet->data.len);
		if (md_headers_write(begin, f->inner_len, &packet->flow->tuple, &f->ip, packet->data.len, *sum, 0) < 0)
			return false;
		wrap_outer(packet, &f->ip);
	}
	f->area.ids = &f->ids;
	f->area.meta = &f->meta;
	f->area.token = NULL;
	f->area.user_len = f->inner_len + packet->data.len;
	f->area.fill = 0;
	return md_area_write_behind(begin, ROOM, &f->area, hall.lend) == (ptrdiff_t)f->area_len;
}

static inline enum md_aside hold(struct call *call, struct packet *packet, struct stream *stream, struct follower *f)
{
	struct run *run = call->run;
	uint64_t undo[2];
	uint16_t sum;
	enum md_aside why = tell_it(call, packet, &run->lead, stream, f, undo);

	if (why != MD_ASIDE_COUNT)
		return why;
	wrap_marking(call, packet, &f->ip);
	if (!compose(run, packet, f, &sum)) {
		flowtab_undo(packet->flow, undo);
		return MD_A_NO_KEY;
	}
	tally_count(&call->tally, wrap_counted_as(packet->route), 1);
	run_remember(run, packet, &f->ip, f->area.user_len, f->area_len, sum, undo);
	return MD_ASIDE_COUNT;
}

bool follow(struct call *call, struct packet *packet, enum md_aside *why)
{
	struct run *run = call->run;
	struct lead *lead = &run->lead;
	struct stream *stream = NULL;
	struct follower f;

	if (!lead->flow || run->full || (call->batch && batch_waits(call)) || !is_silent(call) || !is_rtp(packet) ||
		atomic_load_explicit(&lead->flow->state, memory_order_relaxed) == FLOW_RETIRED ||
		atomic_load_explicit(&lead->flow->why_not, memory_order_relaxed) != MD_ASIDE_COUNT)
		return false;
	packet->flow = lead->flow;
	packet->tunnel = lead->tunnel;
	packet->route = lead->route;
	packet->key = lead->key;
	if (has_key(call, packet, &f) && fits(run, packet, &f))
		stream = claim_stream(lead, packet->rtp.ssrc, call->now);
	if (stream)
		*why = hold(call, packet, stream, &f);
	book_let_go(&f.book); /* what follows may wait */
	packet->book = NULL;
	if (stream && *why == MD_ASIDE_COUNT && run_is_full(run))
		run_settle(call);
	return stream != NULL;
}

/* Whether it goes where that one goes, which is legible; neither has control messages. */
static inline bool goes_there_too(const struct msghdr *msg, const struct msghdr *other)
{
	return msg->msg_namelen == other->msg_namelen && !msg->msg_name == !other->msg_name &&
		(!msg->msg_name || memcmp(msg->msg_name, other->msg_name, msg->msg_namelen) == 0);
}

bool follow_message(struct call *call, const struct msghdr *msg, struct packet *packet, enum md_aside *why)
{
	const struct msghdr *before = call->run->held[0].msg;
	const struct iovec *piece = msg->msg_iov;

	if (msg->msg_iovlen != 1 || msg->msg_controllen || before->msg_controllen || call->run->train || !memory_readable(piece, sizeof(*piece)) ||
		piece->iov_len > UINT16_MAX || !memory_readable(piece->iov_base, piece->iov_len) ||
		(msg->msg_name && (msg->msg_namelen > sizeof(struct sockaddr_storage) || !memory_readable(msg->msg_name, msg->msg_namelen))) ||
		!goes_there_too(msg, before))
		return false;
	packet->control = &nothing_said;
	packet->data = (struct octets){ piece->iov_base, piece->iov_len, piece->iov_len, piece, 1 };
	return follow(call, packet, why);
}
