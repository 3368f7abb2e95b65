/* SPDX-License-Identifier: BSD-3-Clause
 *
 * egress.h - out of the process: engines behind one small interface, and which of them can be used. */
#ifndef MD_EGRESS_H
#define MD_EGRESS_H

#include "outlet.h"
#include "stats.h"
#include "usually.h"

enum { PARCEL_PIECES = 32 }; /* pieces of application data a datagram may be gathered from */

/* One wrapped datagram on its way out. */
struct parcel {
	struct md_tuple tuple;       /* of the datagram that carries the area */
	struct md_ip ip;
	size_t user_len;
	uint16_t inner_sum;          /* in tunnel mode md_sum() of the user data behind the inner headers, which are piece 1 */
	size_t area_len;
	uint32_t interface;          /* to leave by, 0: as the route says */
	int flags;                   /* MSG_CONFIRM or 0 */
	int8_t router;               /* whose tunnel, -1 in inline mode */
	bool may_block;              /* the application's own call would wait for room */
	bool segmented;              /* the application's socket or call has UDP_SEGMENT; inline mode */
	int fd;                      /* the application's own, and where its call sends to, in inline mode */
	const struct msghdr *msg;
	unsigned pieces;
	struct iovec piece[PARCEL_PIECES + 3]; /* 0: left to the engine; then user data; last the area */
};

/* One that lies in a piece: the short way (lane.c). */
struct slip {
	const struct md_tuple *tuple; /* of the datagram that carries the area */
	const struct md_ip *ip;      /* in inline mode only where the engine writes headers */
	uint8_t *octets;             /* user data; the area behind them, and in front of them room for MD_IPV6_HEADERS more */
	size_t user_len, area_len;
	size_t inner_len;            /* in tunnel mode the inner headers, with which they begin, */
	uint16_t inner_sum;          /* and md_sum() of what is behind these */
	uint8_t head;                /* second octet of the first option, its length */
	int8_t router;               /* whose tunnel, -1 in inline mode */
	int fd;                      /* the application's own, and where its call sends to, in inline mode */
	const struct msghdr *msg;
};

struct engine {
	enum md_engine id;
	bool tunnel_only;
	size_t largest;              /* surplus area it can carry, octets */
	/* Tries it on the loopback interface: 0, also where there is none; -EBADMSG: what arrives is wrong; or -errno. Only
	 * from the constructor. */
	int (*test)(uint8_t version);
	/* Makes the engine ready for this socket's datagrams like the parcel. 0 or -errno: -EOPNOTSUPP where another socket may fare
	 * better. */
	int (*arm)(struct sock *sock, const struct view *view, const struct parcel *parcel, uint32_t now,
		void **handle);
	/* Sends some of n parcels, in order. The number sent, or -errno of the first. Never waits unless the parcel may. */
	int (*send)(void *handle, struct parcel *const *parcel, unsigned n);
	/* What arm() would find without asking anybody, or NULL; and the sending of one of those, at once: 0 or -errno, and then
	 * arm() and send() are to be tried. NULL: the engine has no short way. */
	void *(*ready)(struct sock *sock, const struct slip *slip, uint32_t now);
	int (*post)(void *handle, const struct slip *slip);
	/* What arm() made was closed or replaced by the application: it is not used again. */
	void (*disarm)(void *handle);
	bool arm_once;               /* arm() takes what send() gives back: it is for all n parcels, of one router */
	bool writes_headers;         /* post() needs the slip's ip in inline mode too */
};

/* md_sum() of the user data, for an engine that writes the UDP header itself; the area is the last piece. */
static inline uint16_t parcel_sum(const struct parcel *parcel)
{
	if (parcel->router < 0)
		return md_sum_pieces(0, parcel->piece + 1, parcel->pieces - 2);
	return md_sum(parcel->inner_sum, parcel->piece[1].iov_base, parcel->piece[1].iov_len);
}

extern const struct engine engine_patch, engine_nft, engine_raw, engine_afxdp;

/* post() of engine "patch", nearly everybody's: called by its name it becomes part of the caller. */
int patch_post(void *handle, const struct slip *slip);
static inline int egress_post(const struct engine *engine, void *handle, const struct slip *slip)
{
	return usually(engine->post == patch_post) ? patch_post(handle, slip) : engine->post(handle, slip);
}

/* Which engines can be used, found out once; order: which may be, the best first (enum md_engine). Only from the
 * constructor. */
void egress_start(const uint8_t *order, unsigned n, bool ipv4, bool ipv6);

/* Whether there is an engine for datagrams of that version, as far as is known. */
bool egress_usable(uint8_t version);

/* Whether no other engine that may be had stands in front of this one. */
bool egress_is_first(enum md_engine engine, uint8_t version, bool tunnel, uint32_t now);

/* The engine that egress_send() would try first, if that is known and it has a short way; else NULL. */
const struct engine *egress_first(uint8_t version, bool tunnel, uint32_t now);

/* Puts it out by the best engine for the socket, which is counted. alone: the call has no other datagram, so what was
 * counted is settled just before it goes out; what does not get out is taken back. 0, or -errno: -ENODEV no engine,
 * -EAGAIN full, -EMSGSIZE too long. */
int egress_send(struct sock *sock, const struct view *view, struct parcel *parcel, uint32_t now, struct tally *tally,
	bool alone);

/* The same for n parcels of one call, in order, by one engine: the number of those that are out, or -errno of the first. */
int egress_send_row(struct sock *sock, const struct view *view, struct parcel *const *parcel, unsigned n, uint32_t now,
	struct tally *tally, bool alone);

#endif
