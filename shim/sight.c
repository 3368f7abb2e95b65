/* SPDX-License-Identifier: BSD-3-Clause
 *
 * sight.c - what a datagram is, and whether its like is wrapped. */
#include "classify.h"
#include "hall.h"

static bool to_turn(const struct packet *packet)
{
	return hall.config->turns &&
		prefix_match(hall.config->turn, hall.config->turns, packet->key.tuple.version, packet->key.tuple.dst);
}

/* What a socket sends besides media tells how its media are to be read (classifier, sections 1 and 3). */
static void remember(struct sock *sock, enum protocol protocol)
{
	if (protocol == PROTO_DTLS || protocol == PROTO_ZRTP)
		atomic_store_explicit(&sock->encrypted, 1, memory_order_relaxed);
	else if (protocol == PROTO_QUIC_LONG)
		atomic_store_explicit(&sock->quic, 1, memory_order_relaxed);
}

enum md_aside sight(const struct call *call, struct packet *packet)
{
	packet->protocol = classify_first(&packet->data, to_turn(packet));
	if (packet->protocol == PROTO_RTP)
		return rtp_recognise(&packet->data, &packet->rtp) ? MD_ASIDE_COUNT : MD_A_NOT_MEDIA;
	if (packet->protocol == PROTO_QUIC_SHORT && atomic_load_explicit(&call->sock->quic, memory_order_relaxed))
		return MD_ASIDE_COUNT;
	remember(call->sock, packet->protocol);
	return MD_A_NOT_MEDIA;
}
