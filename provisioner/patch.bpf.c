/* SPDX-License-Identifier: BSD-3-Clause
 *
 * patch.bpf.c - on the way out of an interface: what an armed socket put behind its user data becomes a surplus area.
 *
 * The segments of a train (UDP_SEGMENT) are made by the device, behind this program, which could not give them a surplus
 * area before. So a train is sent round: into one end of a pair of interfaces (struct arm_detour) that takes no trains, and
 * whose segments therefore are made in front of it; out of the other end they come one by one, get the patch, and go where
 * the train was to go.
 *
 * Over the loopback interface that is no way: the route, which a packet keeps from sender to receiver there, would be lost. But
 * what leaves by it arrives by it, and all that is missing are the segments: the interface makes none itself, and none of
 * packets with a VLAN tag are its to carry whole. So a train gets one, for as long as it is on the interface; the kernel makes
 * segments, which are met where they arrive. Were they not, the tag would keep them from every receiver. */
#include "cut.bpf.h"
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
enum { TAG = 0x6d4 }; /* of a VLAN that is nowhere; not 0, which would be none */
enum { BEEN_ROUND = 0x6d64 }; /* skb->tc_index of what comes from the detour: on its way out it meets the patch again */

/* Nanoseconds. A train that takes longer is lost, and what is behind it stays away. Behind a train everything of its socket
 * takes the same way, so that nothing overtakes it: for a while, and as long as something is under way. */
#define LOST 100000000ull
#define BEHIND_TRAIN 1000000000ull
#define BEHIND_ONE 10000000ull

uint32_t arm_number;

/* Whether any socket has ever been armed: on a host where none has, the programs end with looking at this. */
volatile uint32_t arm_asked;

static __always_inline struct armed_socket *armed(struct __sk_buff *skb, uint16_t *port)
{
	struct bpf_sock *sk = skb->sk;

	if (!sk)
		return 0;
	*port = (uint16_t)sk->src_port;
	return bpf_sk_storage_get(&arm_sockets, sk, 0, 0);
}

static __always_inline struct arm_interface_state *state_of(const struct armed_socket *socket, uint32_t interface)
{
	struct arm_interface at = { .netns = socket->netns, .index = interface };

	return bpf_map_lookup_elem(&arm_interfaces, &at);
}

/* The detour, open or not, if what comes back from it can leave by the interface. */
static __always_inline struct arm_detour *detour_of(const struct armed_socket *socket, const struct arm_interface_state *state)
{
	return state && state->trains == ARM_TRAINS_DETOUR ? bpf_map_lookup_elem(&arm_detours, &socket->netns) : 0;
}

/* Whether nothing has come back for too long. */
static __always_inline int is_overdue(uint64_t *waiting, uint64_t now)
{
	uint64_t since = *waiting;

	if (!since) {
		*waiting = now;
		return 0;
	}
	if (now < since || now - since < LOST)
		return 0;
	*waiting = 0;
	count(ARM_DETOUR_SHUT);
	return 1;
}

/* Somebody may have taken the pair, or one end of it, down: then no more trains, until the daemon has seen to it, or something
 * comes back. */
static __always_inline int is_open(struct arm_detour *detour, uint64_t now)
{
	if (detour->open && !detour->shut && is_overdue(&detour->waiting, now))
		detour->shut = 1;
	return detour->open && !detour->shut;
}

/* The packet's number, from now on its mark; 0: none was to be had. */
static __always_inline uint32_t take_ticket(struct __sk_buff *skb, const struct armed_socket *socket,
	const struct md_arm_form *form)
{
	uint32_t number = __sync_fetch_and_add(&arm_number, 1) | TICKET, at = number % ARM_TICKETS;
	struct arm_ticket *ticket = bpf_map_lookup_elem(&arm_tickets, &at);

	if (!ticket)
		return 0;
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
	return number;
}

static __always_inline struct arm_ticket *ticket_of(const struct __sk_buff *skb)
{
	uint32_t number = skb->mark, at = number % ARM_TICKETS;
	struct arm_ticket *ticket = bpf_map_lookup_elem(&arm_tickets, &at);

	return (number & TICKET) && ticket && ticket->number == number ? ticket : 0;
}

static __always_inline int send_round(struct __sk_buff *skb, const struct armed_socket *socket,
	const struct arm_detour *detour, const struct md_arm_form *form)
{
	return take_ticket(skb, socket, form) ? (int)bpf_redirect(detour->in, 0) : DROP;
}

/* The guard let it pass a moment ago. */
static __always_inline int drop_train(const struct __sk_buff *skb)
{
	count_all(ARM_DROPPED, skb->gso_segs);
	return DROP;
}

/* Nothing that is sent later overtakes it: the segments are made, and have arrived, before the next is sent. */
static __always_inline int send_home(struct __sk_buff *skb, const struct armed_socket *socket,
	struct arm_interface_state *state, const struct md_arm_form *form)
{
	if (skb->vlan_present)
		return NEXT;
	/* As by the detour, it may be nothing but a queue that takes its time, and this one goes all the same. */
	if (!state->shut && is_overdue(&state->waiting, bpf_ktime_get_ns()))
		state->shut = 1;
	if (!take_ticket(skb, socket, form) || bpf_skb_vlan_push(skb, bpf_htons(0x8100), TAG) < 0)
		return drop_train(skb);
	count(ARM_TRAINS);
	return NEXT;
}

/* A train goes round if its segments have areas, or if it is behind one whose segments have. */
static __always_inline int send_train(struct __sk_buff *skb, struct armed_socket *socket, uint16_t port)
{
	const struct md_arm_form *form = train_form(skb, socket, port);
	struct arm_interface_state *state;
	struct arm_detour *detour;
	uint64_t now;

	if (!form && !socket->follow)
		return NEXT;
	state = state_of(socket, skb->ifindex);
	if (state && state->trains == ARM_TRAINS_LOOPBACK)
		return form ? send_home(skb, socket, state, form) : NEXT;
	now = bpf_ktime_get_ns();
	if (!form && now >= socket->follow)
		return NEXT;
	detour = detour_of(socket, state);
	if (!form)
		return detour && is_open(detour, now) ? send_round(skb, socket, detour, 0) : NEXT;
	/* The guard let it pass a moment ago. */
	if (!detour)
		return drop_train(skb);
	/* Maybe it is only this host that takes its time. This one goes in any case: it has no other way. */
	is_open(detour, now);
	socket->follow = now + BEHIND_TRAIN;
	count(ARM_TRAINS);
	return send_round(skb, socket, detour, form);
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
	detour = detour_of(socket, state_of(socket, skb->ifindex));
	if (!detour || !is_open(detour, now))
		return 0;
	if (socket->follow < now + BEHIND_ONE)
		socket->follow = now + BEHIND_ONE;
	return detour;
}

/* What becomes of the packets of armed sockets. It writes into them where they lie, and by that the kernel copies what shares
 * its octets with others before it begins: so it is a program by itself, which TCP's packets, that all do, never meet. */
SEC("tc")
int arm_ours(struct __sk_buff *skb)
{
	struct armed_socket *socket;
	struct arm_detour *detour;
	uint16_t port = 0;
	int area;

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

/* Holds arm_ours. It is empty only while everything is being removed, when no socket sends areas any more (arm_off()). */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, uint32_t);
} arm_next SEC(".maps");

/* Everything that leaves by an interface passes here: whose it is, and nothing else. */
SEC("tc")
int arm_patch(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	if (!arm_asked || !sk || skb->tc_index == BEEN_ROUND)
		return NEXT;
	if (bpf_sk_storage_get(&arm_sockets, sk, 0, 0))
		bpf_tail_call(skb, &arm_next, 0);
	return NEXT;
}

/* What had a ticket is given what it lost by it; a segment its area. 0, or -1: it has to go. */
static __always_inline int give_back(struct __sk_buff *skb, const struct arm_ticket *ticket)
{
	int area = ticket->form.len ? patch_segment(skb, &ticket->form) : 0;

	if (area)
		count(area < 0 ? ARM_DROPPED : ARM_PATCHED);
	skb->mark = ticket->mark;
	return area < 0 ? -1 : 0;
}

/* What comes out of the detour. Nothing but what went in with a ticket has to be there. */
SEC("tc")
int arm_segment(struct __sk_buff *skb)
{
	struct arm_ticket *ticket = ticket_of(skb);
	struct arm_detour *detour;

	if (!ticket)
		return DROP;
	detour = bpf_map_lookup_elem(&arm_detours, &ticket->netns);
	if (detour && detour->waiting)
		detour->waiting = 0;
	if (detour && detour->shut)
		detour->shut = 0;
	/* Somebody let trains through. */
	if (skb->gso_size) {
		if (detour && detour->open) {
			detour->open = 0;
			count(ARM_DETOUR_SHUT);
		}
		return drop_train(skb);
	}
	if (give_back(skb, ticket) < 0)
		return DROP;
	skb->priority = ticket->priority;
	skb->tc_index = BEEN_ROUND;
	skb->queue_mapping = 0; /* that of the pair says nothing */
	bpf_skb_change_type(skb, HOST); /* it is not the pair's address that it was sent to */
	return (int)bpf_redirect(ticket->interface, 0);
}

/* What arrives by the loopback interface: next to nothing for all but segments of trains. */
SEC("tc")
int arm_home(struct __sk_buff *skb)
{
	struct arm_interface at = { 0 };
	struct arm_interface_state *state;
	struct arm_ticket *ticket;

	if (!skb->vlan_present || (skb->vlan_tci & 0xfff) != TAG)
		return NEXT;
	ticket = ticket_of(skb);
	if (!ticket || ticket->interface != skb->ifindex)
		return NEXT;
	at.netns = ticket->netns;
	at.index = ticket->interface;
	state = bpf_map_lookup_elem(&arm_interfaces, &at);
	if (state && state->waiting)
		state->waiting = 0;
	/* The interface takes them whole, tag or not. */
	if (skb->gso_size) {
		if (state && !state->shut) {
			state->shut = 1;
			count(ARM_DETOUR_SHUT);
		}
		return drop_train(skb);
	}
	if (state && state->shut)
		state->shut = 0;
	if (give_back(skb, ticket) < 0)
		return DROP;
	if (bpf_skb_vlan_pop(skb) < 0) {
		count(ARM_DROPPED);
		return DROP;
	}
	return NEXT;
}

char arm_license[] SEC("license") = "Dual BSD/GPL";
