/* SPDX-License-Identifier: BSD-3-Clause
 *
 * parse.c - IP, UDP and RTP headers, and what the sender's rules say of each alone. */
#include <string.h>

#include "capread.h"

uint32_t checksum_add(uint32_t sum, struct octets in)
{
	size_t i = 0;

	for (; i + 1 < in.len; i += 2)
		sum += be16(in.at + i);
	if (i < in.len)
		sum += (uint32_t)in.at[i] << 8;
	return sum;
}

unsigned checksum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (unsigned)sum;
}

static bool parse_ip4(struct packet *p, const char *which, struct octets in, struct ip *ip)
{
	unsigned offset;

	ip->header_len = (size_t)(in.at[0] & 15) * 4;
	ip->len = be16(in.at + 2);
	if (ip->header_len < 20 || ip->len < ip->header_len || ip->len > in.len) {
		fault(p, "%s IPv4 lengths: header %zu, total %zu, octets %zu", which, ip->header_len, ip->len, in.len);
		return false;
	}
	if (checksum_fold(checksum_add(0, (struct octets){ in.at, ip->header_len })) != 0xffff)
		fault(p, "%s IPv4 header checksum is wrong", which);
	offset = be16(in.at + 6);
	ip->df = offset & 0x4000;
	ip->fragment = (offset & 0x3fff) != 0;
	if (offset & 0x8000)
		fault(p, "%s IPv4 reserved flag is set", which);
	ip->options = ip->header_len > 20;
	ip->dscp = in.at[1] >> 2;
	ip->ecn = in.at[1] & 3;
	ip->ttl = in.at[8];
	ip->protocol = in.at[9];
	ip->addr_len = 4;
	memcpy(ip->src, in.at + 12, 4);
	memcpy(ip->dst, in.at + 16, 4);
	return true;
}

static bool parse_ip6(struct packet *p, const char *which, struct octets in, struct ip *ip)
{
	ip->header_len = 40;
	ip->len = in.len < 40 ? 0 : (size_t)be16(in.at + 4) + 40;
	if (in.len < 40 || ip->len > in.len) {
		fault(p, "%s IPv6 lengths: total %zu, octets %zu", which, ip->len, in.len);
		return false;
	}
	ip->df = true;
	ip->dscp = (be16(in.at) >> 6) & 63;
	ip->ecn = (be16(in.at) >> 4) & 3;
	ip->protocol = in.at[6];
	ip->fragment = ip->protocol == 44;
	ip->options = ip->protocol == 0 || ip->protocol == 43 || ip->protocol == 44 || ip->protocol == 60;
	ip->ttl = in.at[7];
	ip->addr_len = 16;
	memcpy(ip->src, in.at + 8, 16);
	memcpy(ip->dst, in.at + 24, 16);
	return true;
}

bool parse_ip(struct packet *p, const char *which, struct octets in, struct ip *ip)
{
	memset(ip, 0, sizeof(*ip));
	if (in.len < 20) {
		fault(p, "%s IP header: only %zu octets", which, in.len);
		return false;
	}
	ip->version = in.at[0] >> 4;
	if (ip->version != 4 && ip->version != 6) {
		fault(p, "%s IP version is %u", which, ip->version);
		return false;
	}
	if (!(ip->version == 4 ? parse_ip4 : parse_ip6)(p, which, in, ip))
		return false;
	if (ip->fragment) {
		fault(p, "%s datagram is a fragment", which);
		return false;
	}
	if (ip->ttl == 0)
		fault(p, "%s TTL is 0", which);
	ip->payload = (struct octets){ in.at + ip->header_len, ip->len - ip->header_len };
	return true;
}

bool parse_udp(struct packet *p, const char *which, const struct ip *ip, struct udp *udp)
{
	struct octets in = ip->payload;
	uint32_t sum;

	memset(udp, 0, sizeof(*udp));
	if (ip->protocol != 17 || in.len < 8) {
		fault(p, "%s datagram is not UDP (protocol %u, %zu octets)", which, ip->protocol, in.len);
		return false;
	}
	udp->sport = be16(in.at);
	udp->dport = be16(in.at + 2);
	udp->length = be16(in.at + 4);
	udp->checksum = be16(in.at + 6);
	if (udp->length < 8 || udp->length > in.len) {
		fault(p, "%s UDP Length %u of %zu octets", which, udp->length, in.len);
		return false;
	}
	udp->data = (struct octets){ in.at + 8, udp->length - 8u };
	udp->surplus = (struct octets){ in.at + udp->length, in.len - udp->length };
	if (udp->checksum == 0) {
		fault(p, "%s UDP checksum is zero", which);
		return true;
	}
	sum = checksum_add(0, (struct octets){ ip->src, ip->addr_len });
	sum = checksum_add(sum, (struct octets){ ip->dst, ip->addr_len });
	sum += 17u + udp->length;
	sum = checksum_add(sum, (struct octets){ in.at, udp->length });
	if (checksum_fold(sum) != 0xffff)
		fault(p, "%s UDP checksum %04x is wrong", which, udp->checksum);
	return true;
}

bool parse_rtp(struct octets in, struct rtp *rtp)
{
	size_t header, padding = 0;

	memset(rtp, 0, sizeof(*rtp));
	if (in.len < 12 || in.at[0] >> 6 != 2 || (in.at[1] >= 192 && in.at[1] <= 223))
		return false;
	header = 12 + 4 * (size_t)(in.at[0] & 15);
	if (in.at[0] & 0x10) {
		if (header + 4 > in.len)
			return false;
		header += 4 + 4 * (size_t)be16(in.at + header + 2);
	}
	if (header > in.len)
		return false;
	if ((in.at[0] & 0x20) && header < in.len)
		padding = in.at[in.len - 1];
	rtp->version = 2;
	rtp->marker = in.at[1] & 0x80;
	rtp->pt = in.at[1] & 0x7f;
	rtp->seq = be16(in.at + 2);
	rtp->ts = be32(in.at + 4);
	rtp->ssrc = be32(in.at + 8);
	rtp->header_len = header;
	rtp->payload_len = padding <= in.len - header ? in.len - header - padding : 0;
	return true;
}
