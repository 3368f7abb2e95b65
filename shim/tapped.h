/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tapped.h - what the encryption calls of the process were given in clear: noted there, found again at the send.
 *
 * SRTP packets are found by SSRC, sequence number and timestamp, which stay clear. QUIC packets are found by their last
 * octets and their length: these are authentication tags, so no two are alike, wherever the application copies them. */
#ifndef MD_TAPPED_H
#define MD_TAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "classify.h"
#include "notes.h"

/* 0 or -ENOMEM. Only from the constructor. reading must live on. */
int tapped_start(const struct reading *reading, uint32_t ssrcs);

extern struct notes tapped_srtp, tapped_quic; /* notes_any() of them is what the path asks first */

/* A note that is not kept yet. */
struct tap_note {
	uint64_t key, word[NOTE_WORDS];
};

/* Reads a clear RTP packet that is about to be encrypted. False: there is nothing to note. */
bool tapped_read(const void *packet, size_t len, struct tap_note *note);

/* Keeps it, now that it is encrypted. */
void tapped_keep(const struct tap_note *note);

/* What was said of the RTP packet that is being sent. */
bool tapped_rtp(const struct rtp *rtp, struct said *said, enum media *media);

/* What a QUIC packet carries. */
enum tapped_kind { TAPPED_NOTHING = 1, TAPPED_STREAM, TAPPED_DATAGRAM, TAPPED_FRAME };
struct tapped {
	enum tapped_kind kind;
	uint32_t stream;         /* low half of the stream's id; with FRAME the SSRC */
	uint8_t urgency;         /* STREAM of HTTP/3: 0 to 7 (RFC 9218) and 1; 0: not known */
	uint32_t ts;             /* FRAME: an RTP packet in a datagram (RTP over QUIC) */
	enum media media;
	struct said said;
};

/* The writer put a stream's octets, or a datagram, into the packet of conn that is being built; the first one names it. */
void tapped_put_stream(const void *conn, int64_t stream);
void tapped_put_datagram(const void *conn, const struct iovec *data, size_t n);

/* HTTP/3 connections that are made, and whether conn is a server's. tapped_urgency: a route wants to know. */
extern bool tapped_urgency;
void tapped_http3(const void *conn, bool server);
bool tapped_http3_server(const void *conn);

/* The stream this thread is about to write, and its urgency; -1: none. */
void tapped_urgent(int64_t stream, uint32_t urgency);

/* That packet, or one that carries neither, is done. */
void tapped_done(const void *conn, const uint8_t *packet, size_t len);

/* Whether the datagram that is being sent is a packet of such a writer. */
bool tapped_packet(const struct octets *datagram, struct tapped *tapped);

#endif
