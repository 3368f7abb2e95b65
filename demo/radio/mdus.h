/* SPDX-License-Identifier: BSD-3-Clause
 *
 * mdus.h - the active MDUs of one flow, as the marks tell them apart; a ring, newest last. For mdu_flow.c. */
#ifndef RADIO_MDUS_H
#define RADIO_MDUS_H

#include "radio_queue.h"

/* At 60 frames a second this is one second of frames; what is older gives way. */
enum { MDUS_MOST = 64 };

/* What the policy makes of D, P and L. */
enum mdu_kind {
	MDU_OTHER,  /* no dependency stated */
	MDU_SINGLE, /* independent, of limited value if delayed: audio */
	MDU_KEY,    /* independent, begins a chain */
	MDU_BASE,   /* depends on the key and the bases before it */
	MDU_UPPER,  /* depends on a base; others may depend on it */
	MDU_LOOSE   /* depends on others, nothing depends on it */
};

enum mdu_state { MDU_WAITING, MDU_STARTED, MDU_DROPPED };

struct mdu {
	struct radio_fifo fifo;
	int64_t born;            /* arrival of its first packet */
	uint64_t sent;           /* octets */
	uint32_t burst;
	uint8_t name, kind, state;
	bool coloured, ended;
	bool hurried;            /* of limited value if delayed */
	bool late;               /* what was sent of it came too late, or for nothing */
};

struct mdus {
	struct mdu ring[MDUS_MOST];
	unsigned first, count;
};

/* The n-th oldest, n below count. */
static inline struct mdu *mdus_at(struct mdus *m, unsigned n)
{
	return &m->ring[(m->first + n) % MDUS_MOST];
}

enum mdu_kind mdu_kind(const struct radio_marks *marks);

/* The MDU that a packet continues, or NULL: it begins one. */
struct mdu *mdus_find(struct mdus *m, const struct radio_marks *marks);

/* A record for a new MDU; there has to be room. */
struct mdu *mdus_add(struct mdus *m, const struct radio_marks *marks, int64_t now);

/* Forgets the oldest as long as nothing of it waits and it is over: dropped, ended, or followed by enough others. */
void mdus_trim(struct mdus *m, int64_t now);

#endif
