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

SEC("tc")
int arm_patch(struct __sk_buff *skb)
{
	struct armed_socket *socket;
	uint16_t port = 0;
	int area;

	socket = armed(skb, &port);
	if (!socket)
		return NEXT;
	area = patch_datagram(skb, socket, port);
	if (area > 0)
		count(ARM_PATCHED);
	if (area >= 0)
		return NEXT;
	count(ARM_DROPPED);
	return DROP;
}

char arm_license[] SEC("license") = "Dual BSD/GPL";
