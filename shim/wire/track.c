/* SPDX-License-Identifier: BSD-3-Clause
 *
 * track.c - losses, freshness and replay of one flow at the receiver (wire format, sections 4.5 and 5.9). */
#include <mdshim/track.h>

/* head is the place of the oldest gap; the ring is sorted by age. */
static uint16_t *gap_at(struct md_track *t, unsigned i)
{
	return &t->gap[(t->head + i) % MD_TRACK_GAPS];
}

static void forget_oldest(struct md_track *t)
{
	t->head = (uint16_t)((t->head + 1) % MD_TRACK_GAPS);
	t->gaps--;
}

static void open_gap(struct md_track *t, uint16_t seq)
{
	if (t->gaps == MD_TRACK_GAPS)
		forget_oldest(t);
	*gap_at(t, t->gaps++) = seq;
}

/* Late packets are mostly a few numbers late: the newest are looked at first. */
static bool close_gap(struct md_track *t, uint16_t seq)
{
	for (unsigned i = t->gaps; i-- > 0;) {
		if (*gap_at(t, i) != seq)
			continue;
		for (; i + 1 < t->gaps; i++)
			*gap_at(t, i) = *gap_at(t, i + 1);
		t->gaps--;
		return true;
	}
	return false;
}

static void advance(struct md_track *t, uint16_t seq, int32_t delta)
{
	int32_t first = delta > MD_TRACK_GAPS + 1 ? delta - MD_TRACK_GAPS : 1; /* older ones would be pushed out again */

	t->lost += (uint64_t)(delta - 1);
	for (int32_t i = first; i < delta; i++)
		open_gap(t, (uint16_t)(t->highest + i));
	t->highest = seq;
	/* Half a round behind, a number would be taken for one of the future. */
	while (t->gaps && (uint16_t)(t->highest - *gap_at(t, 0)) >= 0x8000)
		forget_oldest(t);
}

enum md_track_result md_track(struct md_track *t, uint16_t seq)
{
	int32_t delta = md_seq_delta(seq, t->highest);

	t->packets++;
	if (!t->begun) {
		t->begun = true;
		t->highest = seq;
		return MD_TRACK_NEXT;
	}
	if (delta > 0) {
		advance(t, seq, delta);
		return delta == 1 ? MD_TRACK_NEXT : MD_TRACK_AHEAD;
	}
	if (close_gap(t, seq)) {
		t->lost--;
		t->late++;
		return MD_TRACK_LATE;
	}
	t->repeated++;
	return MD_TRACK_REPEATED;
}

static bool idle_for_long(const struct md_replay *r, uint32_t now)
{
	return r->begun && (int64_t)md_ntp_diff(now, r->last) > 2 * (int64_t)r->limit;
}

enum md_reason md_replay(struct md_replay *r, uint16_t seq, uint32_t ts, uint32_t now)
{
	int64_t age = md_ntp_diff(now, ts);
	uint32_t *slot;

	if (!ts || age > (int64_t)r->limit || -age > (int64_t)r->limit)
		return MD_R_STALE;
	if (!r->slot || !r->window)
		return MD_R_REPLAY; /* without a memory nothing can be told apart */
	if (idle_for_long(r, now))
		for (uint32_t i = 0; i < r->window; i++)
			r->slot[i] = 0;
	slot = &r->slot[seq % r->window];
	if (*slot && md_ntp_diff(ts, *slot) <= 0)
		return MD_R_REPLAY;
	*slot = ts;
	r->last = now;
	r->begun = true;
	return MD_R_NONE;
}
