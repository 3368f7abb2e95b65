/* SPDX-License-Identifier: BSD-3-Clause
 *
 * flowtab.h - flows of the sockets we serve: sequence, time, MDU state, cached key.
 *
 * A flow is one socket and one destination. Each of its SSRCs has a record of its own, so that streams on one five-tuple
 * do not wait for each other. */
#ifndef MD_FLOWTAB_H
#define MD_FLOWTAB_H

#include <mdshim/stats.h>
#include <mdshim/wire.h>

#include "classify.h"
#include "mdu.h"
#include "table.h"

/* What makes a flow. tuple: destination, and the source where the call chose one by a control message. */
struct flow_key {
	uint64_t cookie;
	struct md_tuple tuple;
	bool chosen;                 /* the source address of tuple counts */
	int8_t route;                /* index in the configuration */
};

/* What is found out before a flow is made, and asked again every second. */
struct flow_facts {
	struct flow_key key;
	struct md_tuple tuple;       /* of the application datagram, source included */
	enum md_aside why_not;       /* MD_ASIDE_COUNT: nothing is against wrapping */
	uint32_t mtu;                /* toward the destination; 0 where only a router's counts */
	uint16_t via;                /* outer source port, 0 without a tunnel */
};

/* USUAL: its RTP may go the short way (lane.c); RETIRED: no longer to be found, what it rested on has changed. */
enum { FLOW_MADE, FLOW_USUAL, FLOW_RETIRED };

enum { SHAPE_FRAMES = 1, SHAPE_STREAMS }; /* whether a flow speaks of MDUs or of streams */

struct flow {                        /* the order saves room */
	struct slot slot;
	_Atomic uint32_t mtu;        /* path MTU toward the destination */
	uint64_t cookie;
	_Atomic uint64_t clock;      /* Sequence Number, Timestamp and its repeats in one word */
	struct mdu_flow mdu;
	_Atomic uint32_t back;       /* of struct md_clock: only set while the system's clock is behind */
	_Atomic uint32_t asked;      /* when the facts were asked for, milliseconds */
	struct md_tuple tuple;       /* of the application datagram */
	uint16_t via;                /* outer source port, 0 without a tunnel */
	_Atomic uint16_t tokens;     /* sent since token_second */
	_Atomic uint16_t token_second; /* of the NTP short format */
	_Atomic uint8_t streams;     /* numbers given to streams so far, modulo 256 */
	bool chosen;
	int8_t route;
	_Atomic uint8_t state;       /* FLOW_* */
	_Atomic uint8_t why_not;     /* enum md_aside, MD_ASIDE_COUNT: none */
	_Atomic uint8_t shape;       /* SHAPE_*, 0: not fixed */
	_Atomic uint16_t key_turn;   /* odd while a book's key is written */
	struct md_traffic_key key;   /* where AUTH is on and nothing is against wrapping */
};

struct stream {                      /* one SSRC of a flow */
	struct slot slot;
	uint32_t flow, life, ssrc;
	_Atomic uint32_t claim;      /* over what follows */
	struct plausible plausible;
	uint8_t mid;                 /* of describe_mid() */
	uint8_t number;              /* in stream mode */
	bool numbered;
	struct mdu_stream mdu;
};

struct layers {                      /* of an SSRC with dependency descriptors: the structure they refer to */
	struct slot slot;
	uint32_t flow, life, ssrc;
	struct dd_structure structure; /* under the claim of the SSRC's record */
};

/* 0 or -errno. described: dependency descriptors are read. Only from the constructor. */
int flowtab_start(uint32_t flows, bool described);

/* The flow, pinned, or NULL. */
struct flow *flowtab_find(const struct flow_key *key, uint32_t now);

/* The usual flow of that socket and destination, whatever the key says of its route, pinned, or NULL. */
struct flow *flowtab_find_usual(const struct flow_key *key, uint32_t now);

void flowtab_retire(struct flow *flow);
void flowtab_make_usual(struct flow *flow);

/* Makes the flow with these facts; or finds it, if another thread was faster. key may be NULL. Pinned, or NULL. */
struct flow *flowtab_add(const struct flow_facts *facts, const struct md_traffic_key *key, uint32_t now);

void flowtab_let_go(struct flow *flow);

/* The SSRC's record, pinned and claimed, or NULL. A new one begins with what another flow's record of that SSRC knew of
 * its layers. */
struct stream *flowtab_stream(struct flow *flow, uint32_t ssrc, uint32_t now);
void flowtab_stream_done(struct stream *stream);

/* The same if it is there and nobody else is about it; neither makes one nor waits. */
struct stream *flowtab_stream_at_once(struct flow *flow, uint32_t ssrc, uint32_t now);

/* The structure of that SSRC's dependency descriptors, pinned, or NULL. */
struct layers *flowtab_layers(const struct stream *stream, uint32_t now);
void flowtab_layers_done(struct layers *layers);

/* The next Sequence Number and Timestamp of the flow at time now (wire format, sections 4.5, 4.6). *undo is for
 * flowtab_undo(). */
void flowtab_tick(struct flow *flow, uint32_t now, uint16_t *seq, uint32_t *ts, uint64_t undo[2]);

/* Whether a datagram of the flow was numbered. */
bool flowtab_is_wrapped(const struct flow *flow);

/* A copy of the flow's key, if it is that with the mark; false: it has another one, or one that is being written. And keeps
 * a key there, unless another thread is about it. Neither waits. */
bool flowtab_key(struct flow *flow, uint64_t mark, struct md_traffic_key *key);
void flowtab_keep_key(struct flow *flow, const struct md_traffic_key *key);

/* Takes them back, if no other datagram of the flow was numbered since. */
void flowtab_undo(struct flow *flow, const uint64_t undo[2]);

#endif
