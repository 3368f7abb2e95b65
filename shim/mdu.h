/* SPDX-License-Identifier: BSD-3-Clause
 *
 * mdu.h - the MDU state machine (classifier, section 5): each RTP packet of a flow, in the order sent, becomes Counter,
 * role, colour and class. Pure; the state is the caller's. */
#ifndef MD_MDU_H
#define MD_MDU_H

#include <stdatomic.h>

#include "packet.h"

enum { MDU_RECORDS = 9, MDU_AGE = 128 };

/* One for each flow. Streams of a flow may step at the same time in several threads, hence the atomics. */
struct mdu_flow {
	_Atomic uint32_t n;  /* MDUs opened so far */
	_Atomic uint32_t k;  /* of them opened with ROLE_START */
	uint8_t first;       /* Counter of the first MDU, random */
};

struct mdu_record {          /* 16 octets: nine of them are kept for every SSRC */
	uint32_t ts;         /* RTP timestamp, or the application's MDU identity (MDU_IDENTITY) */
	uint32_t number;     /* n when it was opened, counted from 1 */
	uint32_t k;          /* k when it was opened with ROLE_START */
	uint16_t frame;
	uint8_t layer;
	uint8_t bits;        /* class in the low three, flags above; private to mdu.c */
};

/* One for each SSRC of a flow; touched by one thread at a time. Zero at first. */
struct mdu_stream {
	uint8_t records;
	struct mdu_record record[MDU_RECORDS]; /* newest first */
};

struct mdu_in {
	enum media media;
	uint32_t ts;
	struct said said;
	bool has_identity;   /* the application named the MDU */
	uint32_t identity;
};

struct mdu_out {
	uint8_t counter;
	enum role role;
	int colour;          /* 0..colours-1, -1: free choice */
	enum class class;    /* of the MDU after this packet */
	bool opened;
};

/* One step. colours is 1..4. */
void mdu_step(struct mdu_flow *flow, struct mdu_stream *stream, unsigned colours, const struct mdu_in *in,
	struct mdu_out *out);

#endif
