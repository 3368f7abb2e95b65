/* SPDX-License-Identifier: BSD-3-Clause
 *
 * flows.h - what the router remembers of each flow, in a bounded table.
 *
 * A flow has two parts. The figures stay until the table is full and the flow is the one idle longest. The state that
 * is needed packet by packet (replay table, open gaps, MDU memory) is freed when the flow has been idle for 4 s or twice
 * the limit, whichever is more (wire format, section 5.9); the next packet begins it afresh. */
#ifndef MDROUTER_FLOWS_H
#define MDROUTER_FLOWS_H

#include <mdshim/track.h>

enum { FLOWS_DEFAULT = 65536, FLOWS_IDLE_MS = 4000, FLOWS_MDU_MS = 1000, FLOWS_MDU_NEWER = 128 };

/* When a packet arrived. */
struct moment {
	int64_t unix_ns;     /* real time */
	uint32_t ntp;        /* the same in NTP short format */
	uint64_t ms;         /* monotonic clock: for idle times */
};

struct flows;
struct flow_live; /* private */

struct flow {
	struct md_tuple tuple;
	bool inlined;        /* seen in inline mode */
	uint64_t packets, octets, mdus;
	uint64_t lost, late, repeated; /* of finished states; flow_loss() adds the present one */
	double jitter;       /* RFC 3550, section 6.4.1, in ticks of 1/65536 s */
	uint8_t bq;          /* the last that said something */
	uint64_t seen_ms;    /* last accepted packet */
	struct flow_live *live;
	struct flow *chain, *older, *newer; /* private */
};

struct flow_loss {
	uint64_t lost, late, repeated;
};

/* What one packet meant for its flow. */
struct flow_note {
	enum md_track_result track;
	bool mdu_new;
};

struct flows_totals {
	size_t flows;        /* in the table */
	uint64_t begun, evicted, evicted_busy; /* busy: while its replay table was still needed */
	uint64_t mdus;
	struct flow_loss loss;
	double jitter_mean, jitter_max; /* ticks, over the flows in the table with two packets or more */
};

/* window: slots of the replay table; limit in ticks. NULL without memory. */
struct flows *flows_new(size_t most, uint32_t window, uint32_t limit, uint64_t seed);
void flows_free(struct flows *flows);

/* The flow, or NULL. */
struct flow *flows_find(struct flows *flows, const struct md_tuple *tuple, bool inlined);

/* The flow, made if need be at the expense of the one idle longest. NULL without memory. */
struct flow *flows_get(struct flows *flows, const struct md_tuple *tuple, bool inlined, uint64_t ms);

/* Freshness and replay of an authenticated packet (section 5.9), remembered if it is accepted. Without a flow only the
 * Timestamp is judged. MD_R_NONE, MD_R_STALE or MD_R_REPLAY. */
enum md_reason flows_fresh(const struct flows *flows, struct flow *flow, const struct md_metadata *meta,
	uint32_t ntp);

/* Takes note of a packet whose metadata are valid; octets is its length without what the sender added. */
struct flow_note flows_note(struct flow *flow, const struct md_metadata *meta, size_t octets,
	const struct moment *now);

/* Frees the state of flows that have been idle long enough. */
void flows_expire(struct flows *flows, uint64_t ms);

struct flow_loss flow_loss(const struct flow *flow);
struct flows_totals flows_totals(const struct flows *flows);

/* The flows of the table, newest first: flows_newest(), then flow->older until NULL. */
const struct flow *flows_newest(const struct flows *flows);

#endif
