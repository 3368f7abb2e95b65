/* SPDX-License-Identifier: BSD-3-Clause
 *
 * hall.h - one send call on its way through the rooms; shared by path.c and the files it calls, and by nothing else. */
#ifndef MD_HALL_H
#define MD_HALL_H

#include <time.h>

#include "book.h"
#include "config.h"
#include "control.h"
#include "egress.h"
#include "flowtab.h"
#include "stats.h"
#include "tapped.h"

enum { BURSTS = 4, CROWDS = 256 };

/* What every send needs and start filled in; never changes afterwards. */
struct hall {
	const struct config *config;
	const struct md_lend *lend;
	char program[CONFIG_NAME];
};

extern struct hall hall;

/* What this thread has taken of what there are a few of, should it leave our code by a jump; numbers from 1 on, and together,
 * for thread-local storage is scarce. */
struct thread_holds {
	volatile uint8_t batch, run;
};
extern _Thread_local struct thread_holds thread_holds;

/* One call of a door. What every call needs comes first, so that it lies together. */
struct call {
	int fd, flags;
	unsigned n;
	uint32_t now;                /* time in milliseconds, to measure ages with */
	struct mmsghdr *vec;         /* the caller's; never written to but for msg_len */
	struct sock *sock;
	struct timespec time;        /* the one clock reading */
	bool own_vec, own_pieces;    /* made by the door: to be read and written */
	bool alone;                  /* one datagram is all there is */
	bool why_told;               /* why holds what is told of the datagram at hand: somebody asked before it was */
	bool no_trains;              /* nothing of this call can leave as a train */
	bool no_engine;              /* a datagram of it found none: none of its burst is wrapped, should one come meanwhile */
	bool crowds_counted;
	int stopped;                 /* errno, if something held could not be sent; then */
	unsigned out;                /* that many messages of the call are out */
	struct batch *batch;         /* NULL: each datagram goes at once */
	struct run *run;             /* run.c: what is held, NULL: nothing */
	unsigned of_train, to_come;  /* datagrams of the train at hand, and of those this one and the following; 0: it is none */
	unsigned by_train;           /* datagrams sent in trains so far */
	unsigned bursts;
	struct view view;
	struct tally tally;
	struct md_why why;
	uint8_t crowd[CROWDS];       /* messages of the call by a hash of their destination; 2: more than one */
	struct {                     /* burst quanta of this call's flows, found so far */
		struct flow_key key;
		uint8_t bq;
	} burst[BURSTS];
};

/* One datagram of it. */
struct packet {
	const struct msghdr *msg;
	const struct control *control;
	struct octets data;
	enum protocol protocol;
	struct rtp rtp;
	struct tapped tapped;        /* what a QUIC writer of the process put in; kind 0: not known */
	struct flow_key key;         /* destination; source where the call chose it */
	const struct route *route;
	struct flow *flow;
	const struct outlet_tunnel *tunnel; /* in tunnel mode */
	struct book *book;           /* while it is wrapped, where the route has a domain */
	uint8_t colours;             /* MDUs that can be told apart: the book's */
	uint32_t bq_unit;            /* the book's, else the configuration's */
};

/* entry.c - begins and ends a call on a descriptor: time, socket (NULL: none of ours). False: this thread is in another call
 * of ours already, and nothing may be touched. call lies on the stack of the door. */
bool path_open(struct call *call, int fd);
void path_close(struct call *call);

/* path.c - what path_send() returns for a call on a socket of ours; what waits or is held is left for batch_close(). */
int path_walk(struct call *call);

/* path.c - whether a datagram is wrapped, as far as it can be said without touching any state of its flow; and out it goes,
 * wrapped, or why not. MD_ASIDE_COUNT: nothing is against it; it is out. */
enum md_aside path_judge(struct call *call, struct packet *packet);
enum md_aside path_take(struct call *call, struct packet *packet);

/* The same, but it may wait in the call's batch. */
enum md_aside path_take_along(struct call *call, struct packet *packet, unsigned at, bool segment);

/* split.c - whether any segment of a train is wrapped: if none is, it goes to the kernel whole. Else it is sent segment by
 * segment: the length of the message, or -1 with errno if not even the first got out. */
bool split_worth(struct call *call, struct packet *packet, const struct octets *all, uint32_t segment, enum md_aside *why);
ssize_t split_send(struct call *call, struct packet *packet, const struct octets *all, uint32_t segment);

/* split.c - sends octets natively as one datagram, to where the message goes and as it says, but for its segment size. As
 * sendmsg(2). */
ssize_t split_plainly(const struct call *call, const struct msghdr *of, const struct octets *octets);

/* The same for a segment behind the first of its train. */
ssize_t split_behind(const struct call *call, const struct msghdr *of, const struct octets *octets);

/* target.c - where to, and by which flow. Each returns MD_ASIDE_COUNT if nothing is against wrapping. */
enum md_aside target_find(const struct call *call, struct packet *packet);
enum md_aside target_flow(struct call *call, struct packet *packet);

/* target.c - whether what the flow rests on has changed, as far as the socket tells; and whether what was asked of the kernel is not old. */
bool target_moved(const struct call *call, const struct packet *packet);
bool target_is_fresh(const struct call *call, const struct flow *flow);

/* For the short ways: where the route has a tunnel it is made, and what is known of it is fresh. */
static inline bool target_has_tunnel(const struct call *call, struct packet *packet)
{
	if (packet->route->mode != MODE_TUNNEL)
		return true;
	packet->tunnel = outlet_ready_tunnel(call->sock, packet->route->router);
	return packet->tunnel && outlet_is_fresh(packet->tunnel, call->now);
}

/* sight.c - what is it; and whether everything a message points to may be looked at at all. Nothing is judged: what the
 * kernel will refuse, it gets. */
bool sight_legible(const struct call *call, const struct msghdr *msg);
enum md_aside sight(const struct call *call, struct packet *packet);

/* pending.c - whether an error is known to wait on the application's socket; it belongs to the application's next call. */
bool pending_ask(const struct call *call, const struct packet *packet);
static inline bool pending_error(const struct call *call, const struct packet *packet)
{
	return (call->view.connected || call->view.errors) && pending_ask(call, packet);
}

/* Whether pending_error() would ask for a datagram like this one, in this call: it has been asked for this one. */
bool pending_would_ask(const struct call *call, const struct packet *packet);

/* Whether an answer to this datagram may be there before the next one is sent, and the next one fetch it. */
bool pending_at_once(const struct call *call, const struct packet *packet);

/* Whether what a send by the application's own socket said is an error that had waited there, or one that its own send would
 * have met as well: the answer to its call, which then ends with this message. router: of the parcel. */
bool pending_fetched(const struct call *call, int8_t router, int err);
enum md_aside pending_stop(struct call *call, const struct msghdr *msg, int err);

/* train.c - segment trains and bursts. Segment size of a message, 0 for a single datagram. */
uint32_t train_segment(const struct call *call, const struct control *control);
uint8_t train_burst(struct call *call, const struct packet *packet);

/* stuntoken.c - whether a STUN message is to carry a token, and its sending: what sendmsg(2) would return for it. */
bool stun_wanted(const struct call *call, struct packet *packet);
ssize_t stun_send(struct call *call, struct packet *packet);

/* IP header and UDP header of an application datagram. */
static inline size_t headers_len(uint8_t version)
{
	return version == 4 ? MD_IPV4_HEADERS : MD_IPV6_HEADERS;
}

/* tell.c - what the network is told of a datagram, Sequence Number and Timestamp aside, as MED and as a meaning of codebooks. False: another thread held the
 * SSRC's state too long. */
bool tell(struct call *call, const struct packet *packet, struct md_metadata *meta, struct md_meaning *meaning);

/* tell.c - the same of RTP in a flow that speaks of MDUs, of which no hint says anything. The SSRC's record is claimed. meaning may be NULL.
 * Whether an MDU was opened, which is left to be counted. */
bool tell_usual(const struct call *call, const struct packet *packet, struct stream *stream, struct md_metadata *meta,
	struct md_meaning *meaning);

/* lane.c - the one datagram of a call, if it is a usual one: what path_send() returns; LANE_NOT: nothing was done. */
enum { LANE_NOT = -3 };
int lane_send(struct call *call);

/* lane.c - a datagram of that socket and flow was wrapped by the long way. */
void lane_learn(const struct call *call, const struct packet *packet);

/* One datagram while it is wrapped. Its parts point at each other: it stays where it is. */
enum { AREA_ROOM = 64 };             /* an area without token, with room to spare */
struct wrapping {
	struct parcel parcel;
	struct md_area area;
	struct md_metadata meta;
	struct md_ids ids;
	struct md_traffic_key key;   /* a book's */
	uint64_t undo[2];            /* its number */
	uint8_t inner[MD_IPV6_HEADERS], room[AREA_ROOM];
};

/* wrap.c - signs it, sends it. MD_ASIDE_COUNT: it is out, or held to be sent with those behind it (run.h). */
enum md_aside wrap(struct call *call, struct packet *packet);

/* The same step by step: all but area and sending, whatever it says of the datagram being said; then the rest, which gives
 * the number back if it fails; or only sending, with an area that was written elsewhere. */
enum md_aside wrap_prepare(struct call *call, struct packet *packet, struct wrapping *w);
enum md_aside wrap_alone(struct call *call, struct packet *packet, struct wrapping *w);
enum md_aside wrap_out(struct call *call, const struct packet *packet, struct wrapping *w,
	uint8_t *area, ptrdiff_t len);

/* Another number, where the one it had was given back. */
void wrap_again(const struct call *call, const struct packet *packet, struct wrapping *w);

/* batch.c - datagrams of one call that wait for each other, so that they are signed together. Memory for them: 0 or -errno;
 * only from the constructor, and without it each goes at once. */
int batch_start(void);

/* A datagram that is to be wrapped, its flow pinned: MD_ASIDE_COUNT: it waits, or is out; else why it
 * has to go as it came, behind those that wait. at: the message, or, of a train, the segment. Not if batch_full(). */
enum md_aside batch_add(struct call *call, struct packet *packet, unsigned at, bool segment);
bool batch_full(const struct call *call);
bool batch_waits(const struct call *call);

/* Sends what waits, in order; what cannot be wrapped after all goes as it came. 0, or -1 with errno: message *at, or the first
 * segment of a train, could not be sent even so, and nothing behind it was. */
int batch_flush(struct call *call, unsigned *at);

/* Something in front of those that wait did not get out, and gives its number back: theirs, which are later, first. They get
 * others. */
void batch_take_back(struct call *call);

/* At the end of a call: nothing waits. And lets go what this thread had when it left our code by a jump. */
void batch_close(struct call *call);
void batch_abandon(void);

/* wrap.c - the datagram as a parcel, but for its area; inner is for the headers of tunnel mode, NULL in inline mode. Whether it
 * fits the path MTU with one of area_len. */
enum md_aside wrap_pack(const struct call *call, const struct packet *packet, struct parcel *parcel,
	uint8_t inner[MD_IPV6_HEADERS]);
bool wrap_fits(const struct packet *packet, const struct parcel *parcel);

/* wrap.c - puts a datagram out that has its area. */
enum md_aside wrap_put_out(struct call *call, struct parcel *parcel);

/* empty.c - whether a datagram that is not wrapped, and why, is to have an empty option area; and its sending, behind
 * everything that waits or is held. False: it has none, and is not out. */
bool empty_helps(const struct packet *packet, enum md_aside why);
bool empty_send(struct call *call, struct packet *packet);

/* wrap.c - what is found out for each datagram: TTL, TOS and their like, then of the outer headers in tunnel mode; what its book says; the
 * code for it; the time; how it is counted; and whether the configuration's key is valid now. */
enum { WRAP_COLOURS = 4 };           /* MDUs that can be told apart without a book */
void wrap_marking(const struct call *call, const struct packet *packet, struct md_ip *ip);
void wrap_outer(const struct packet *packet, struct md_ip *ip);
void wrap_by_book(struct packet *packet, struct md_ids *ids);
bool wrap_code(const struct call *call, const struct packet *packet, const struct md_meaning *meaning, struct md_metadata *meta);
uint32_t wrap_ntp_now(const struct call *call);
enum md_count wrap_counted_as(const struct route *route);
bool wrap_key_is_valid(const struct call *call);

/* wrap.c - whether a call on the application's descriptor waits for room. */
bool wrap_may_wait(const struct call *call);

#endif
