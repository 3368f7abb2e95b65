/* SPDX-License-Identifier: BSD-3-Clause
 *
 * sight.c - what a datagram is, and whether its like is wrapped. */
#include "classify.h"
#include "hall.h"
#include "memory.h"

enum { PIECES_MAX = 1024 }; /* iovecs of a message that are looked at; the kernel's own limit */

static inline bool legible(const struct iovec *piece)
{
	return piece->iov_len <= UINT16_MAX && memory_readable(piece->iov_base, piece->iov_len);
}

bool sight_legible(const struct call *call, const struct msghdr *msg)
{
	if (call->own_pieces) /* one piece, no control data */
		return msg->msg_namelen <= sizeof(struct sockaddr_storage) && legible(msg->msg_iov) &&
			(!msg->msg_name || memory_readable(msg->msg_name, msg->msg_namelen));
	if (!msg->msg_iovlen || msg->msg_iovlen > PIECES_MAX || msg->msg_namelen > sizeof(struct sockaddr_storage))
		return false;
	if (!call->own_pieces && !memory_readable(msg->msg_iov, msg->msg_iovlen * sizeof(*msg->msg_iov)))
		return false;
	if (msg->msg_name && !memory_readable(msg->msg_name, msg->msg_namelen))
		return false;
	if (msg->msg_controllen && (msg->msg_controllen > CONTROL_MAX || !memory_readable(msg->msg_control, msg->msg_controllen)))
		return false;
	for (size_t i = 0; i < msg->msg_iovlen; i++)
		if (!legible(&msg->msg_iov[i]))
			return false;
	return true;
}

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

/* A packet of a QUIC writer of this process. Whatever its first octet looks like, since the bit that tells QUIC may be
 * greased (RFC 9287): the first bit tells long headers. */
static enum md_aside sight_quic(const struct call *call, struct packet *packet)
{
	packet->protocol = octet(&packet->data, 0) & 0x80 ? PROTO_QUIC_LONG : PROTO_QUIC_SHORT;
	remember(call->sock, PROTO_QUIC_LONG);
	return packet->protocol == PROTO_QUIC_SHORT ? MD_ASIDE_COUNT : MD_A_NOT_MEDIA;
}

enum md_aside sight(const struct call *call, struct packet *packet)
{
	packet->tapped.kind = 0;
	if (notes_any(&tapped_quic) && tapped_packet(&packet->data, &packet->tapped))
		return sight_quic(call, packet);
	packet->protocol = classify_first(&packet->data, to_turn(packet));
	if (packet->protocol == PROTO_RTP)
		return rtp_recognise(&packet->data, &packet->rtp) ? MD_ASIDE_COUNT : MD_A_NOT_MEDIA;
	if (packet->protocol == PROTO_QUIC_SHORT && atomic_load_explicit(&call->sock->quic, memory_order_relaxed))
		return MD_ASIDE_COUNT;
	remember(call->sock, packet->protocol);
	return MD_A_NOT_MEDIA;
}
