/* SPDX-License-Identifier: BSD-3-Clause
 *
 * empty.c - a media datagram that goes natively between wrapped ones of its flow: with an empty option area, which says
 * nothing and keeps its place (wire format, sections 2.4 and 7). A receiver that merges datagrams (UDP_GRO) merges none that
 * has a surplus area, so that a wrapped one would overtake those without that wait to be merged.
 *
 * Only where it is this datagram that cannot be told about, and the next one perhaps can. What makes every datagram of a
 * flow native from some moment on (no valid key, no book, no engine) mixes nothing; what makes this one too long or too odd
 * to be wrapped leaves no room for an area either. In tunnel mode an outer datagram without metadata would be dropped. */
#include "hall.h"
#include "run.h"

/* As long as those of its flow that are wrapped: what takes the area off needs one number for a socket. False: it has none. */
static bool as_long_as_others(const struct call *call, const struct packet *packet, struct md_area *area)
{
	static const struct md_traffic_key some;
	struct md_ids ids = hall.config->ids;
	struct md_metadata meta = { .option = packet->route->ofc ? MD_OFC : MD_MED };
	struct md_area usual = { .ids = &ids, .meta = &meta, .key = hall.config->auth ? &some : NULL };
	struct book book = { .pin = NULL };

	if (packet->route->ofc && ids.legacy16 && packet->route->domain >= 0) {
		if (book_pin(packet->route->domain, call->time.tv_sec, call->now, &book) != MD_ASIDE_COUNT)
			return false;
		ids.legacy16 &= book.snapshot->legacy16;
		book_let_go(&book);
	}
	area->fill = md_area_size(&usual);
	return true;
}

/* The flow is pinned. */
static __attribute__((noinline)) bool put_out(struct call *call, const struct packet *packet)
{
	struct md_area area = { .user_len = packet->data.len };
	uint8_t room[AREA_ROOM];
	struct parcel parcel;
	bool out;

	if (!as_long_as_others(call, packet, &area) || wrap_pack(call, packet, &parcel, NULL) != MD_ASIDE_COUNT)
		return false;
	parcel.area_len = area.fill;
	if (!wrap_fits(packet, &parcel) || md_area_write(room, sizeof(room), &area, hall.lend) < 0)
		return false;
	parcel.piece[parcel.pieces++] = (struct iovec){ room, area.fill };
	tally_count(&call->tally, MD_C_EMPTY, 1); /* before it is out: see stats.h */
	out = wrap_put_out(call, &parcel) == MD_ASIDE_COUNT;
	if (!out)
		tally_count(&call->tally, MD_C_EMPTY, -1);
	return out;
}

bool empty_helps(const struct packet *packet, enum md_aside why)
{
	return (why == MD_A_NO_CODE || why == MD_A_BUSY) && packet->route && packet->route->mode == MODE_INLINE;
}

bool empty_send(struct call *call, struct packet *packet)
{
	bool out;

	if (target_flow(call, packet) != MD_ASIDE_COUNT)
		return false;
	out = flowtab_is_wrapped(packet->flow) && put_out(call, packet);
	flowtab_let_go(packet->flow);
	return out;
}
