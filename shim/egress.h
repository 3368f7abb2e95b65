/* SPDX-License-Identifier: BSD-3-Clause
 *
 * egress.h - out of the process: engines behind one small interface, and which of them can be used. */
#ifndef MD_EGRESS_H
#define MD_EGRESS_H

#include "socktab.h"
#include "stats.h"

enum { PARCEL_PIECES = 32 }; /* pieces of application data a datagram may be gathered from */

/* One wrapped datagram on its way out. */
struct parcel {
	struct md_tuple tuple;       /* of the datagram that carries the area */
	struct md_ip ip;
	size_t user_len;
	uint16_t user_sum;           /* md_sum() of the user data */
	size_t area_len;
	uint32_t interface;          /* to leave by, 0: as the route says */
	int flags;                   /* MSG_CONFIRM or 0 */
	bool may_block;              /* the application's own call would wait for room */
	unsigned pieces;
	struct iovec piece[PARCEL_PIECES + 3]; /* 0: left to the engine; then user data; last the area */
};

/* A descriptor of ours, as it was under the socket's claim. */
struct handle {
	int fd;
	uint64_t cookie;
};

struct engine {
	enum md_engine id;
	/* Makes the engine ready for datagrams of that version from this socket. 0 or -errno. */
	int (*arm)(struct sock *sock, const struct view *view, uint8_t version, uint32_t now,
		struct handle *handle);
	/* Sends n parcels in order. The number sent, or -errno of the first. Never waits unless the parcel may. */
	int (*send)(const struct handle *handle, struct parcel *const *parcel, unsigned n);
	/* Largest surplus area it can carry, octets. */
	size_t (*largest)(void);
	/* Gives back what arm() made. */
	void (*disarm)(struct sock *sock, uint32_t now);
};

extern const struct engine engine_raw;

/* Which engines can be used, found out once. Only from the constructor. */
void egress_start(bool ipv4, bool ipv6);

/* Puts it out by the best engine for the socket. 0, or -errno: -ENODEV no engine, -EAGAIN full, -EMSGSIZE too long. */
int egress_send(struct sock *sock, const struct view *view, struct parcel *parcel, uint32_t now);

/* The tunnel from this socket to a router, made at first use: our own socket holds its outer port. Copies what holds now;
 * 0 or -errno. */
int egress_tunnel(struct sock *sock, const struct view *view, int index, const struct router *router, uint32_t now,
	struct outlet_tunnel *tunnel);

/* A socket address of a tuple's source or destination; the length. */
socklen_t egress_addr(struct sockaddr_in6 *addr, uint8_t version, const uint8_t *octets, uint16_t port);

#endif
