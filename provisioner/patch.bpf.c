/* SPDX-License-Identifier: BSD-3-Clause
 *
 * patch.bpf.c - on the way out of an interface: what an armed socket put behind its user data becomes a surplus area.
 *
 * The segments of a train (UDP_SEGMENT) are made by the device, behind this program, which could not give them a surplus
 * area before. So a train is sent round: into one end of a pair of interfaces (struct arm_detour) that takes no trains, and
 * whose segments therefore are made in front of it; out of the other end they come one by one, get the patch, and go where
 * the train was to go. */
#include "maps.bpf.h"

ARM_MAP_SOCKETS arm_sockets SEC(".maps");
ARM_MAP_COUNTS arm_counts SEC(".maps");
ARM_MAP_INTERFACES arm_interfaces SEC(".maps");
ARM_MAP_DETOURS arm_detours SEC(".maps");
ARM_COUNTER(arm_counts)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ARM_TICKETS);
	__type(key, uint32_t);
	__type(value, struct arm_ticket);
} arm_tickets SEC(".maps");

enum { NEXT = -1, DROP = 2 }; /* as both hooks have them: TCX_NEXT and TC_ACT_UNSPEC, TC_ACT_SHOT */
enum { TICKET = 1u << 31, HOST = 0 /* PACKET_HOST */ };
enum { BEEN_ROUND = 0x6d64 }; /* skb->tc_index of what comes from the detour: on its way out it meets the patch again */

/* Nanoseconds. A train that takes longer is lost, and what is behind it stays away. Behind a train everything of its socket
 * takes the same way, so that nothing overtakes it: for a while, and as long as something is under way. */
#define LOST 100000000ull
#define BEHIND_TRAIN 1000000000ull
#define BEHIND_ONE 10000000ull

uint32_t arm_number;

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

/* An open detour, if what comes back from it can leave by the interface. */
static __always_inline struct arm_detour *detour_of(const struct armed_socket *socket, uint32_t interface)
{
	struct arm_interface at = { .netns = socket->netns, .index = interface };
	struct arm_interface_state *state = bpf_map_lookup_elem(&arm_interfaces, &at);
	struct arm_detour *detour;

	if (!state || !state->trains)
		return 0;
	detour = bpf_map_lookup_elem(&arm_detours, &socket->netns);
	return detour && detour->open ? detour : 0;
}

/* Somebody may have taken the pair, or one end of it, down: then no more trains, until the daemon has seen to it. */
static __always_inline int is_lost(struct arm_detour *detour, uint64_t now)
{
	uint64_t since = detour->waiting;

	if (!since) {
		detour->waiting = now;
		return 0;
	}
	if (now < since || now - since < LOST)
		return 0;
	detour->open = 0;
	detour->waiting = 0;
	count(ARM_DETOUR_SHUT);
	return 1;
}

static __always_inline int send_round(struct __sk_buff *skb, const struct armed_socket *socket,
	const struct arm_detour *detour, const struct md_arm_form *form)
{
	uint32_t number = __sync_fetch_and_add(&arm_number, 1) | TICKET, at = number % ARM_TICKETS;
	struct arm_ticket *ticket = bpf_map_lookup_elem(&arm_tickets, &at);

	if (!ticket)
		return DROP;
	ticket->netns = socket->netns;
	ticket->mark = skb->mark;
	ticket->priority = skb->priority;
	ticket->interface = skb->ifindex;
	if (form)
		ticket->form = *form;
	else
		ticket->form.len = 0;
	ticket->number = number;
	skb->mark = number;
	return (int)bpf_redirect(detour->in, 0);
}

/* A train goes round if its segments have areas, or if it is behind one whose segments have. */
static __always_inline int send_train(struct __sk_buff *skb, struct armed_socket *socket, uint16_t port)
{
	const struct md_arm_form *form = train_form(skb, socket, port);
	struct arm_detour *detour;
	uint64_t now;

	if (!form && !socket->follow)
		return NEXT;
	now = bpf_ktime_get_ns();
	if (!form && now >= socket->follow)
		return NEXT;
	detour = detour_of(socket, skb->ifindex);
	if (detour && !is_lost(detour, now)) {
		if (form) {
			socket->follow = now + BEHIND_TRAIN;
			count(ARM_TRAINS);
		}
		return send_round(skb, socket, detour, form);
	}
	if (!form)
		return NEXT;
	/* The guard let it pass a moment ago. */
	count_all(ARM_DROPPED, skb->gso_segs);
	return DROP;
}

/* A single datagram of a socket that has sent trains. NULL: it goes straight. */
static __always_inline struct arm_detour *way_behind(struct __sk_buff *skb, struct armed_socket *socket)
{
	struct arm_detour *detour;
	uint64_t now;

	if (!socket->follow)
		return 0;
	now = bpf_ktime_get_ns();
	if (now >= socket->follow)
		return 0;
	detour = detour_of(socket, skb->ifindex);
	if (!detour || is_lost(detour, now))
		return 0;
	if (socket->follow < now + BEHIND_ONE)
		socket->follow = now + BEHIND_ONE;
	return detour;
}

SEC("tc")
int arm_patch(struct __sk_buff *skb)
{
	struct armed_socket *socket;
	struct arm_detour *detour;
	uint16_t port = 0;
	int area;

	if (skb->tc_index == BEEN_ROUND)
		return NEXT;
	socket = armed(skb, &port);
	if (!socket)
		return NEXT;
	if (skb->gso_size)
		return send_train(skb, socket, port);
	area = patch_datagram(skb, socket, port);
	if (area > 0)
		count(ARM_PATCHED);
	if (area >= 0) {
		detour = way_behind(skb, socket);
		if (!detour)
			return NEXT;
		count(ARM_FOLLOWED);
		return send_round(skb, socket, detour, 0);
	}
	count(ARM_DROPPED);
	return DROP;
}

/* What comes out of the detour. Nothing but what went in with a ticket has to be there. */
SEC("tc")
int arm_segment(struct __sk_buff *skb)
{
	uint32_t number = skb->mark, at = number % ARM_TICKETS;
	struct arm_ticket *ticket = bpf_map_lookup_elem(&arm_tickets, &at);
	struct arm_detour *detour;
	int area = 0;

	if (!(number & TICKET) || !ticket || ticket->number != number)
		return DROP;
	detour = bpf_map_lookup_elem(&arm_detours, &ticket->netns);
	if (detour && detour->waiting)
		detour->waiting = 0;
	/* Somebody let trains through. */
	if (skb->gso_size) {
		if (detour && detour->open) {
			detour->open = 0;
			count(ARM_DETOUR_SHUT);
		}
		count_all(ARM_DROPPED, skb->gso_segs);
		return DROP;
	}
	if (ticket->form.len)
		area = patch_segment(skb, &ticket->form);
	if (area < 0) {
		count(ARM_DROPPED);
		return DROP;
	}
	if (area)
		count(ARM_PATCHED);
	skb->mark = ticket->mark;
	skb->priority = ticket->priority;
	skb->tc_index = BEEN_ROUND;
	skb->queue_mapping = 0; /* that of the pair says nothing */
	bpf_skb_change_type(skb, HOST); /* it is not the pair's address that it was sent to */
	return (int)bpf_redirect(ticket->interface, 0);
}

char arm_license[] SEC("license") = "Dual BSD/GPL";
