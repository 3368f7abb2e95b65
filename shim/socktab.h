/* SPDX-License-Identifier: BSD-3-Clause
 *
 * socktab.h - which sockets of this process we serve, and what we know of each.
 *
 * A number is not a socket: numbers are reused, duplicated, passed and closed without our hearing of it. So every "yes"
 * is asked again of the kernel (SO_COOKIE), and a "no" is remembered for some calls only. */
#ifndef MD_SOCKTAB_H
#define MD_SOCKTAB_H

#include <netinet/in.h>
#include <sys/socket.h>

#include <mdshim/arm.h>

#include "broker.h"
#include "config.h"
#include "table.h"

/* What has to be read again from the kernel before the next wrapped send. */
enum {
	STALE_ADDRESS = 1,   /* local address and peer */
	STALE_MARKING = 2,   /* TTL, TOS, and their like */
	STALE_SHAPE = 4,     /* UDP_SEGMENT, UDP_CORK, path MTU mode, IP_RECVERR */
	STALE_EGRESS = 8,    /* what an engine's socket has to copy: mark, priority, device, buffer */
	STALE_ALL = 15
};

/* Descriptors of ours that belong to one socket of the application. Each is made by whoever needs it first and published
 * under the socket's claim; then it is only read, until nobody uses the socket any more. */
enum { OUTLET_TUNNELS = 4, OUTLET_RAW = 4 };
enum { OUTLET_NONE, OUTLET_READY, OUTLET_GONE }; /* not made; to be used; closed by the application */
struct outlet {
	struct outlet_patch {            /* the application's own socket, whose areas the kernel cuts off */
		_Atomic uint32_t asked;  /* when the kernel agreed last, milliseconds; 0: never */
		_Atomic uint32_t refused; /* when it was found that it cannot be for this socket; 0: it can */
		_Atomic uint32_t trains; /* 1: it cuts the areas of a train's segments off too */
		_Atomic uint32_t no_trains; /* when it refused one, 0: it did not */
		_Atomic uint32_t key[MD_ARM_FORMS]; /* of the forms it knows, 0: none */
		struct md_arm_form form[MD_ARM_FORMS]; /* under the claim */
	} patch;
	struct outlet_raw {              /* IPPROTO_RAW */
		_Atomic uint8_t state;
		uint8_t version;
		int8_t router;           /* connected to this router; -1: for every destination (inline mode) */
		int fd;
		uint64_t cookie;
	} raw[OUTLET_RAW];
	struct loan raw_loan;            /* a raw socket asked for; under the claim */
	struct outlet_tunnel {           /* a bound and connected UDP socket: it holds the outer port */
		_Atomic uint8_t state;
		int8_t router;           /* index in the configuration */
		int fd;
		uint64_t cookie;
		_Atomic uint32_t mtu;    /* path MTU toward the router */
		_Atomic uint32_t asked;  /* when it was asked, milliseconds */
		struct md_tuple tuple;   /* outer addresses */
		uint8_t tos;             /* what it sends with, if nothing else is said */
		struct outlet_patch patch;
		_Atomic uint32_t mark;   /* the bit that the provisioner set in SO_MARK, 0: none */
		_Atomic uint32_t unmarked; /* when it was found that it does not; 0: it was not */
		struct loan loan;        /* or was asked to; under the claim */
	} tunnel[OUTLET_TUNNELS];
};

/* What the kernel says of a socket. */
struct view {                    /* what each datagram asks for comes first (socktab_glance) */
	bool bound, connected, only6, corked, errors;
	uint8_t ttl, tos;            /* IPv4 */
	uint8_t hops, tclass;        /* IPv6 */
	uint8_t pmtu4, pmtu6;        /* IP_PMTUDISC_* */
	uint16_t segment;            /* UDP_SEGMENT, 0 = off */
	uint32_t asked, asked_peer;  /* when, milliseconds */
	struct sockaddr_in6 local, peer; /* of the socket's own family */
	uint32_t mark, priority, sndbuf;
	uint64_t pacing;             /* SO_MAX_PACING_RATE, octets per second, all ones without */
	char device[16];
};

enum { VIEW_WORDS = (sizeof(struct view) + 7) / 8 };
enum { SOCK_HINT_WORDS = 3 };

/* Lives as long as it is remembered; shared by duplicates of the descriptor. */
struct sock {
	struct slot slot;
	uint64_t cookie;
	uint8_t domain;              /* 4 or 6 */
	_Atomic uint32_t stale;      /* STALE_* */
	_Atomic uint32_t claim;      /* over writing to view and outlet */
	_Atomic uint32_t views;      /* how many views were published; the last is view[views & 1] */
	_Atomic uint64_t view[2][VIEW_WORDS];
	_Atomic uint8_t encrypted;   /* DTLS or ZRTP was sent */
	_Atomic uint8_t quic;        /* a QUIC long header was sent */
	_Atomic uint8_t more;        /* the kernel holds pieces of a datagram */
	_Atomic uint8_t errors_asked; /* how often for waiting errors since connect(), up to a limit (pending.c) */
	_Atomic uint32_t errors_when; /* and when, microseconds */
	_Atomic uint8_t usual;       /* a flow of it is (lane.c) */
	_Atomic uint8_t shut;        /* shut down for writing: every send fails */
	_Atomic uint8_t burst_due;   /* the hint tells of a burst that has not begun */
	_Atomic uint32_t hints;      /* how many hints the application gave; the last is hint[hints & 1] */
	_Atomic uint64_t hint[2][SOCK_HINT_WORDS];
	struct outlet outlet;
};

/* 0 or -errno. Only from the constructor. */
int socktab_start(uint32_t sockets);

/* Whether the kernel is to be asked about fd: not while a "no" is fresh, and of write and writev (noted_only) not unless
 * connect() noted it. A few instructions, no system call. */
bool socktab_worth_asking(int fd, bool noted_only);

/* The socket behind an fd that is worth asking about, pinned, or NULL if it is none of our business.
 * Async-signal-safe. */
struct sock *socktab_find(int fd, uint32_t now);
void socktab_let_go(struct sock *sock);

/* What the kernel says of the socket, at most a second old, its addresses at most 20 ms; asked again where an ear heard
 * of a change. While another thread asks, the last answer serves. False: the descriptor does not answer. */
bool socktab_view(struct sock *sock, int fd, uint32_t now, struct view *view);

/* The first half of that, up to the addresses, without asking anybody: false where something of it has to be asked again.
 * What lies behind peer in *view is left as it was. */
bool socktab_glance(struct sock *sock, uint32_t now, struct view *view);

/* Binds the socket to a port of the kernel's choice, as its first send would, if it has none. */
bool socktab_bind(struct sock *sock, int fd, uint32_t now, struct view *view);

/* What was heard of a number, counted, and whether unrouted.h knows a destination of it. fd is one that socktab_worth_asking(). */
enum { SOCKTAB_UNROUTED = 0x80 };
uint8_t socktab_turn(int fd);
void socktab_note_unrouted(int fd);
void socktab_turned(int fd);

/* The ears: fd was given to connect() or setsockopt() with success. */
void socktab_heard_connect(int fd);
void socktab_heard_option(int fd, int level, int name);

/* shutdown() for writing had success: the kernel does not tell this to anybody but a send of the socket itself. */
void socktab_heard_shutdown(int fd);

/* Forgets the descriptors of sockets not used for a while, to make room for others. */
bool socktab_shed(uint32_t now);

/* Called once in a process that forked away: closes the descriptors of ours that it inherited. */
void socktab_forked(void);

#endif
