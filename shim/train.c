/* SPDX-License-Identifier: BSD-3-Clause
 *
 * train.c - segment trains (UDP_SEGMENT: one call, many datagrams) and the bursts that a call states by its shape. */
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "hall.h"
#include "memory.h"

uint32_t train_segment(const struct call *call, const struct control *control)
{
	return control->has_segment ? control->segment : call->view.segment;
}

static bool same_target(const struct flow_key *a, const struct flow_key *b)
{
	return a->tuple.version == b->tuple.version && a->tuple.dport == b->tuple.dport && a->chosen == b->chosen &&
		memcmp(a->tuple.dst, b->tuple.dst, 16) == 0 && memcmp(a->tuple.src, b->tuple.src, 16) == 0;
}

/* The same for messages to the same address, whichever way it is written, and seldom the same for others. What a message
 * points to has to be legible. */
static uint32_t mark_of(const struct call *call, const struct msghdr *msg)
{
	const void *name = msg->msg_name && msg->msg_namelen ? msg->msg_name : &call->view.peer;
	socklen_t len = name == msg->msg_name ? msg->msg_namelen : (socklen_t)sizeof(call->view.peer);
	const uint8_t *octets = name;
	sa_family_t family;
	uint32_t addr;
	uint16_t port;

	if (len < (socklen_t)sizeof(struct sockaddr_in))
		return 0;
	memcpy(&family, octets, sizeof(family));
	memcpy(&port, octets + offsetof(struct sockaddr_in, sin_port), sizeof(port));
	memcpy(&addr, octets + offsetof(struct sockaddr_in, sin_addr), sizeof(addr));
	if (family == AF_INET6 && len >= (socklen_t)sizeof(struct sockaddr_in6))
		memcpy(&addr, octets + offsetof(struct sockaddr_in6, sin6_addr) + 12, sizeof(addr));
	return (addr ^ port) * 0x9e3779b1u;
}

static bool written_alike(const struct msghdr *a, const struct msghdr *b)
{
	return !a->msg_controllen && !b->msg_controllen && a->msg_namelen == b->msg_namelen &&
		(!a->msg_namelen || (a->msg_name && b->msg_name && memcmp(a->msg_name, b->msg_name, a->msg_namelen) == 0));
}

/* Whether a message goes where that packet goes, as a whole or in segments. */
static bool goes_along(const struct call *call, const struct msghdr *msg, const struct packet *of, uint32_t *segment)
{
	struct control control;
	struct packet packet = { .msg = msg, .control = &control };

	*segment = call->view.segment;
	if (written_alike(msg, of->msg))
		return true;
	control_read(msg, &control);
	*segment = train_segment(call, &control);
	return !control.foreign && target_find(call, &packet) == MD_ASIDE_COUNT && same_target(&packet.key, &of->key);
}

/* RTP with nothing but the fixed part of its header, which most are: media, without looking further. */
static inline bool is_plain_rtp(const uint8_t *octets, size_t len)
{
	return len >= 12 && octets[0] == 0x80 && classify_is_rtp(octets) && !notes_any(&tapped_quic);
}

static inline bool is_media(const struct call *call, struct packet *packet)
{
	return is_plain_rtp(packet->data.flat, packet->data.flat_len) || sight(call, packet) == MD_ASIDE_COUNT;
}

/* Such a datagram in one piece to the same place, written the same way and without control messages. */
static inline bool is_alike(const struct msghdr *msg, const struct packet *of)
{
	const struct iovec *piece = msg->msg_iov;

	return msg->msg_iovlen == 1 && msg->msg_namelen <= sizeof(struct sockaddr_storage) && memory_readable(piece, sizeof(*piece)) &&
		piece->iov_len <= UINT16_MAX && memory_readable(piece->iov_base, piece->iov_len) &&
		(!msg->msg_name || memory_readable(msg->msg_name, msg->msg_namelen)) && written_alike(msg, of->msg) &&
		is_plain_rtp(piece->iov_base, piece->iov_len);
}

/* What the datagrams of one message add to the burst of a flow: octets as the radio carries them (wire format, 4.4). */
static void add_message(struct call *call, const struct msghdr *msg, const struct packet *of, uint32_t mark,
	uint64_t *octets, unsigned *count)
{
	struct packet packet;
	struct octets all;
	uint32_t segment;

	if (!call->view.segment && is_alike(msg, of)) {
		*octets += headers_len(of->key.tuple.version) + msg->msg_iov->iov_len;
		++*count;
		return;
	}
	if (!sight_legible(call, msg) || mark_of(call, msg) != mark || !goes_along(call, msg, of, &segment))
		return;
	all = octets_of(msg->msg_iov, msg->msg_iovlen);
	packet.key.tuple = of->key.tuple;
	for (size_t at = 0; at < all.len; at += segment) {
		packet.data = at ? octets_from(&all, at) : all;
		if (segment)
			packet.data = octets_first(&packet.data, segment);
		if (is_media(call, &packet)) {
			*octets += headers_len(packet.key.tuple.version) + packet.data.len;
			++*count;
		}
		if (!segment)
			return;
	}
}

static uint8_t measure(struct call *call, const struct packet *packet)
{
	uint32_t mark = mark_of(call, packet->msg);
	uint64_t octets = 0;
	unsigned count = 0;

	for (unsigned i = 0; i < call->n; i++)
		add_message(call, &call->vec[i].msg_hdr, packet, mark, &octets, &count);
	return count >= 2 ? md_burst_quantum(octets, packet->bq_unit) : 0;
}

/* Whether no other message of the call goes where this one goes, as far as can be told cheaply: a call may have a thousand
 * messages to as many destinations. */
static bool alone_in_call(struct call *call, const struct msghdr *msg)
{
	if (!call->crowds_counted) {
		call->crowds_counted = true;
		memset(call->crowd, 0, sizeof(call->crowd));
		for (unsigned i = 0; i < call->n; i++) {
			const struct msghdr *other = &call->vec[i].msg_hdr;
			uint8_t *crowd;

			if (other->msg_name && !memory_readable(other->msg_name, other->msg_namelen))
				continue;
			crowd = &call->crowd[mark_of(call, other) >> 24];
			*crowd = (uint8_t)(*crowd + (*crowd < 2));
		}
	}
	return call->crowd[mark_of(call, msg) >> 24] < 2;
}

/* Every packet of the burst carries the same total; it is measured at the first and remembered for the others. A call to
 * more than BURSTS destinations measures again where the memory does not reach. */
uint8_t train_burst(struct call *call, const struct packet *packet)
{
	bool train = train_segment(call, packet->control) != 0;
	unsigned at;

	if (!train && (call->n == 1 || alone_in_call(call, packet->msg)))
		return 0;
	for (at = 0; at < call->bursts && at < BURSTS; at++)
		if (same_target(&call->burst[at].key, &packet->key))
			return call->burst[at].bq;
	at = call->bursts++ % BURSTS;
	call->burst[at].key = packet->key;
	call->burst[at].bq = measure(call, packet);
	return call->burst[at].bq;
}
