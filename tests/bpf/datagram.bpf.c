/* SPDX-License-Identifier: BSD-3-Clause
 *
 * datagram.bpf.c - what arm_patch does with a datagram, without a socket: forms and port lie in a map. For packets of kinds
 * that no device here makes (BPF_PROG_TEST_RUN). */
#include "../../provisioner/cut.bpf.h"

struct test_socket {
	struct armed_socket socket;
	uint32_t port;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct test_socket);
} test_sockets SEC(".maps");

/* The length of the area cut off. */
SEC("tc")
int test_patch(struct __sk_buff *skb)
{
	struct test_socket *s;
	uint32_t zero = 0;

	s = bpf_map_lookup_elem(&test_sockets, &zero);
	return s ? patch_datagram(skb, &s->socket, (uint16_t)s->port) : -2;
}

/* The same for a segment that comes back from the detour: it has the first form, or none. */
SEC("tc")
int test_segment(struct __sk_buff *skb)
{
	struct test_socket *s;
	uint32_t zero = 0;

	s = bpf_map_lookup_elem(&test_sockets, &zero);
	return s ? patch_segment(skb, &s->socket.form[0]) : -2;
}

/* The length of the area that the first segment of a train ends in. */
SEC("tc")
int test_train(struct __sk_buff *skb)
{
	const struct md_arm_form *form = 0;
	struct test_socket *s;
	uint32_t zero = 0;

	s = bpf_map_lookup_elem(&test_sockets, &zero);
	if (s)
		form = train_form(skb, &s->socket, (uint16_t)s->port);
	return form ? form->len : 0;
}

/* Whether what is read where it lies is what the general way finds: 1, and 1 more for each form that the datagram ends in; 0:
 * not a packet that is read so; below 0: they disagree. */
SEC("tc")
int test_agreement(struct __sk_buff *skb)
{
	struct place near = { 0 }, far = { 0 };
	struct test_socket *s;
	uint32_t zero = 0;
	int found = 1;

	s = bpf_map_lookup_elem(&test_sockets, &zero);
	if (!s || !is_usual(skb, ETHERNET, &near))
		return 0;
	if (find_udp_at(skb, 0, &far) != SHAPE_PLAIN)
		return -1;
	if (near.l2 != far.l2 || near.udp != far.udp || near.end != far.end || near.len != far.len || near.sport != far.sport)
		return -2;
	for (uint32_t i = 0; i < MD_ARM_FORMS; i++) {
		const struct md_arm_form *form = &s->socket.form[i];
		int so;

		if (i >= s->socket.forms)
			break;
		if (form->len + 8u > near.len)
			continue;
		so = has_area(skb, near.l2, near.end, form);
		if (so != arm_is_form(skb, near.l2, near.end, form))
			return -3;
		found += so;
	}
	return found;
}

char test_license[] SEC("license") = "Dual BSD/GPL";
