/* SPDX-License-Identifier: BSD-3-Clause
 *
 * stats.h - the counters of one process, as they lie in its mapped file.
 *
 * The shim writes them with relaxed atomic additions; anybody may map the file read-only. The file is
 * <stats_dir>/<pid>.stats and outlives the process however it ends. A forked child that does not exec goes on counting
 * in its parent's file. All numbers are in host order: the file is read on the host it was written on. */
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
	X(NO_ENGINE, "no-engine", "no egress engine can be used: no CAP_NET_RAW")                            \
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
	X(HINTS_BAD, "hints-refused", "application hints with values that must not be sent")

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

enum {
	MD_STATS_MAGIC = 0x6d647374, /* "mdst" */
	MD_STATS_VERSION = 1,
	MD_STATS_SLOTS = 64,         /* room of each array; unused ones are zero */
	MD_STATS_SIZE = 4096
};

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
};

#ifdef __cplusplus
}
#endif
#endif
