/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lane.c - the short way of the usual datagram.
 *
 * Nearly all datagrams of a media server are alike: RTP by a call of its own, without control messages, on a socket of which
 * everything is known, in a flow that has been wrapped before, by an engine that is ready. All that the rooms would find out
 * is the same as for the datagram before. So it is asked for here in one go, as a list of conditions none of which changes
 * anything; where one does not hold the datagram takes the long way (path.c), which does not know of this one but for the
 * mark it leaves at a flow (lane_learn). What is done then, from recognising to counting, are the same functions, on octets
 * that lie in one piece.
 *
 * It leaves the lane at two places only: before anything was touched, and where the engine's first try failed. */
#include <string.h>

#include "hall.h"
#include "hints.h"
#include "memory.h"
#include "path.h"
#include "run.h"
#include "usually.h"
#include "why.h"

enum {
	FLAGS_USUAL = MSG_DONTWAIT | MSG_NOSIGNAL,
	USER_MOST = 1472,            /* an Ethernet frame's; longer ones will hardly fit the path MTU */
	USER_LEAST = 12,
	FRONT = 2 * MD_IPV6_HEADERS, /* outer and inner headers */
	ROOM = MD_AREA_USUAL + 4
};

static const struct control nothing_said;

/* One datagram on the lane. */
struct lane {
	struct packet packet;
	struct slip slip;
	struct stream *stream;
	const struct engine *engine;
	void *handle;
	struct md_area area;
	struct md_ids ids;
	struct md_metadata meta;
	struct md_ip ip;
	struct md_traffic_key key;   /* a book's */
	struct book book;
	uint64_t undo[2];
};

/* By which engine it goes out, if that has a short way. */
static inline const struct engine *engine_for(const struct call *call, const struct packet *packet)
{
	bool tunnel = packet->route->mode == MODE_TUNNEL;

	return egress_first(tunnel ? packet->tunnel->tuple.version : packet->flow->tuple.version, tunnel, call->now);
}

void lane_learn(const struct call *call, const struct packet *packet)
{
	if (packet->protocol != PROTO_RTP || packet->flow->chosen || packet->route->token_len || !hall.config->auth ||
		atomic_load_explicit(&packet->flow->shape, memory_order_relaxed) != SHAPE_FRAMES || !engine_for(call, packet))
		return;
	flowtab_make_usual(packet->flow);
	if (!atomic_load_explicit(&call->sock->usual, memory_order_relaxed))
		atomic_store_explicit(&call->sock->usual, 1, memory_order_relaxed);
}

/* --- Conditions ------------------------------------------------------------------------------------------------------- */

/* The call itself, and what the application has a say in. */
static inline bool call_is_usual(struct call *call, const struct msghdr *msg)
{
	struct sock *sock = call->sock;

	return !((call->flags & ~FLAGS_USUAL) | (int)(msg->msg_controllen != 0) | (int)(msg->msg_iovlen != 1) | (int)!call->own_vec) &&
		!(atomic_load_explicit(&sock->more, memory_order_relaxed) | atomic_load_explicit(&sock->shut, memory_order_relaxed)) &&
		hints_silent(sock) && !notes_any(&tapped_quic) && !why_asked() &&
		!__atomic_load_n(&stats_page()->why_until, __ATOMIC_RELAXED);
}

/* What the message points to may be looked at (sight.c). */
static inline bool is_legible(const struct call *call, const struct msghdr *msg)
{
	if (seldom(!call->own_pieces && !memory_readable(msg->msg_iov, sizeof(*msg->msg_iov))))
		return false;
	if (msg->msg_name &&
		seldom(msg->msg_namelen > sizeof(struct sockaddr_storage) || !memory_readable(msg->msg_name, msg->msg_namelen)))
		return false;
	return msg->msg_iov->iov_len - USER_LEAST <= USER_MOST - USER_LEAST &&
		memory_readable(msg->msg_iov->iov_base, msg->msg_iov->iov_len);
}

static inline bool socket_is_usual(struct call *call)
{
	return socktab_glance(call->sock, call->now, &call->view) && call->view.bound && !call->view.corked && !call->view.segment;
}

/* It is RTP, by its first octets as classify_first() has it. */
static inline bool is_rtp(struct packet *packet, const struct iovec *piece)
{
	const uint8_t *user = piece->iov_base;

	if (seldom(!classify_is_rtp(user)))
		return false;
	packet->data = (struct octets){ user, piece->iov_len, piece->iov_len, piece, 1 };
	packet->protocol = PROTO_RTP;
	packet->tapped.kind = 0;
	return rtp_recognise(&packet->data, &packet->rtp);
}

/* The flow's own facts still hold (target.c). */
static inline bool flow_is_usual(const struct call *call, const struct packet *packet)
{
	const struct flow *flow = packet->flow;

	return target_is_fresh(call, flow) &&
		atomic_load_explicit(&flow->why_not, memory_order_relaxed) == MD_ASIDE_COUNT &&
		!target_moved(call, packet);
}

/* The key to sign with: the flow's, or that of a book, which is pinned. */
static inline bool key_is_usual(const struct call *call, struct lane *lane)
{
	struct packet *packet = &lane->packet;

	lane->book.pin = NULL;
	packet->book = NULL;
	packet->colours = WRAP_COLOURS;
	packet->bq_unit = hall.config->bq_unit;
	lane->ids = hall.config->ids;
	if (usually(packet->route->domain < 0)) {
		lane->area.key = &packet->flow->key;
		lane->area.next_keyid = packet->flow->key.keyid;
		return !packet->route->ofc && wrap_key_is_valid(call);
	}
	if (book_pin(packet->route->domain, call->time.tv_sec, call->now, &lane->book) != MD_ASIDE_COUNT)
		return false;
	packet->book = &lane->book;
	wrap_by_book(packet, &lane->ids);
	lane->area.key = &lane->key;
	lane->area.next_keyid = lane->book.next_keyid;
	return lane->book.key && flowtab_key(packet->flow, lane->book.mark, &lane->key);
}

/* Sizes, and an engine for them. */
static inline bool way_is_usual(struct call *call, struct lane *lane, size_t len)
{
	const struct packet *packet = &lane->packet;
	bool tunnel = packet->route->mode == MODE_TUNNEL;
	enum md_option option = packet->route->ofc ? MD_OFC : MD_MED;
	size_t metadata = md_metadata_size(&lane->ids, option), mtu;
	struct slip *slip = &lane->slip;

	slip->tuple = tunnel ? &packet->tunnel->tuple : &packet->flow->tuple;
	slip->inner_len = tunnel ? headers_len(packet->flow->tuple.version) : 0;
	slip->user_len = slip->inner_len + len;
	slip->area_len = MD_AREA_FIXED + metadata + MD_AUTH_LEN;
	slip->head = (uint8_t)metadata;
	slip->router = tunnel ? (int8_t)packet->route->router : -1;
	slip->fd = call->fd;
	slip->msg = packet->msg;
	slip->ip = &lane->ip;
	mtu = atomic_load_explicit(tunnel ? &packet->tunnel->mtu : &packet->flow->mtu, memory_order_relaxed);
	if (seldom(headers_len(slip->tuple->version) + slip->user_len + slip->area_len > mtu))
		return false;
	if (tunnel || lane->engine->writes_headers)
		wrap_marking(call, packet, &lane->ip);
	lane->handle = lane->engine->ready(call->sock, slip, call->now);
	return lane->handle != NULL;
}

/* All of them. Pinned where true: flow, stream, book. */
static __attribute__((noinline, flatten)) bool is_usual(struct call *call, struct lane *lane)
{
	const struct msghdr *msg = &call->vec->msg_hdr;
	struct packet *packet = &lane->packet;

	packet->msg = msg;
	packet->control = &nothing_said;
	packet->flow = NULL;
	if (seldom(!call_is_usual(call, msg)) || seldom(!is_legible(call, msg)) || seldom(!is_rtp(packet, msg->msg_iov)) ||
		seldom(!socket_is_usual(call)) || seldom(target_find(call, packet) != MD_ASIDE_COUNT))
		return false;
	packet->flow = flowtab_find_usual(&packet->key, call->now);
	if (seldom(!packet->flow))
		return false;
	packet->key.route = packet->flow->route;
	packet->route = &hall.config->route[packet->flow->route];
	if (seldom(!target_has_tunnel(call, packet)))
		return false;
	lane->engine = engine_for(call, packet);
	if (seldom(!lane->engine) || seldom(!flow_is_usual(call, packet)) || seldom(!key_is_usual(call, lane)) ||
		seldom(!way_is_usual(call, lane, msg->msg_iov->iov_len)) || seldom(pending_error(call, packet)))
		return false;
	lane->stream = flowtab_stream_at_once(packet->flow, packet->rtp.ssrc, call->now);
	return lane->stream != NULL;
}

/* --- Doing it --------------------------------------------------------------------------------------------------------- */

/* What the network is told. */
static inline __attribute__((flatten)) enum md_aside tell_it(struct call *call, struct lane *lane, bool *opened)
{
	struct packet *packet = &lane->packet;
	struct md_meaning meaning;

	*opened = tell_usual(call, packet, lane->stream, &lane->meta, packet->book ? &meaning : NULL);
	flowtab_stream_done(lane->stream);
	if (packet->route->ofc && !wrap_code(call, packet, &meaning, &lane->meta))
		return MD_A_NO_CODE;
	flowtab_tick(packet->flow, wrap_ntp_now(call), &lane->meta.seq, &lane->meta.ts, lane->undo);
	return MD_ASIDE_COUNT;
}

/* In tunnel mode the inner headers; then the area. user: behind the copy of the application's octets there is ROOM. */
static inline bool compose(struct lane *lane, uint8_t *user)
{
	const struct packet *packet = &lane->packet;
	struct slip *slip = &lane->slip;

	slip->octets = user - slip->inner_len;
	if (slip->inner_len) {
		slip->inner_sum = md_sum(0, user, packet->data.len);
		if (md_headers_write(slip->octets, slip->inner_len, &packet->flow->tuple, &lane->ip, packet->data.len, slip->inner_sum, 0) < 0)
			return false;
		wrap_outer(packet, &lane->ip);
	}
	lane->area.ids = &lane->ids;
	lane->area.meta = &lane->meta;
	lane->area.token = NULL;
	lane->area.tuple = slip->tuple;
	lane->area.user_len = slip->user_len;
	lane->area.fill = 0;
	return md_area_write_behind(slip->octets, ROOM, &lane->area, hall.lend) == (ptrdiff_t)slip->area_len;
}

/* The engine's first try failed: the same datagram by the long way from there on, unless the application's own socket had an error
 * waiting, which is its own. */
static __attribute__((noinline, cold)) enum md_aside post_again(struct call *call, struct lane *lane, int err)
{
	const struct slip *slip = &lane->slip;
	struct parcel parcel = { .tuple = *slip->tuple, .user_len = slip->user_len, .inner_sum = slip->inner_sum,
		.area_len = slip->area_len, .router = slip->router, .fd = slip->fd, .msg = slip->msg, .pieces = 1 };

	tally_engine(&call->tally, lane->engine->id, -1);
	if (pending_fetched(call, slip->router, err))
		return pending_stop(call, slip->msg, err);
	if (!socktab_view(call->sock, call->fd, call->now, &call->view))
		return MD_A_BUSY;
	if (!slip->inner_len)
		wrap_marking(call, &lane->packet, &lane->ip);
	parcel.ip = lane->ip;
	if (slip->inner_len)
		parcel.piece[parcel.pieces++] = (struct iovec){ slip->octets, slip->inner_len };
	parcel.piece[parcel.pieces++] = (struct iovec){ slip->octets + slip->inner_len, slip->user_len - slip->inner_len };
	parcel.piece[parcel.pieces++] = (struct iovec){ slip->octets + slip->user_len, slip->area_len };
	return wrap_put_out(call, &parcel);
}

/* Counted before it is out (stats.h), and what does not get out is taken back. */
static __attribute__((noinline)) enum md_aside send_it(struct call *call, struct lane *lane)
{
	_Alignas(16) uint8_t octets[FRONT + USER_MOST + ROOM];
	const struct packet *packet = &lane->packet;
	enum md_count wrapped = wrap_counted_as(packet->route);
	enum md_aside why;
	bool opened;
	int err = 0;

	why = tell_it(call, lane, &opened);
	if (seldom(why != MD_ASIDE_COUNT)) {
		tally_count(&call->tally, MD_C_SEEN, 1);
		tally_count(&call->tally, MD_C_MDUS, opened);
		return why;
	}
	memcpy(octets + FRONT, packet->data.flat, packet->data.len);
	tally_usual(wrapped, lane->engine->id, opened);
	if (seldom(!compose(lane, octets + FRONT))) {
		tally_engine(&call->tally, lane->engine->id, -1);
		why = MD_A_NO_KEY;
	}
	book_let_go(&lane->book); /* what follows may wait */
	if (usually(why == MD_ASIDE_COUNT))
		err = egress_post(lane->engine, lane->handle, &lane->slip);
	if (seldom(err))
		why = post_again(call, lane, err);
	if (seldom(why != MD_ASIDE_COUNT)) {
		flowtab_undo(packet->flow, lane->undo);
		tally_count(&call->tally, wrapped, -1);
	}
	return why;
}

/* It has no code: between those of its flow that are wrapped it goes with an empty area, as on the long way. */
static bool went_empty(struct call *call, struct packet *packet, enum md_aside why)
{
	return empty_helps(packet, why) && socktab_view(call->sock, call->fd, call->now, &call->view) && empty_send(call, packet);
}

/* What the call returns where the datagram was not wrapped. */
static __attribute__((noinline, cold)) int not_out(struct call *call, struct lane *lane, enum md_aside why)
{
	tally_aside(&call->tally, why, 1);
	if (call->stopped)
		return run_result(call);
	return went_empty(call, &lane->packet, why) ? 1 : PATH_PASS;
}

/* Part of path_send(): see there. */
inline int lane_send(struct call *call)
{
	enum md_aside why = MD_ASIDE_COUNT;
	struct lane lane;
	int result = 1;
	bool usual;

	if (seldom(!atomic_load_explicit(&call->sock->usual, memory_order_relaxed)))
		return LANE_NOT;
	lane.book.pin = NULL;
	usual = is_usual(call, &lane);
	if (usually(usual))
		why = send_it(call, &lane);
	book_let_go(&lane.book);
	if (usually(lane.packet.flow))
		flowtab_let_go(lane.packet.flow);
	if (seldom(!usual))
		return LANE_NOT;
	if (seldom(why != MD_ASIDE_COUNT))
		result = not_out(call, &lane, why);
	if (usually(result == 1))
		call->vec->msg_len = (unsigned)lane.packet.data.len;
	return result;
}
