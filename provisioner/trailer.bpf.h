/* SPDX-License-Identifier: BSD-3-Clause
 *
 * trailer.bpf.h - finds the UDP header of a datagram and the option area at its end; used by patch and guard alike, so that
 * what the guard lets pass is what the patch cuts off. */
#ifndef PROVISION_TRAILER_BPF_H
#define PROVISION_TRAILER_BPF_H

#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/in6.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "arm.bpf.h"

enum {
	L2_MAX = 64,
	CHUNK = 64,
	CHUNKS = (MD_ARM_AREA_MAX + CHUNK - 1) / CHUNK,
	EXTENSIONS = 8,
	ETHERNET = 14,
	NEAR = 0xf000 /* octets from the start of a packet within which the verifier lets pointers wander */
};

/* What the socket's own entry says. */
struct armed_socket {
	uint64_t netns;
	uint64_t follow;     /* until when single datagrams take the detour behind trains, nanoseconds; 0: none was sent */
	uint64_t way;        /* arm_generation + number of the interface that was armed then, see guard.bpf.c; 0: none */
	uint32_t forms;
	struct md_arm_form form[MD_ARM_FORMS];
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

/* The sum of RFC 1071 over len octets at an offset from the start of the packet, not folded. -1: not so many are there. Functions that are not static are
 * verified once, for any arguments, and not once for each way that leads to them. */
__weak __noinline int64_t arm_sum(struct __sk_buff *skb, uint32_t at, uint32_t len)
{
	uint64_t sum = 0;

	for (int i = 0; i < CHUNKS; i++) {
		uint32_t words[CHUNK / 4] = { 0 };
		uint32_t part = len < CHUNK ? len : CHUNK;

		if (!part)
			break;
		if (part > CHUNK || bpf_skb_load_bytes(skb, at, words, part) < 0)
			return -1;
#pragma unroll
		for (int k = 0; k < CHUNK / 4; k++)
			sum += words[k];
		at += part;
		len -= part;
	}
	return len ? -1 : (int64_t)sum;
}

/* Folded to 16 bits. */
static __always_inline uint32_t fold(int64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)((sum & 0xffff) + (sum >> 16));
}

/* What stands where OCS and the first option do. */
static __always_inline int begins_so(const uint8_t *ocs, const struct md_arm_form *form)
{
	return (ocs[0] | ocs[1]) && ocs[2] == form->head[0] && ocs[3] == form->head[1] &&
		(form->head_len != 4 || (ocs[4] == form->head[2] && ocs[5] == form->head[3]));
}

/* Whether the octets at an offset from the start of the packet are an area of that form, pad octet first if odd. */
static __always_inline int is_short_form(struct __sk_buff *skb, uint32_t at, uint32_t odd, const struct md_arm_form *form)
{
	uint32_t len = form->len, auth = form->auth + odd + 2;
	union {
		uint32_t word[CHUNK / 4];
		uint8_t octet[CHUNK];
	} area = { .word = { 0 } };
	uint64_t sum = 0;

	if (len < MD_ARM_AREA_MIN || len > CHUNK || bpf_skb_load_bytes(skb, at, &area, len) < 0)
		return 0;
	if (odd) {
		if (area.octet[0] || !begins_so(area.octet + 1, form))
			return 0;
		barrier(); /* else the compiler makes one of both, with an address that the verifier cannot follow */
	} else if (!begins_so(area.octet, form)) {
		return 0;
	}
	if (form->auth && (auth > CHUNK - 2 || area.octet[auth] != 9 || area.octet[auth + 1] != 16))
		return 0;
#pragma unroll
	for (int k = 0; k < CHUNK / 4; k++)
		sum += area.word[k];
	/* An empty area: every octet but the OCS is zero. */
	if (!form->head[0] && sum != area.word[0])
		return 0;
	/* Behind a pad octet high and low halves have changed places (RFC 1071, section 2 (B)). */
	sum += odd ? len : bpf_htons((uint16_t)len);
	return fold((int64_t)sum) == 0xffff;
}

/* The same of an area of any length. What is cheap and tells most comes first. */
__weak __noinline int arm_is_long_form(struct __sk_buff *skb, uint32_t at, uint32_t odd, const struct md_arm_form *form)
{
	uint8_t head[MD_ARM_AREA_MIN] = { 0 }, auth[2], pad = 0;
	union {
		uint8_t octet[4];
		uint32_t word;
	} ocs = { .word = 0 };
	uint32_t len;
	int64_t sum;

	if (!form)
		return 0;
	len = form->len;
	if (len < MD_ARM_AREA_MIN || len > MD_ARM_AREA_MAX)
		return 0;
	if (odd) {
		if (bpf_skb_load_bytes(skb, at, &pad, 1) < 0 || pad)
			return 0;
		at++;
		len--;
	}
	if (bpf_skb_load_bytes(skb, at, head, sizeof(head)) < 0 || !(head[0] | head[1]))
		return 0;
	if (head[2] != form->head[0] || head[3] != form->head[1])
		return 0;
	if (form->head_len == 4 && (head[4] != form->head[2] || head[5] != form->head[3]))
		return 0;
	if (form->auth && (bpf_skb_load_bytes(skb, at + 2 + form->auth, auth, sizeof(auth)) < 0 || auth[0] != 9 || auth[1] != 16))
		return 0;
	sum = arm_sum(skb, at, len);
	ocs.octet[0] = head[0];
	ocs.octet[1] = head[1];
	if (!form->head[0] && sum != ocs.word)
		return 0;
	return sum >= 0 && fold(sum + bpf_htons(form->len)) == 0xffff;
}

/* Whether the datagram, its IP payload ending at end, ends in an area of that form. */
__weak __noinline int arm_is_form(struct __sk_buff *skb, uint32_t l2, uint32_t end, const struct md_arm_form *form)
{
	uint32_t len, at;

	if (!form)
		return 0;
	len = form->len;
	if (len > end)
		return 0;
	at = l2 + end - len;
	return len <= CHUNK ? is_short_form(skb, at, (end - len) & 1, form) : arm_is_long_form(skb, at, (end - len) & 1, form);
}

/* A word's last octets, so many, in the order of memory; and what an octet at an offset adds to the sum of 32-bit words. */
static __always_inline uint64_t last_of(uint64_t word, uint32_t octets)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return word & ~0ull << (64 - 8 * octets);
#else
	return word & ~0ull >> (64 - 8 * octets);
#endif
}

static __always_inline uint64_t adds(uint8_t octet, uint32_t at)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (uint64_t)octet << 8 * (at & 3);
#else
	return (uint64_t)octet << 8 * (3 - (at & 3));
#endif
}

/* Whether the CHUNK octets at tail, which end where the IP payload does, end in an area of that form. Its words are summed
 * as they lie, the first of them without what stands in front. */
static __always_inline int ends_so(const uint8_t *tail, const uint8_t *data_end, uint32_t odd, const struct md_arm_form *form)
{
	uint32_t len = form->len, before = CHUNK - len, auth = odd + 2 + form->auth, swapped = (before + odd) & 1;
	const uint8_t *area = tail + before, *mark = area + auth;
	const uint64_t *word = (const void *)tail;
	uint64_t sum = 0, ocs;

	if (area + 8 > data_end)
		return 0;
	if (odd) {
		if (area[0] || !begins_so(area + 1, form))
			return 0;
		ocs = adds(area[1], before + 1) + adds(area[2], before + 2);
		barrier(); /* see is_short_form */
	} else {
		if (!begins_so(area, form))
			return 0;
		ocs = adds(area[0], before) + adds(area[1], before + 1);
	}
	if (form->auth && (auth + 2 > len || mark + 2 > data_end || mark[0] != 9 || mark[1] != 16))
		return 0;
#pragma unroll
	for (uint32_t k = 0; k < CHUNK / 8; k++) {
		uint32_t behind = 8 * (k + 1); /* the word's last octet, counted from tail */
		uint64_t w;

		if (before >= behind)
			continue;
		w = word[k];
		if (behind - before < 8)
			w = last_of(w, behind - before);
		sum += (w & 0xffffffff) + (w >> 32);
	}
	if (!form->head[0] && sum != ocs)
		return 0;
	/* Where the area begins at an odd octet of tail, high and low halves have changed places (RFC 1071, section 2 (B)). */
	sum += swapped ? __builtin_bswap16(bpf_htons((uint16_t)len)) : bpf_htons((uint16_t)len);
	return fold((int64_t)sum) == 0xffff;
}

/* Whether the datagram, its IP payload ending at end, ends in an area of that form: looked at where it lies if it is short
 * and lies in one piece, as it mostly does. */
static __always_inline int has_area(struct __sk_buff *skb, uint32_t l2, uint32_t end, const struct md_arm_form *form)
{
	const uint8_t *data_end = (const void *)(long)skb->data_end, *tail = (const void *)(long)skb->data;
	uint32_t at = l2 + end - CHUNK;

	if (form->len < 8 || form->len > CHUNK || at > NEAR)
		return arm_is_form(skb, l2, end, form);
	tail += at;
	if (tail + CHUNK > data_end)
		return arm_is_form(skb, l2, end, form);
	return ends_so(tail, data_end, (end - form->len) & 1, form);
}

/* The form of the option area at the end of a plain datagram, or of a train's first segment; NULL: there is none. */
static __always_inline const struct md_arm_form *find_area(struct __sk_buff *skb, const struct place *p,
	const struct armed_socket *socket)
{
	uint32_t len = p->len, end = p->end;

	if (skb->gso_size && skb->gso_size + 8 < len) {
		len = skb->gso_size + 8;
		end = p->udp + len;
	}
#pragma unroll
	for (uint32_t i = 0; i < MD_ARM_FORMS; i++) {
		const struct md_arm_form *form = &socket->form[i];

		if (i >= socket->forms)
			break;
		if (form->len + 8u <= len && has_area(skb, p->l2, end, form))
			return form;
	}
	return 0;
}

/* Lowers UDP Length. The area and its length sum to zero (OCS), so a checksum the device will compute over everything
 * behind the header is right as it stands, and a finished one changes by the header field only. */
static __always_inline int cut_area(struct __sk_buff *skb, const struct place *p, uint32_t area)
{
	uint32_t udp = p->l2 + p->udp;
	uint16_t old = bpf_htons(p->len), new = bpf_htons((uint16_t)(p->len - area));

	if (bpf_skb_store_bytes(skb, udp + 4, &new, sizeof(new), 0) < 0)
		return -1;
	return bpf_l4_csum_replace(skb, udp + 6, old, new, sizeof(new) | BPF_F_MARK_MANGLED_0) < 0 ? -1 : 0;
}

#ifdef ARM_KERNEL_TYPES
#include <bpf/bpf_core_read.h>

/* What struct __sk_buff does not show, by the kernel's own description of its types. */
struct sk_buff {
	uint8_t ip_summed : 2;
} __attribute__((preserve_access_index));

extern void *bpf_cast_to_kern_ctx(void *skb) __ksym;

/* Whether the device will compute the checksum (CHECKSUM_PARTIAL), so that the field is right as it stands. */
static __always_inline int is_left_to_device(struct __sk_buff *skb)
{
	struct sk_buff *own = bpf_cast_to_kern_ctx(skb);

	return BPF_CORE_READ_BITFIELD(own, ip_summed) == 3;
}
#else
/* Not known; the kernel knows when it is asked to change the field. */
static __always_inline int is_left_to_device(struct __sk_buff *skb)
{
	(void)skb;
	return 0;
}
#endif

/* The same by writing into the packet, for programs that may: see arm_ours. */
static __always_inline int cut_area_here(struct __sk_buff *skb, const struct place *p, uint32_t area)
{
	uint8_t *udp = (void *)(long)skb->data, *data_end = (void *)(long)skb->data_end;
	uint32_t at = p->l2 + p->udp;
	uint16_t old = bpf_htons(p->len), new = bpf_htons((uint16_t)(p->len - area));

	if (at > NEAR)
		return cut_area(skb, p, area);
	udp += at;
	if (udp + 8 > data_end)
		return cut_area(skb, p, area);
	*(uint16_t *)(void *)(udp + 4) = new;
	if (is_left_to_device(skb))
		return 0;
	return bpf_l4_csum_replace(skb, at + 6, old, new, sizeof(new) | BPF_F_MARK_MANGLED_0) < 0 ? -1 : 0;
}

/* What the patch does with what leaves by an interface: the length of the area it cut off, 0: none, or -1: no memory.
 *
 * A datagram that was patched already, by an interface stacked above, has UDP Length below the IP payload and is let
 * through; a tunnel's outer datagram does not come from the socket's port. A fragment holds no area: the guard lets none
 * become one. A train is none of its business: its segments would all be 8 octets and the segment size. */
static __always_inline int patch_datagram(struct __sk_buff *skb, const struct armed_socket *socket, uint16_t port)
{
	const struct md_arm_form *form;
	struct place p;

	if (skb->gso_size || find_udp(skb, ETHERNET, &p) != SHAPE_PLAIN || p.sport != port)
		return 0;
	form = find_area(skb, &p, socket);
	if (!form)
		return 0;
	return cut_area_here(skb, &p, form->len) < 0 ? -1 : form->len;
}

/* The same for a segment that comes back from the detour, whose form is known. */
static __always_inline int patch_segment(struct __sk_buff *skb, const struct md_arm_form *form)
{
	struct place p;

	if (find_udp(skb, ETHERNET, &p) != SHAPE_PLAIN || form->len + 8u > p.len || !has_area(skb, p.l2, p.end, form))
		return 0;
	return cut_area(skb, &p, form->len) < 0 ? -1 : form->len;
}

/* The form in which the first segment of a train ends; the others do as well, or not at all. NULL: none of ours. */
static __always_inline const struct md_arm_form *train_form(struct __sk_buff *skb, const struct armed_socket *socket,
	uint16_t port)
{
	struct place p;

	if (find_udp(skb, ETHERNET, &p) != SHAPE_PLAIN || p.sport != port)
		return 0;
	return find_area(skb, &p, socket);
}

#endif
