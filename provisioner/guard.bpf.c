/* SPDX-License-Identifier: BSD-3-Clause
 *
 * guard.bpf.c - which sockets are armed, and that nothing they send leaves where the patch is missing. Both are attached to
 * a control group and everything below it; the guard sees a datagram behind routing, address translation and the choice of
 * the interface, in front of fragmentation. */
#include "maps.bpf.h"

extern ARM_MAP_SOCKETS arm_sockets SEC(".maps");
extern ARM_MAP_COUNTS arm_counts SEC(".maps");
ARM_COUNTER(arm_counts)

extern volatile uint32_t arm_asked;
extern ARM_MAP_INTERFACES arm_interfaces SEC(".maps");
extern ARM_MAP_DETOURS arm_detours SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ARM_NAMESPACES);
	__type(key, uint64_t);
	__type(value, uint32_t);
} arm_namespaces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct arm_control);
} arm_control SEC(".maps");

/* Cookies of namespaces in which a socket asked in vain. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, ARM_CALLS);
} arm_calls SEC(".maps");

enum { REFUSE = 0, PASS = 1 };

/* Rises by ARM_RAISE with every interface that is taken out of arm_interfaces (arm_take_out(), of the daemon), before anything
 * takes the patch off there. So the sum of it and an interface's number says "that interface was armed, and none has been
 * taken out since": a socket keeps the sum of the last interface that a datagram passed to, and while it is the same, nothing
 * has to be looked up.
 *
 * - Taken out while a datagram is in the guard: who still reads the old generation decides as a look into the map would have
 *   decided a moment before. The patch is taken off later than that, as ever.
 * - Looked up, taken out, then kept: the generation was read before the look, so what is kept is worth nothing any more. No
 *   processor reads them the other way round, see the barrier in is_armed().
 * - The daemon dies between taking out and raising: it sets ARM_CHANGING before, and meanwhile nothing is kept.
 * - Two processors send by one socket over two interfaces: generation and interface are one word, read and written in one go.
 * - An interface that is armed needs no raising: a "no" is never kept.
 * - Sums of different interfaces never meet: numbers that are too large are not kept, and 40 bits of generations do not come
 *   round. A new interface with the number of one that is gone is armed only when that one was taken out. */
volatile uint64_t arm_generation SEC(".data.generation") = ARM_RAISE;

static __always_inline int refuse(enum arm_count why)
{
	count(why);
	return REFUSE;
}

/* Whether a segment train with areas may leave by the interface. */
static __always_inline enum arm_count judge_train(const struct arm_interface *at)
{
	struct arm_interface_state *interface = bpf_map_lookup_elem(&arm_interfaces, at);
	struct arm_detour *detour;

	if (!interface || interface->trains == ARM_TRAINS_NONE)
		return ARM_REFUSED_TRAINS;
	if (interface->trains == ARM_TRAINS_LOOPBACK)
		return interface->shut ? ARM_REFUSED_TRAINS : ARM_PASSED;
	detour = bpf_map_lookup_elem(&arm_detours, &at->netns);
	return detour && detour->open && !detour->shut ? ARM_PASSED : ARM_REFUSED_TRAINS;
}

/* Whether the interface has the patch; as a rule known without a look into the map. */
static __always_inline int is_armed(struct armed_socket *socket, const struct arm_interface *at)
{
	volatile uint64_t *kept = &socket->way;
	uint64_t generation = arm_generation, way = generation + at->index;

	if (*kept == way)
		return 1;
	/* With its result asked for it is a full barrier: the generation is read before the map. */
	if (__sync_fetch_and_add(&socket->way, 0) == way)
		return 1;
	if (!bpf_map_lookup_elem(&arm_interfaces, at))
		return 0;
	if (!(generation & ARM_CHANGING) && at->index < ARM_CHANGING)
		*kept = way;
	return 1;
}

SEC("cgroup_skb/egress")
int arm_guard(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct arm_interface at = { 0 };
	enum arm_count why = ARM_PASSED;
	struct armed_socket *socket;
	enum shape shape;
	struct place p;

	if (!arm_asked || !sk)
		return PASS;
	socket = bpf_sk_storage_get(&arm_sockets, sk, 0, 0);
	if (!socket)
		return PASS;
	shape = find_udp(skb, 0, &p);
	if (shape == SHAPE_OTHER)
		return refuse(ARM_REFUSED_OTHER); /* transformed already (IPsec): nobody can tell any more what is in it */
	if (shape != SHAPE_PLAIN)
		return PASS;
	at.netns = socket->netns;
	at.index = skb->ifindex;
	if (p.sport != (uint16_t)sk->src_port)
		why = ARM_REFUSED_OTHER; /* translated on this host: the patch would not know it again */
	/* The kernel has seen that the segments of a train fit the MTU, and cuts none into fragments. */
	else if (skb->gso_size)
		why = judge_train(&at);
	/* What the kernel has cut into fragments already hangs behind the first of them. */
	else if ((long)skb->data_end - (long)skb->data < skb->len)
		why = ARM_REFUSED_FRAGMENTS;
	else if (!is_armed(socket, &at))
		why = ARM_REFUSED_INTERFACE;
	/* Whether there is an area at all matters only where the patch would not cut it off. */
	if (why != ARM_PASSED)
		return find_area(skb, &p, socket) ? refuse(why) : PASS;
	count_all(ARM_PASSED, skb->gso_size ? skb->gso_segs : 1);
	return PASS;
}

/* The caller's answer: -errno for setsockopt(). */
static __always_inline int answer(int err)
{
	bpf_set_retval(err);
	return 0;
}

static __always_inline int enrol(struct bpf_sockopt *ctx, const struct md_arm_request *request, uint64_t netns)
{
	struct armed_socket *socket;

	socket = bpf_sk_storage_get(&arm_sockets, ctx->sk, 0, 0);
	if (!socket) {
		arm_asked = 1; /* before there is one */
		socket = bpf_sk_storage_get(&arm_sockets, ctx->sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
		count(ARM_SOCKETS);
	}
	if (!socket)
		return answer(-12 /* ENOMEM */);
	socket->netns = netns;
	for (uint32_t i = 0; i < MD_ARM_FORMS; i++)
		if (i < request->forms)
			socket->form[i] = request->form[i];
	/* A thread that sends meanwhile meets the forms before or after, never a form half written: the shim only adds. */
	barrier();
	socket->forms = request->forms;
	ctx->optlen = -1; /* the kernel itself does not know the option, and is not asked */
	return PASS;
}

/* Whether the socket may send trains: it is armed, and its namespace has a detour. */
static __always_inline int answer_trains(struct bpf_sockopt *ctx)
{
	uint64_t netns = bpf_get_netns_cookie(ctx);
	struct arm_detour *detour = bpf_map_lookup_elem(&arm_detours, &netns);

	if (!detour || !detour->open || detour->shut || !bpf_sk_storage_get(&arm_sockets, ctx->sk, 0, 0))
		return answer(-19 /* ENODEV */);
	ctx->optlen = -1;
	return PASS;
}

SEC("cgroup/setsockopt")
int arm_enrol(struct bpf_sockopt *ctx)
{
	const struct md_arm_request *request = ctx->optval;
	struct arm_control *control;
	uint32_t zero = 0;
	uint64_t netns;

	if (ctx->level != MD_ARM_LEVEL || (ctx->optname != MD_ARM_SOCKET && ctx->optname != MD_ARM_TRAINS)) {
		if (ctx->optlen > 4096)
			ctx->optlen = 0; /* longer than what is shown to programs: as the caller has it */
		return PASS;
	}
	if (!ctx->sk || ctx->sk->protocol != IPPROTO_UDP || ctx->sk->type != 2 /* SOCK_DGRAM */)
		return PASS;
	control = bpf_map_lookup_elem(&arm_control, &zero);
	if (!control || !control->on)
		return PASS;
	if ((void *)(request + 1) > ctx->optval_end || request->version != MD_ARM_VERSION || request->forms > MD_ARM_FORMS)
		return answer(-22 /* EINVAL */);
	if (ctx->optname == MD_ARM_TRAINS)
		return answer_trains(ctx);
	if (!request->forms) {
		bpf_sk_storage_delete(&arm_sockets, ctx->sk);
		ctx->optlen = -1;
		return PASS;
	}
	netns = bpf_get_netns_cookie(ctx);
	if (!bpf_map_lookup_elem(&arm_namespaces, &netns)) {
		bpf_ringbuf_output(&arm_calls, &netns, sizeof(netns), 0);
		return answer(-19 /* ENODEV */);
	}
	return enrol(ctx, request, netns);
}
