/* SPDX-License-Identifier: BSD-3-Clause
 *
 * waiting.h - what a batch is made of (batch.c); shared by batch.c and follow.c, and by nothing else. */
#ifndef MD_WAITING_H
#define MD_WAITING_H

#include "held.h"

struct waiting {
	struct wrapping wrapping;
	struct packet packet;
	unsigned at;
	bool segment;                /* of a train */
	bool row;                    /* may leave together with others */
	unsigned to_come;            /* as in struct call, when it came */
	enum md_count count;
	ptrdiff_t len;               /* of its area, once written; 0: not yet */
};

struct batch {
	_Atomic bool taken;
	bool again;                  /* while it is sent: the numbers of those from at on were given back */
	unsigned n, at;
	struct lead lead;            /* the last that came by the long way, or began another flow */
	struct md_area_job job[MD_AREA_BATCH];
	struct waiting waiting[MD_AREA_BATCH];
};

/* batch.c - where a datagram is to wait, which is to be wrapped; its flow is pinned. NULL: it is not to wait. */
struct waiting *batch_place(struct call *call, const struct packet *packet, unsigned at);

/* batch.c - it waits there, prepared, from now on. */
void batch_wait(struct call *call, struct waiting *waiting, const struct packet *packet, unsigned at, bool segment);

#endif
