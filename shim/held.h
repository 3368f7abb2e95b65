/* SPDX-License-Identifier: BSD-3-Clause
 *
 * held.h - what a run is made of (run.h); shared by run.c and follow.c, and by nothing else. */
#ifndef MD_HELD_H
#define MD_HELD_H

#include "egress/gso.h"
#include "hall.h"

enum { HELD_SPARE = 64 }; /* octets behind all areas, for who writes one in a single pass */

/* What was found out for the first datagram of a run and holds for those like it (follow.c). */
struct lead {
	struct flow *flow;           /* pinned; NULL: nobody follows */
	struct stream *stream;       /* of it, pinned, or NULL */
	const struct outlet_tunnel *tunnel;
	const struct route *route;
	const struct msghdr *msg;
	struct flow_key key;
	bool measured;               /* is it known: */
	uint8_t bq;                  /* of the burst that the call states */
};

/* One datagram of a run; what was counted for it, should it not get out. */
struct held {
	const struct msghdr *msg;
	struct flow_key key;
	uint64_t undo[2];
	uint32_t at;                 /* in octets */
	uint16_t user_len, area_len, inner_sum;
	enum md_count count;
	struct md_ip ip;
};

struct run {
	_Atomic uint32_t taken;
	unsigned n;
	size_t size, len;            /* of one datagram, of all */
	bool full;                   /* the last was shorter: it ends the train */
	bool train, begins;          /* of the application's own train; its first datagrams */
	union {
		struct parcel parcel;
		uint8_t octets[offsetof(struct parcel, piece)];
	} first;                     /* without its pieces */
	struct held held[GSO_DATAGRAMS];
	struct lead lead;
	uint8_t octets[GSO_OCTETS + HELD_SPARE];
};

/* run.c - whether no more datagrams fit; then it is to be settled. */
bool run_is_full(const struct run *run);

/* run.c - remembers a datagram whose octets were put behind those held. */
void run_remember(struct run *run, const struct packet *packet, const struct md_ip *ip, size_t user_len, size_t area_len, uint16_t inner_sum,
	const uint64_t undo[2]);

/* follow.c - lets go what the lead has pinned. */
void follow_end(struct lead *lead);

#endif
