/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cut.bpf.h - makes of the option area at the end of a datagram a surplus area; the patch's own. */
#ifndef PROVISION_CUT_BPF_H
#define PROVISION_CUT_BPF_H

#include "trailer.bpf.h"

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
