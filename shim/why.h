/* SPDX-License-Identifier: BSD-3-Clause
 *
 * why.h - records of what becomes of each datagram and why, while somebody asks ("mdctl explain PID").
 *
 * Who asks writes a time into the mapped file of the counters; until then each datagram leaves a record in memory of ours,
 * and the end of its call copies that into the file, where the counters go too (stats.h): plain stores, no system call. */
#ifndef MD_WHY_H
#define MD_WHY_H

#include "hall.h"
#include "usually.h"

/* Until when somebody wants to know; 0: nobody does. */
extern _Atomic uint32_t why_until;

static inline bool why_asked(void)
{
	return seldom(atomic_load_explicit(&why_until, memory_order_relaxed) != 0);
}

/* What tell.c found out of a packet; kept with the call until why_record(). stream is held by the caller. */
void why_mdu(struct call *call, const struct packet *packet, const struct stream *stream, const struct mdu_in *in,
	const struct mdu_out *out);
void why_tell(struct call *call, const struct packet *packet, const struct md_hint *hint, const struct policy *policy,
	const struct md_metadata *meta);

/* What became of it. packet is NULL where the call was not looked at. */
void why_record(struct call *call, const struct packet *packet, enum md_aside aside);

static inline void why_packet(struct call *call, const struct packet *packet, enum md_aside aside)
{
	if (why_asked())
		why_record(call, packet, aside);
}

/* At the end of a call, right after tally_settle(): what was recorded goes to the page; and does anybody ask? */
void why_copy(const struct call *call, struct md_stats *page);

static inline void why_settle(const struct call *call)
{
	struct md_stats *page = stats_page();

	if (seldom(__atomic_load_n(&page->why_until, __ATOMIC_RELAXED) != 0) || why_asked())
		why_copy(call, page);
}

#endif
