/* SPDX-License-Identifier: BSD-3-Clause
 *
 * datagram.c - takes an IP packet that carries UDP apart (wire format, sections 2.1 and 9). */
#include <string.h>

#include "in.h"
#include "ip.h"

enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, DESTINATION = 60 };

static enum ip_fault read_ipv4(const uint8_t *packet, size_t len, struct md_datagram *out, size_t *header)
{
	struct in in = in_of(packet, len);
	uint16_t fragment;

	if (len < IPV4_HEADER)
		return IP_LENGTH;
	*header = (size_t)(take_u8(&in) & 15) * 4;
	out->ip.tos = take_u8(&in);
	out->length = take_u16(&in);
	out->ip.id = take_u16(&in);
	fragment = take_u16(&in);
	out->ip.df = fragment & IPV4_DF;
	out->ip.ttl = take_u8(&in);
	take(&in, 3); /* protocol, checksum */
	take_into(&in, out->tuple.src, 4);
	take_into(&in, out->tuple.dst, 4);
	return *header < IPV4_HEADER || *header > out->length || out->length > len ? IP_LENGTH : IP_FINE;
}

static enum ip_fault read_ipv6(const uint8_t *packet, size_t len, struct md_datagram *out, size_t *header)
{
	struct in in = in_of(packet, len);
	uint32_t first;

	if (len < IPV6_HEADER)
		return IP_LENGTH;
	first = take_u32(&in);
	out->ip.tos = (uint8_t)(first >> 20);
	out->ip.flow_label = first & 0xfffff;
	out->length = IPV6_HEADER + (size_t)take_u16(&in);
	take_u8(&in);
	out->ip.ttl = take_u8(&in);
	take_into(&in, out->tuple.src, 16);
	take_into(&in, out->tuple.dst, 16);
	*header = IPV6_HEADER;
	return out->length > len ? IP_LENGTH : IP_FINE;
}

enum ip_fault ip_read_header(const uint8_t *packet, size_t len, struct md_datagram *out, size_t *header)
{
	*out = (struct md_datagram){ .length = 0 };
	out->tuple.version = len ? packet[0] >> 4 : 0;
	if (out->tuple.version == 4)
		return read_ipv4(packet, len, out, header);
	if (out->tuple.version == 6)
		return read_ipv6(packet, len, out, header);
	return IP_VERSION;
}

/* To the UDP header. A fragment header counts even when it says "the whole datagram" (RFC 6946): nothing of ours makes
 * one. So does a routing header that has not done its work: the destination is not the one the checksum is about. */
static enum ip_fault skip_extensions(const uint8_t *packet, struct md_datagram *out)
{
	uint8_t next = packet[6];
	size_t at = IPV6_HEADER;

	while (next == HOP_BY_HOP || next == ROUTING || next == DESTINATION) {
		if (next == HOP_BY_HOP && at != IPV6_HEADER)
			return IP_PROTOCOL;
		if (out->length - at < 8)
			return IP_LENGTH;
		if (next == ROUTING && packet[at + 3])
			return IP_PROTOCOL;
		next = packet[at];
		at += 8 + (size_t)packet[at + 1] * 8;
		if (at > out->length)
			return IP_LENGTH;
	}
	out->udp_at = at;
	if (next == FRAGMENT)
		return IP_IS_FRAGMENT;
	return next == IP_UDP ? IP_FINE : IP_PROTOCOL;
}

static enum ip_fault find_udp(const uint8_t *packet, size_t header, struct md_datagram *out)
{
	if (out->tuple.version == 6)
		return skip_extensions(packet, out);
	out->udp_at = header;
	if ((packet[6] << 8 | packet[7]) & IPV4_FRAGMENT)
		return IP_IS_FRAGMENT;
	return packet[9] == IP_UDP ? IP_FINE : IP_PROTOCOL;
}

enum ip_fault ip_read_udp(const uint8_t *packet, size_t header, struct md_datagram *out)
{
	enum ip_fault fault = find_udp(packet, header, out);
	struct in in;

	if (fault != IP_FINE)
		return fault;
	in = in_of(packet + out->udp_at, out->length - out->udp_at);
	out->tuple.sport = take_u16(&in);
	out->tuple.dport = take_u16(&in);
	out->udp_length = take_u16(&in);
	out->checksum_zero = !take_u16(&in);
	if (in.ran_out || out->udp_length < UDP_HEADER || out->udp_length - UDP_HEADER > in.left)
		return IP_LENGTH;
	out->user_len = out->udp_length - UDP_HEADER;
	out->user = take(&in, out->user_len);
	out->surplus_len = in.left;
	out->surplus = in.left ? in.at : NULL;
	return IP_FINE;
}

/* RFC 768 lets IPv4 do without; on IPv6 a checksum of zero is wrong. */
static bool checksum_ok(const struct md_datagram *d, const uint8_t *udp)
{
	if (d->checksum_zero)
		return d->tuple.version == 4;
	return ip_pseudo_sum(&d->tuple, d->udp_length, md_sum(0, udp, d->udp_length)) == 0xffff;
}

int md_datagram_read(const uint8_t *packet, size_t len, struct md_datagram *out, enum md_reason *reason)
{
	enum ip_fault fault;
	size_t header = 0;

	*reason = MD_R_NOT_UDP;
	if (ip_read_header(packet, len, out, &header) != IP_FINE)
		return MD_E_REFUSED;
	fault = ip_read_udp(packet, header, out);
	if (fault == IP_LENGTH && out->udp_at)
		*reason = MD_R_UDP_LENGTH;
	if (fault != IP_FINE)
		return MD_E_REFUSED;
	*reason = checksum_ok(out, packet + out->udp_at) ? MD_R_NONE : MD_R_UDP_CHECKSUM;
	return *reason == MD_R_NONE ? 0 : MD_E_REFUSED;
}
