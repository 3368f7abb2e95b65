/* SPDX-License-Identifier: BSD-3-Clause
 *
 * headers.c - IP and UDP headers of a datagram we send (wire format, sections 6.2 and 6.3). */
#include "ip.h"
#include "out.h"

enum { IP_MAX = 65535 };

static void set_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

uint16_t ip_pseudo_sum(const struct md_tuple *t, size_t udp_length, uint16_t start)
{
	size_t size = t->version == 4 ? 4 : 16;
	uint8_t rest[4];

	/* A UDP length of 16 bits: the high half of the length field of IPv6 adds nothing. */
	set_u16(rest, IP_UDP);
	set_u16(rest + 2, (uint16_t)udp_length);
	return md_sum(md_sum(md_sum(start, t->src, size), t->dst, size), rest, sizeof rest);
}

static void put_ipv4(struct out *o, const struct md_tuple *t, const struct md_ip *ip, size_t payload)
{
	put_u8(o, 0x45);
	put_u8(o, ip->tos);
	put_u16(o, (unsigned)(IPV4_HEADER + payload));
	put_u16(o, ip->id);
	put_u16(o, ip->df ? IPV4_DF : 0);
	put_u8(o, ip->ttl);
	put_u8(o, IP_UDP);
	put_u16(o, 0);
	put(o, t->src, 4);
	put(o, t->dst, 4);
	set_u16(o->dst + 10, (uint16_t)~md_sum(0, o->dst, IPV4_HEADER));
}

static void put_ipv6(struct out *o, const struct md_tuple *t, const struct md_ip *ip, size_t payload)
{
	put_u32(o, 6u << 28 | (uint32_t)ip->tos << 20 | (ip->flow_label & 0xfffff));
	put_u16(o, (unsigned)payload);
	put_u8(o, IP_UDP);
	put_u8(o, ip->ttl);
	put(o, t->src, 16);
	put(o, t->dst, 16);
}

static void put_udp(struct out *o, const struct md_tuple *t, size_t udp_length, uint16_t user_sum)
{
	uint8_t *udp = o->dst + o->need;
	uint16_t sum;

	put_u16(o, t->sport);
	put_u16(o, t->dport);
	put_u16(o, (unsigned)udp_length);
	put_u16(o, 0);
	sum = (uint16_t)~ip_pseudo_sum(t, udp_length, md_sum(user_sum, udp, UDP_HEADER));
	set_u16(udp + 6, sum ? sum : 0xffff); /* zero says "not computed" (RFC 768) */
}

ptrdiff_t md_headers_write(uint8_t *dst, size_t room, const struct md_tuple *tuple, const struct md_ip *ip,
	size_t user_len, uint16_t user_sum, size_t surplus_len)
{
	struct out o = { dst, room, 0 };
	bool v4 = tuple->version == 4;
	size_t most = v4 ? IP_MAX - IPV4_HEADER : IP_MAX; /* of IP payload */

	if (!v4 && tuple->version != 6)
		return MD_E_VALUE;
	if (user_len > most - UDP_HEADER || surplus_len > most - UDP_HEADER - user_len)
		return MD_E_VALUE;
	if (room < (v4 ? MD_IPV4_HEADERS : MD_IPV6_HEADERS))
		return MD_E_ROOM;
	if (v4)
		put_ipv4(&o, tuple, ip, UDP_HEADER + user_len + surplus_len);
	else
		put_ipv6(&o, tuple, ip, UDP_HEADER + user_len + surplus_len);
	put_udp(&o, tuple, UDP_HEADER + user_len, user_sum);
	return out_done(&o);
}
