/* SPDX-License-Identifier: BSD-3-Clause
 *
 * patch.bpf.c - on the way out of an interface: what an armed socket put behind its user data becomes a surplus area. */
#include "maps.bpf.h"

ARM_MAP_SOCKETS arm_sockets SEC(".maps");
ARM_MAP_COUNTS arm_counts SEC(".maps");
ARM_COUNTER(arm_counts)

enum { NEXT = -1, DROP = 2 }; /* as both hooks have them: TCX_NEXT and TC_ACT_UNSPEC, TC_ACT_SHOT */

static __always_inline struct armed_socket *armed(struct __sk_buff *skb, uint16_t *port)
{
	struct bpf_sock *sk = skb->sk;

	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
	*port = (uint16_t)sk->src_port;
	return bpf_sk_storage_get(&arm_sockets, sk, 0, 0);
}

/* A datagram that was patched already, by an interface stacked above this one, has UDP Length below the IP payload and is
 * let through; a tunnel's outer datagram does not come from the socket's port. A fragment holds no area: the guard lets none
 * become one. No train does: its segments would all be 8 octets and the segment size. */
SEC("tc")
int arm_patch(struct __sk_buff *skb)
{
	struct armed_socket *socket;
	struct place p;
	uint16_t port = 0;
	uint32_t area;

	socket = armed(skb, &port);
	if (!socket || skb->gso_size || find_udp(skb, &p) != SHAPE_PLAIN || p.sport != port)
		return NEXT;
	area = find_area(skb, &p, socket);
	if (!area)
		return NEXT;
	if (cut_area(skb, &p, area) < 0) {
		count(ARM_DROPPED);
		return DROP;
	}
	count(ARM_PATCHED);
	return NEXT;
}

char arm_license[] SEC("license") = "Dual BSD/GPL";
