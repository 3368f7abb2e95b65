/* SPDX-License-Identifier: BSD-3-Clause
 *
 * trailer.bpf.h - finds the option area at the end of a datagram; used by patch and guard alike, so that what the guard lets
 * pass is what the patch cuts off. */
#ifndef PROVISION_TRAILER_BPF_H
#define PROVISION_TRAILER_BPF_H

#include "arm.bpf.h"
#include "place.bpf.h"

enum {
	CHUNK = 64,
	CHUNKS = (MD_ARM_AREA_MAX + CHUNK - 1) / CHUNK,
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

#endif
