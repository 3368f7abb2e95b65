/* SPDX-License-Identifier: BSD-3-Clause
 *
 * headers.c - IP and UDP headers of a datagram we send (wire format, sections 6.2 and 6.3). */
#include <endian.h>
#include <string.h>

#include "ip.h"

enum { IP_MAX = 65535 };

static void set_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint16_t add(uint16_t a, uint16_t b)
{
	uint32_t sum = (uint32_t)a + b;

	return (uint16_t)(sum + (sum >> 16));
}

/* As md_sum(), for a few octets, a multiple of four and known where it is compiled. */
static inline uint16_t sum_short(uint16_t start, const uint8_t *p, size_t len)
{
	uint64_t sum = htobe16(start);
	uint32_t half, four;

	for (size_t i = 0; i < len; i += sizeof(four)) {
		memcpy(&four, p + i, sizeof(four));
		sum += four;
	}
	half = (uint32_t)(sum >> 32) + (uint16_t)sum + ((uint32_t)sum >> 16);
	half = (half & 0xffff) + (half >> 16);
	return be16toh((uint16_t)(half + (half >> 16)));
}

uint16_t ip_pseudo_sum(const struct md_tuple *t, size_t udp_length, uint16_t start)
{
	size_t size = t->version == 4 ? 4 : 16;

	/* A UDP length of 16 bits: the high half of the length field of IPv6 adds nothing. */
	start = add(add(start, IP_UDP), (uint16_t)udp_length);
	return md_sum(md_sum(start, t->src, size), t->dst, size);
}

/* Both put the addresses right in front of the UDP header. */
static void put_ipv4(uint8_t *p, const struct md_tuple *t, const struct md_ip *ip, size_t payload)
{
	p[0] = 0x45;
	p[1] = ip->tos;
	set_u16(p + 2, (uint16_t)(IPV4_HEADER + payload));
	set_u16(p + 4, ip->id);
	set_u16(p + 6, ip->df ? IPV4_DF : 0);
	p[8] = ip->ttl;
	p[9] = IP_UDP;
	set_u16(p + 10, 0);
	memcpy(p + 12, t->src, 4);
	memcpy(p + 16, t->dst, 4);
	set_u16(p + 10, (uint16_t)~sum_short(0, p, IPV4_HEADER));
}

static void put_ipv6(uint8_t *p, const struct md_tuple *t, const struct md_ip *ip, size_t payload)
{
	set_u16(p, (uint16_t)(6u << 12 | (unsigned)ip->tos << 4 | (ip->flow_label >> 16 & 15)));
	set_u16(p + 2, (uint16_t)ip->flow_label);
	set_u16(p + 4, (uint16_t)payload);
	p[6] = IP_UDP;
	p[7] = ip->ttl;
	memcpy(p + 8, t->src, 16);
	memcpy(p + 24, t->dst, 16);
}

/* addresses: octets of both addresses, which with the UDP header are one run to sum. */
static inline void put_udp(uint8_t *udp, size_t addresses, const struct md_tuple *t, size_t udp_length, uint16_t user_sum)
{
	uint16_t sum = add(add(user_sum, IP_UDP), (uint16_t)udp_length);

	set_u16(udp, t->sport);
	set_u16(udp + 2, t->dport);
	set_u16(udp + 4, (uint16_t)udp_length);
	set_u16(udp + 6, 0);
	sum = (uint16_t)~sum_short(sum, udp - addresses, addresses + UDP_HEADER);
	set_u16(udp + 6, sum ? sum : 0xffff); /* zero says "not computed" (RFC 768) */
}

ptrdiff_t md_headers_write(uint8_t *dst, size_t room, const struct md_tuple *tuple, const struct md_ip *ip,
	size_t user_len, uint16_t user_sum, size_t surplus_len)
{
	bool v4 = tuple->version == 4;
	size_t most = (v4 ? IP_MAX - IPV4_HEADER : IP_MAX) - UDP_HEADER; /* user data and surplus area */
	size_t payload = UDP_HEADER + user_len + surplus_len;

	if (!v4 && tuple->version != 6)
		return MD_E_VALUE;
	if (user_len > most || surplus_len > most - user_len)
		return MD_E_VALUE;
	if (room < (v4 ? MD_IPV4_HEADERS : MD_IPV6_HEADERS))
		return MD_E_ROOM;
	if (v4) {
		put_ipv4(dst, tuple, ip, payload);
		put_udp(dst + IPV4_HEADER, 8, tuple, UDP_HEADER + user_len, user_sum);
		return MD_IPV4_HEADERS;
	}
	put_ipv6(dst, tuple, ip, payload);
	put_udp(dst + IPV6_HEADER, 32, tuple, UDP_HEADER + user_len, user_sum);
	return MD_IPV6_HEADERS;
}
