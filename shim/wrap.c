/* SPDX-License-Identifier: BSD-3-Clause
 *
 * wrap.c - puts what is told of a datagram into octets, signs it and puts it out. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "hall.h"
#include "process.h"
#include "real.h"
#include "run.h"
#include "usage.h"

enum { AREA_ROOM_TOKEN = AREA_ROOM + MD_TOKEN_MAX + 8 };

_Static_assert((int)AREA_ROOM >= (int)MD_AREA_USUAL, "every area without a token fits");

static inline __attribute__((always_inline)) void marking(const struct call *call, const struct packet *packet, struct md_ip *ip)
{
	const struct view *view = &call->view;
	bool four = packet->key.tuple.version == 4;
	uint8_t pmtu = four ? view->pmtu4 : view->pmtu6;

	ip->ttl = packet->control->has_ttl ? packet->control->ttl : four ? view->ttl : view->hops;
	ip->tos = packet->control->has_tos ? packet->control->tos : four ? view->tos : view->tclass;
	ip->df = pmtu == IP_PMTUDISC_WANT || pmtu == IP_PMTUDISC_DO || pmtu == IP_PMTUDISC_PROBE;
	ip->id = ip->df ? 0 : (uint16_t)process_random();
	ip->flow_label = 0;
}

void wrap_marking(const struct call *call, const struct packet *packet, struct md_ip *ip)
{
	marking(call, packet, ip);
}

/* The application's octets as pieces of the parcel, behind what stands there already. False: too many. */
static bool gather(const struct octets *data, struct parcel *parcel)
{
	struct octets rest = *data;

	while (rest.len) {
		if (parcel->pieces >= PARCEL_PIECES + 2)
			return false;
		parcel->piece[parcel->pieces++] = (struct iovec){ (void *)(uintptr_t)rest.flat, rest.flat_len };
		rest = octets_from(&rest, rest.flat_len);
	}
	return true;
}

void wrap_outer(const struct packet *packet, struct md_ip *ip)
{
	ip->ttl = hall.config->router[packet->route->router].ttl;
	ip->df = true;
	ip->id = 0;
}

/* Tunnel mode: a complete inner datagram, whose headers we write, becomes the user data (wire format, section 6.2). */
static bool enclose(const struct packet *packet, struct parcel *parcel, uint8_t inner[MD_IPV6_HEADERS])
{
	uint16_t sum = md_sum_pieces(0, parcel->piece + 2, parcel->pieces - 2);
	ptrdiff_t len = md_headers_write(inner, MD_IPV6_HEADERS, &packet->flow->tuple, &parcel->ip, packet->data.len, sum, 0);

	if (len < 0)
		return false;
	parcel->piece[1] = (struct iovec){ inner, (size_t)len };
	parcel->inner_sum = sum;
	parcel->user_len += (size_t)len;
	parcel->tuple = packet->tunnel->tuple;
	wrap_outer(packet, &parcel->ip);
	return true;
}

static inline bool fits(const struct packet *packet, const struct parcel *parcel)
{
	bool tunnel = packet->route->mode == MODE_TUNNEL;
	size_t mtu = tunnel ? atomic_load_explicit(&packet->tunnel->mtu, memory_order_relaxed) : atomic_load_explicit(&packet->flow->mtu, memory_order_relaxed);

	return headers_len(parcel->tuple.version) + parcel->user_len + parcel->area_len <= mtu;
}

static inline enum md_aside pack(const struct call *call, const struct packet *packet, struct parcel *parcel,
	uint8_t inner[MD_IPV6_HEADERS])
{
	bool tunnel = packet->route->mode == MODE_TUNNEL;

	parcel->pieces = tunnel ? 2 : 1;
	parcel->router = tunnel ? (int8_t)packet->route->router : -1;
	if (!gather(&packet->data, parcel))
		return MD_A_PIECES;
	marking(call, packet, &parcel->ip);
	parcel->tuple = packet->flow->tuple;
	parcel->user_len = packet->data.len;
	parcel->interface = tunnel ? 0 : packet->control->interface;
	parcel->flags = tunnel ? 0 : call->flags & MSG_CONFIRM;
	parcel->segmented = call->view.segment || packet->control->has_segment;
	parcel->fd = call->fd;
	parcel->msg = packet->msg;
	return !tunnel || enclose(packet, parcel, inner) ? MD_ASIDE_COUNT : MD_A_MTU;
}

/* For others, who need them seldom. */
bool wrap_fits(const struct packet *packet, const struct parcel *parcel)
{
	return fits(packet, parcel);
}

enum md_aside wrap_pack(const struct call *call, const struct packet *packet, struct parcel *parcel,
	uint8_t inner[MD_IPV6_HEADERS])
{
	return pack(call, packet, parcel, inner);
}

/* A call on a blocking descriptor waits for room, ours as well as the application's own would have done. */
bool wrap_may_wait(const struct call *call)
{
	long flags;

	if (call->flags & MSG_DONTWAIT)
		return false;
	flags = raw_call(SYS_fcntl, call->fd, F_GETFL, 0, 0, 0, 0);
	return flags >= 0 && !(flags & O_NONBLOCK);
}

static inline __attribute__((always_inline)) enum md_aside put_out(struct call *call, struct parcel *parcel)
{
	int err;

	if (call->no_engine)
		return MD_A_NO_ENGINE;
	parcel->may_block = false;
	err = egress_send(call->sock, &call->view, parcel, call->now, &call->tally, call->alone);
	if (err == -EAGAIN && wrap_may_wait(call)) {
		parcel->may_block = true;
		err = egress_send(call->sock, &call->view, parcel, call->now, &call->tally, call->alone);
	}
	if (err && !call->to_come && pending_fetched(call, parcel->router, err))
		return pending_stop(call, parcel->msg, err);
	switch (err) {
	case 0: return MD_ASIDE_COUNT;
	case -EAGAIN: return MD_A_ENGINE_FULL;
	case -EMSGSIZE: return MD_A_MTU;
	case -ENODEV: call->no_engine = true; return MD_A_NO_ENGINE;
	case -EBUSY: return MD_A_BUSY;
	case -EMFILE:
	case -ENFILE: return MD_A_MEMORY;
	default: return MD_A_ENGINE_ERROR;
	}
}

enum md_aside wrap_put_out(struct call *call, struct parcel *parcel)
{
	return put_out(call, parcel);
}

uint32_t wrap_ntp_now(const struct call *call)
{
	return md_ntp_send(md_ntp_short(call->time.tv_sec, (uint32_t)call->time.tv_nsec));
}

/* Whether this datagram carries the route's token (wire format, section 10.1), and if so, that it did. */
static bool token_due(const struct call *call, const struct packet *packet, const struct parcel *parcel)
{
	const struct route *route = packet->route;
	struct flow *flow = packet->flow;
	bool tunnel = route->mode == MODE_TUNNEL;
	size_t mtu = tunnel ? atomic_load_explicit(&packet->tunnel->mtu, memory_order_relaxed) : atomic_load_explicit(&flow->mtu, memory_order_relaxed);
	size_t used = headers_len(parcel->tuple.version) + parcel->user_len + parcel->area_len;
	struct md_token_turn turn;

	if (!route->token_len || used >= mtu)
		return false;
	turn.begun = (uint32_t)atomic_load_explicit(&flow->token_second, memory_order_relaxed) << 16;
	turn.sent = atomic_load_explicit(&flow->tokens, memory_order_relaxed);
	if (!md_token_due(&turn, route->token_count, route->token_interval, wrap_ntp_now(call), route->token_len, mtu - used))
		return false;
	atomic_store_explicit(&flow->token_second, (uint16_t)(turn.begun >> 16), memory_order_relaxed);
	atomic_store_explicit(&flow->tokens, (uint16_t)turn.sent, memory_order_relaxed);
	return true;
}

/* The code for this datagram. What was wanted counts, whether the book has it or not. */
bool wrap_code(const struct call *call, const struct packet *packet, const struct md_meaning *meaning, struct md_metadata *meta)
{
	const uint8_t *code = md_snapshot_pick(packet->book->snapshot, meaning, (uint32_t)(process_random() >> 32));

	usage_count(md_meaning_number(meaning), call->now);
	if (!code)
		return false;
	meta->option = MD_OFC;
	memcpy(meta->code, code, MD_CODE_LEN);
	return true;
}

/* What is told of it, and its number, which is taken back if the datagram does not get out. */
static enum md_aside number(struct call *call, struct packet *packet, struct wrapping *w)
{
	struct md_meaning meaning;

	if (!tell(call, packet, &w->meta, &meaning))
		return MD_A_BUSY;
	if (packet->route->ofc && (!packet->book || !wrap_code(call, packet, &meaning, &w->meta)))
		return MD_A_NO_CODE;
	flowtab_tick(packet->flow, wrap_ntp_now(call), &w->meta.seq, &w->meta.ts, w->undo);
	w->area.meta = &w->meta;
	w->area.tuple = &w->parcel.tuple;
	w->area.user = w->parcel.piece + 1;
	w->area.pieces = w->parcel.pieces - 1;
	w->area.user_len = w->parcel.user_len;
	return MD_ASIDE_COUNT;
}

enum md_aside wrap_out(struct call *call, const struct packet *packet, struct wrapping *w, uint8_t *area, ptrdiff_t len)
{
	enum run_fate fate;
	enum md_aside why;

	if (len < 0)
		return MD_A_NO_KEY;
	w->parcel.area_len = (size_t)len;
	w->parcel.piece[w->parcel.pieces++] = (struct iovec){ area, (size_t)len };
	fate = run_hold(call, packet, &w->parcel, w->undo);
	if (fate == RUN_AGAIN) {
		wrap_again(call, packet, w);
		fate = md_area_write(area, (size_t)len, &w->area, hall.lend) < 0 ? RUN_STOPPED : run_hold(call, packet, &w->parcel, w->undo);
	}
	switch (fate) {
	case RUN_HELD: return MD_ASIDE_COUNT;
	case RUN_NOT: why = put_out(call, &w->parcel); break;
	default: why = MD_A_ENGINE_FULL;
	}
	if (why != MD_ASIDE_COUNT)
		w->parcel.pieces--;
	return why;
}

static __attribute__((noinline)) enum md_aside write_out(struct call *call, struct packet *packet, struct wrapping *w,
	uint8_t *room, size_t len)
{
	enum md_aside why = wrap_out(call, packet, w, room, md_area_write(room, len, &w->area, hall.lend));

	if (why != MD_ASIDE_COUNT)
		flowtab_undo(packet->flow, w->undo);
	return why;
}

/* Of its own frame, since a token may be long and the usual area is short. */
static __attribute__((noinline)) enum md_aside write_out_with_token(struct call *call, struct packet *packet,
	struct wrapping *w)
{
	uint8_t room[AREA_ROOM_TOKEN];
	enum md_aside why = write_out(call, packet, w, room, sizeof(room));

	if (why == MD_ASIDE_COUNT)
		tally_count(&call->tally, MD_C_TOKENS, 1);
	/* The room is gone. */
	w->parcel.piece[w->parcel.pieces - (why == MD_ASIDE_COUNT)] = (struct iovec){ NULL, 0 };
	return why;
}

enum md_aside wrap_alone(struct call *call, struct packet *packet, struct wrapping *w)
{
	if (w->area.token)
		return write_out_with_token(call, packet, w);
	return write_out(call, packet, w, w->room, sizeof(w->room));
}

void wrap_again(const struct call *call, const struct packet *packet, struct wrapping *w)
{
	flowtab_tick(packet->flow, wrap_ntp_now(call), &w->meta.seq, &w->meta.ts, w->undo);
}

bool wrap_key_is_valid(const struct call *call)
{
	return hall.config->has_key && call->time.tv_sec >= hall.config->not_before &&
		call->time.tv_sec < hall.config->not_after;
}

/* The key for this datagram, if it has to be made: the flow keeps it for the next. */
static __attribute__((noinline)) bool make_key(const struct packet *packet, const struct md_tuple *tuple,
	struct md_traffic_key *key)
{
	struct md_key master;
	bool made;

	md_snapshot_key_copy(packet->book->key, &master);
	made = md_traffic_key_make(key, &master, tuple, hall.lend) == 0;
	explicit_bzero(&master, sizeof(master));
	key->mark = packet->book->mark;
	if (made)
		flowtab_keep_key(packet->flow, key);
	return made;
}

/* The key of the configuration, which the flow holds since it was made, or that of the book, which may change. */
static bool sign_with(const struct call *call, const struct packet *packet, const struct md_tuple *tuple,
	struct md_traffic_key *key, struct md_area *area)
{
	if (!hall.config->auth)
		return true;
	if (packet->route->domain < 0) {
		area->key = &packet->flow->key;
		area->next_keyid = packet->flow->key.keyid;
		return wrap_key_is_valid(call);
	}
	area->key = key;
	area->next_keyid = packet->book->next_keyid;
	return packet->book->key && (flowtab_key(packet->flow, packet->book->mark, key) || make_key(packet, tuple, key));
}

static enum md_aside prepare(struct call *call, struct packet *packet, struct wrapping *w)
{
	bool ofc = packet->route->ofc;
	struct md_metadata kind = { .option = ofc ? MD_OFC : MD_MED };
	enum md_aside why;

	w->area = (struct md_area){ .ids = &w->ids, .meta = &kind };
	why = pack(call, packet, &w->parcel, w->inner);
	if (why != MD_ASIDE_COUNT)
		return why;
	if (!sign_with(call, packet, &w->parcel.tuple, &w->key, &w->area))
		return MD_A_NO_KEY;
	w->parcel.area_len = md_area_size(&w->area);
	if (!fits(packet, &w->parcel))
		return MD_A_MTU;
	if (token_due(call, packet, &w->parcel)) {
		w->area.token = packet->route->token;
		w->area.token_len = packet->route->token_len;
	}
	return number(call, packet, w);
}

void wrap_by_book(struct packet *packet, struct md_ids *ids)
{
	const struct md_snapshot *snapshot = packet->book->snapshot;

	if (snapshot->colours)
		packet->colours = snapshot->colours;
	if (snapshot->bq_unit)
		packet->bq_unit = snapshot->bq_unit;
	if (packet->route->ofc)
		ids->legacy16 &= snapshot->legacy16; /* both ends of the domain have to say so */
}

enum md_count wrap_counted_as(const struct route *route)
{
	return (route->ofc ? MD_C_WRAPPED_OFC_TUNNEL : MD_C_WRAPPED_MED_TUNNEL) + (route->mode == MODE_INLINE);
}

enum md_aside wrap_prepare(struct call *call, struct packet *packet, struct wrapping *w)
{
	struct book book = { .pin = NULL };
	enum md_aside why;

	packet->colours = WRAP_COLOURS;
	packet->bq_unit = hall.config->bq_unit;
	packet->book = NULL;
	w->ids = hall.config->ids;
	if (packet->route->domain < 0)
		return prepare(call, packet, w);
	why = book_pin(packet->route->domain, call->time.tv_sec, call->now, &book);
	if (why != MD_ASIDE_COUNT)
		return why;
	/* cppcheck-suppress autoVariables - taken back below */
	packet->book = &book;
	wrap_by_book(packet, &w->ids);
	why = prepare(call, packet, w);
	book_let_go(&book); /* what follows may wait */
	packet->book = NULL;
	return why;
}

/* Of its own frame: where datagrams wait for each other, they are wrapped elsewhere. */
__attribute__((noinline)) enum md_aside wrap(struct call *call, struct packet *packet)
{
	struct wrapping w;
	enum md_aside why = wrap_prepare(call, packet, &w);

	return why == MD_ASIDE_COUNT ? wrap_alone(call, packet, &w) : why;
}
