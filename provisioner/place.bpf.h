/* SPDX-License-Identifier: BSD-3-Clause
 *
 * place.bpf.h - finds the UDP header of a packet of this host. */
#ifndef PROVISION_PLACE_BPF_H
#define PROVISION_PLACE_BPF_H

#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/in6.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum {
	L2_MAX = 64,
	EXTENSIONS = 8,
	ETHERNET = 14
};

enum shape {
	SHAPE_OTHER,    /* not UDP, or not to be understood */
	SHAPE_FRAGMENT, /* the first or a later fragment */
	SHAPE_CUT,      /* UDP Length already is less than the IP payload */
	SHAPE_PLAIN     /* a whole UDP datagram without surplus area */
};

/* Offsets count from the IP header. */
struct place {
	uint32_t l2;    /* octets in front of the IP header */
	uint32_t udp;   /* of the UDP header */
	uint32_t end;   /* of the IP payload */
	uint16_t len;   /* UDP Length */
	uint16_t sport;
};

/* Of headers, which lie in one piece. */
static __always_inline int read_header(struct __sk_buff *skb, uint32_t at, void *into, uint32_t len)
{
	return bpf_skb_load_bytes_relative(skb, at, into, len, BPF_HDR_START_NET);
}

/* Through the extension headers (RFC 8200) to UDP: its offset from the IP
 * header, 0: a fragment, or -1. */
__weak __noinline int arm_extensions(struct __sk_buff *skb, uint32_t base, uint8_t next)
{
	uint32_t at = 40;
	uint8_t head[2];

	for (int i = 0; i < EXTENSIONS; i++) {
		if (next == IPPROTO_UDP)
			return (int)at;
		if (next == IPPROTO_FRAGMENT)
			return 0;
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS && next != IPPROTO_MH)
			return -1;
		if (read_header(skb, base + at, head, sizeof(head)) < 0)
			return -1;
		next = head[0];
		at += 8u * (head[1] + 1u);
	}
	return -1;
}

/* The IP header base octets behind where the kernel says that the network header is. */
static __always_inline enum shape find_udp_at(struct __sk_buff *skb, uint32_t base, struct place *p)
{
	uint8_t ip[28], udp[8];
	int at;

	/* With the UDP header, which mostly follows at once; a last fragment may end before. */
	if (read_header(skb, base, ip, sizeof(ip)) < 0 && read_header(skb, base, ip, 20) < 0)
		return SHAPE_OTHER;
	if (ip[0] >> 4 == 4) {
		p->end = base + ((uint32_t)ip[2] << 8 | ip[3]);
		at = (ip[0] & 15) * 4;
		if (ip[9] != IPPROTO_UDP || at < 20)
			return SHAPE_OTHER;
		if ((ip[6] & 0x3f) || ip[7])
			return SHAPE_FRAGMENT;
	} else if (ip[0] >> 4 == 6) {
		p->end = base + 40 + ((uint32_t)ip[4] << 8 | ip[5]);
		at = ip[6] == IPPROTO_UDP ? 40 : arm_extensions(skb, base, ip[6]);
		if (at <= 0)
			return at ? SHAPE_OTHER : SHAPE_FRAGMENT;
	} else {
		return SHAPE_OTHER;
	}
	p->udp = base + (uint32_t)at;
	p->l2 = skb->len - p->end; /* nothing pads what this host made */
	if (p->l2 > L2_MAX || p->udp + 8 > p->end)
		return SHAPE_OTHER;
	if (at == 20)
		__builtin_memcpy(udp, ip + 20, sizeof(udp));
	else if (read_header(skb, p->udp, udp, sizeof(udp)) < 0)
		return SHAPE_OTHER;
	p->sport = (uint16_t)(udp[0] << 8 | udp[1]);
	p->len = (uint16_t)(udp[4] << 8 | udp[5]);
	if (p->len < 8 || p->udp + p->len > p->end)
		return SHAPE_OTHER;
	return p->udp + p->len == p->end ? SHAPE_PLAIN : SHAPE_CUT;
}

static __always_inline uint16_t half(const uint8_t *at)
{
	return *(const uint16_t *)(const void *)at;
}

/* The same, read where it lies, of the usual whole datagram: IPv4 without options, or IPv6 with UDP at once, l2 octets from
 * the start of the packet. False: it is anything else. Behind an Ethernet header that is believed only of a packet that has
 * its type there, and exactly the lengths that IP and UDP say: without that header they would have to be addresses. */
static __always_inline int is_usual(struct __sk_buff *skb, uint32_t l2, struct place *p)
{
	const uint8_t *data = (const void *)(long)skb->data, *end = (const void *)(long)skb->data_end;
	const uint8_t *ip = data + l2, *udp;

	if (ip + 28 > end)
		return 0;
	if (ip[0] == 0x45) {
		if (l2 && half(ip - 2) != bpf_htons(0x0800))
			return 0;
		if (ip[9] != IPPROTO_UDP || (half(ip + 6) & bpf_htons(0x3fff)))
			return 0;
		p->udp = 20;
		p->end = bpf_ntohs(half(ip + 2));
		udp = ip + 20;
	} else {
		if (ip + 48 > end || ip[0] >> 4 != 6 || ip[6] != IPPROTO_UDP || (l2 && half(ip - 2) != bpf_htons(0x86dd)))
			return 0;
		p->udp = 40;
		p->end = 40u + bpf_ntohs(half(ip + 4));
		udp = ip + 40;
	}
	p->l2 = l2;
	p->sport = bpf_ntohs(half(udp));
	p->len = bpf_ntohs(half(udp + 4));
	return l2 + p->end == skb->len && p->udp + p->len == p->end && p->len >= 8;
}

/* l2: how long what is in front of the IP header mostly is. A VLAN tag that stands in the packet is in front of the network
 * header, or counts as one. */
static __always_inline enum shape find_udp(struct __sk_buff *skb, uint32_t l2, struct place *p)
{
	enum shape shape;

	*p = (struct place){ 0 }; /* the verifier minds what is never used, too */
	if (is_usual(skb, l2, p))
		return SHAPE_PLAIN;
	shape = find_udp_at(skb, 0, p);
	if (shape == SHAPE_OTHER && (skb->protocol == bpf_htons(0x8100) || skb->protocol == bpf_htons(0x88a8))) {
		shape = find_udp_at(skb, 4, p);
		if (shape == SHAPE_OTHER)
			shape = find_udp_at(skb, 8, p);
	}
	return shape;
}

#endif
