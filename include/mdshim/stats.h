/* SPDX-License-Identifier: BSD-3-Clause
 *
 * stats.h - the counters of one process, as they lie in its mapped file.
 *
 * The shim writes them with relaxed atomic additions; anybody may read the file. The file is
 * <stats_dir>/<pid>.stats and outlives the process however it ends. A forked child that does not exec goes on counting
 * in its parent's file. All numbers are in host order: the file is read on the host it was written on. RTP that went without a
 * question to the kernel, to where no route leads, is added a little later: within 20 ms while there is more of it. */
#ifndef MDSHIM_STATS_H
#define MDSHIM_STATS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Why a datagram of a socket we serve went out as the application asked (exactly one reason for each). */
#define MD_ASIDES(X)                                                                                        \
	X(NOT_MEDIA, "not-media", "STUN, DTLS, RTCP, QUIC long headers and whatever else is not media")      \
	X(NO_ROUTE, "no-route", "no route covers the destination, port, process and payload")                \
	X(ROUTE_OFF, "route-off", "the route says mode = off")                                              \
	X(NOT_UNICAST, "not-unicast", "multicast, broadcast or link-local destination")                      \
	X(TO_ROUTER, "to-router", "the destination is a router's own address and port")                      \
	X(NO_KEY, "no-key", "no AUTH key is valid now")                                                      \
	X(NO_BOOK, "no-book", "the route has a domain, and no codebook of it is in force")                   \
	X(BOOK_EXPIRED, "book-expired", "the last codebook has expired, and there is no newer one")          \
	X(BOOK_UNREADABLE, "book-unreadable", "this process may not read the codebook's file")               \
	X(NO_CODE, "no-code", "the codebook has no code for what the datagram is")                           \
	X(NO_ENGINE, "no-engine", "no egress engine can be used, or none yet; why stands with each engine") \
	X(ENGINE_FULL, "engine-full", "the engine's socket would have blocked")                              \
	X(ENGINE_ERROR, "engine-error", "the engine's send failed")                                          \
	X(MTU, "mtu", "the wrapped datagram would not fit the path MTU")                                     \
	X(UNBOUND, "unbound", "the source address or port could not be known")                               \
	X(SOCKET_ERROR, "socket-error", "an error was pending on the application's socket")                  \
	X(FLAGS, "flags", "MSG_MORE, UDP_CORK, MSG_ZEROCOPY or another flag that is not carried over")       \
	X(CONTROL, "control", "a control message that is not carried over")                                  \
	X(PIECES, "pieces", "gathered from more pieces than are handled")                                    \
	X(ARGUMENT, "argument", "an argument the kernel will refuse, or that we do not judge")               \
	X(SEGMENTS, "segments", "a segment train that the kernel would refuse")                              \
	X(NESTED, "nested", "called from a signal handler that interrupted a send")                          \
	X(BUSY, "busy", "another thread held the flow too long")                                             \
	X(MEMORY, "memory", "no room for the socket or flow, or no descriptor")

/* What else is counted. */
#define MD_COUNTS(X)                                                                                        \
	X(SEEN, "seen", "datagrams given to the doors for sockets we serve")                                 \
	X(OTHER, "other-sockets", "calls on descriptors that are none of our business")                      \
	X(WRAPPED_MED_TUNNEL, "wrapped-med-tunnel", "datagrams wrapped: MED, tunnel mode")                   \
	X(WRAPPED_MED_INLINE, "wrapped-med-inline", "datagrams wrapped: MED, inline mode")                   \
	X(WRAPPED_OFC_TUNNEL, "wrapped-ofc-tunnel", "datagrams wrapped: OFC, tunnel mode")                   \
	X(WRAPPED_OFC_INLINE, "wrapped-ofc-inline", "datagrams wrapped: OFC, inline mode")                   \
	X(MDUS, "mdus", "MDUs opened")                                                                      \
	X(TOKENS, "tokens", "network tokens sent in options")                                               \
	X(STUN_TOKENS, "stun-tokens", "network tokens put into STUN messages")                               \
	X(SEGMENTED, "segmented", "segment trains split")                                                    \
	X(FLOWS, "flows", "flows created")                                                                   \
	X(FLOWS_FORGOTTEN, "flows-forgotten", "flows forgotten to make room")                                \
	X(SOCKETS, "sockets", "sockets adopted")                                                             \
	X(SOCKETS_FORGOTTEN, "sockets-forgotten", "sockets forgotten to make room")                          \
	X(STOLEN, "descriptors-stolen", "descriptors of ours that the application closed or replaced")       \
	X(HINTS_BAD, "hints-refused", "application hints with values that must not be sent")                 \
	X(TRAINS, "trains", "calls that put out several wrapped datagrams at once, as a segment train") \
	X(EMPTY, "empty-areas", "datagrams that went as they came, but with an empty option area, between wrapped ones of their flow")

enum md_count {
#define MD_COUNT_ENUM(name, text, help) MD_C_##name,
	MD_COUNTS(MD_COUNT_ENUM)
#undef MD_COUNT_ENUM
	MD_COUNT_COUNT
};

enum md_aside {
#define MD_ASIDE_ENUM(name, text, help) MD_A_##name,
	MD_ASIDES(MD_ASIDE_ENUM)
#undef MD_ASIDE_ENUM
	MD_ASIDE_COUNT
};

/* Engines, also an index into md_stats.engine. */
#define MD_ENGINES(X) X(NONE, "none") X(RAW, "raw") X(NFT, "nft") X(PATCH, "patch") X(AFXDP, "afxdp")
enum md_engine {
#define MD_ENGINE_ENUM(name, text) MD_ENGINE_##name,
	MD_ENGINES(MD_ENGINE_ENUM)
#undef MD_ENGINE_ENUM
	MD_ENGINE_COUNT
};

/* What the marks of a wrapped datagram rest on. */
#define MD_GROUNDS(X)                                                                                       \
	X(NOTHING, "nothing")                                                                                \
	X(HINT, "hint of the application")                                                                   \
	X(TAP, "what the encryption was given")                                                              \
	X(TYPE, "payload type")                                                                              \
	X(DESCRIPTOR, "dependency descriptor")                                                               \
	X(MARKING, "frame marking")                                                                          \
	X(PAYLOAD, "payload")                                                                                \
	X(ENCRYPTED, "encrypted: timestamp and marker")                                                      \
	X(LOOKS_ENCRYPTED, "looks encrypted: timestamp and marker")                                          \
	X(IMPLAUSIBLE, "payload is not what its type says: timestamp and marker")                            \
	X(UNCONFIGURED, "payload type not configured: timestamp and marker")                                 \
	X(QUIC_STREAM, "QUIC packet with octets of a stream")                                                \
	X(QUIC_DATAGRAM, "QUIC packet with a datagram")                                                      \
	X(QUIC_FRAME, "QUIC packet with RTP in a datagram")                                                  \
	X(QUIC_OTHER, "QUIC packet without new octets")                                                      \
	X(QUIC_UNKNOWN, "QUIC, of which nothing else is known")

enum md_ground {
#define MD_GROUND_ENUM(name, text) MD_G_##name,
	MD_GROUNDS(MD_GROUND_ENUM)
#undef MD_GROUND_ENUM
	MD_GROUND_COUNT
};

enum {
	MD_STATS_MAGIC = 0x6d647374, /* "mdst" */
	MD_STATS_VERSION = 1,
	MD_STATS_SLOTS = 64,         /* room of each array; unused ones are zero */
	MD_STATS_SIZE = 4096,
	MD_WHY_RING = 42             /* records of the last datagrams */
};

/* md_why.flags */
enum { MD_WHY_START = 1, MD_WHY_END = 2, MD_WHY_OPENED = 4, MD_WHY_STREAM = 8 };

/* What became of one datagram, and why; for mdshim-explain of the same version, which knows the shim's own numbers. */
struct md_why {
	uint32_t number;         /* of the record, counted from 1 */
	uint32_t check;          /* md_why_check() */
	uint32_t ssrc, ts;       /* of RTP; ssrc of QUIC: the stream's id, its low half */
	uint16_t seq, len;       /* of RTP; octets of the application's datagram */
	uint16_t port;           /* of the destination */
	uint8_t version;         /* 4 or 6, 0: not looked at */
	uint8_t aside;           /* enum md_aside; MD_ASIDE_COUNT: wrapped. What follows ground is told of wrapped ones only */
	uint8_t dst[16];
	uint8_t protocol, payload_type, format, ground; /* enum protocol, -, enum format, enum md_ground */
	uint8_t says, class_, role, flags; /* class of the packet and of its MDU; MD_WHY_* */
	uint8_t counter, d, p, l;
	uint8_t bq, route, policy, hinted; /* indices in the configuration; MD_HINT_* of the application */
};

/* A record that is read while it is written does not fit its check. */
static inline uint32_t md_why_check(const struct md_why *why)
{
	const unsigned char *octet = (const unsigned char *)why;
	uint32_t check = 2166136261u ^ why->number;

	for (unsigned i = 2 * sizeof(uint32_t); i < sizeof(*why); i++)
		check = (check ^ octet[i]) * 16777619u;
	return check;
}

/* The file: exactly MD_STATS_SIZE octets. */
struct md_stats {
	uint32_t magic, version;
	int32_t pid;
	uint32_t size;
	uint64_t start_ticks;    /* field 22 of /proc/PID/stat: tells a process from a later one of the same number */
	uint64_t started;        /* seconds since 1970 */
	char comm[16];           /* program name, NUL-terminated */
	char config[256];        /* path of the configuration in force, NUL-terminated, cut if longer */
	uint32_t engine_v4, engine_v6;       /* enum md_engine now in use (the best one found usable) */
	uint32_t engine_errno_v4, engine_errno_v6; /* why the engine before it was refused, 0 = it was not */
	uint64_t count[MD_STATS_SLOTS];      /* enum md_count */
	uint64_t aside[MD_STATS_SLOTS];      /* enum md_aside */
	uint64_t engine[8];                  /* datagrams sent, by enum md_engine */
	uint64_t flows_now, sockets_now;
	uint32_t sandboxed;      /* 1: the process installed a seccomp filter, and since then nothing is done for it */
	uint32_t cookie_len;     /* 8; rewritten by the kernel with every question about a socket (shim/stats.h) */
	uint32_t refused_v4[8], refused_v6[8]; /* errno by enum md_engine: why it cannot be used now, 0 = it can, or was not asked */
	uint32_t why_until;      /* written by who wants to know: records are made up to this second since 1970 */
	uint32_t why_count;      /* records made, modulo 2^32; number n lies in why[n % MD_WHY_RING] */
	struct md_why why[MD_WHY_RING];
};

#ifdef __cplusplus
}
#endif
#endif
