/* SPDX-License-Identifier: BSD-3-Clause
 *
 * mdu_flow.h - one flow under the MDU-aware policy: which of its MDUs are lost, and which is next. For queue_mdu.c. */
#ifndef RADIO_MDU_FLOW_H
#define RADIO_MDU_FLOW_H

#include "chain.h"
#include "rate.h"
#include "toll.h"

/* The link as the policy sees it. */
struct mdu_link {
	struct radio_queue *queue;
	struct rate rate, steady; /* of the time something waited */
};

/* Zero at first. */
struct mdu_flow {
	struct mdus mdus;
	struct radio_fifo plain; /* packets without marks */
	uint32_t id;
	bool used;
	struct chain chain;
	struct toll toll;
	uint64_t served;         /* virtual octets */
	size_t octets, packets;
	int64_t seen;            /* last packet */
};

/* A packet of the flow leaves the queue, sent or dropped. */
void mdu_flow_left(struct mdu_link *link, struct mdu_flow *f, const struct radio_packet *packet);

/* Drops the n-th MDU and all that came after it and cannot be decoded without it. */
void mdu_flow_drop(struct mdu_link *link, struct mdu_flow *f, unsigned n, int64_t now);

/* Drops what is lost. */
void mdu_flow_judge(struct mdu_link *link, struct mdu_flow *f, int64_t now);

/* The MDU that a packet with marks belongs to, found or begun; it may be a dropped one. */
struct mdu *mdu_flow_mdu(struct mdu_link *link, struct mdu_flow *f, const struct radio_packet *packet, int64_t now);

/* The MDU that is next, or NULL: none waits. */
struct mdu *mdu_flow_choose(const struct mdu_link *link, struct mdu_flow *f, int64_t now);

/* Its first packet, which is sent now. */
struct radio_packet *mdu_flow_send(struct mdu_link *link, struct mdu_flow *f, struct mdu *m, int64_t now);

#endif
