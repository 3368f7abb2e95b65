/* SPDX-License-Identifier: BSD-3-Clause
 *
 * train.c - segment trains (UDP_SEGMENT: one call, many datagrams) and the bursts that a call states by its shape. */
#include <string.h>

#include "hall.h"

uint32_t train_segment(const struct call *call, const struct control *control)
{
	return control->has_segment ? control->segment : call->view.segment;
}

static bool same_target(const struct flow_key *a, const struct flow_key *b)
{
	return a->tuple.version == b->tuple.version && a->tuple.dport == b->tuple.dport && a->chosen == b->chosen &&
		memcmp(a->tuple.dst, b->tuple.dst, 16) == 0 && memcmp(a->tuple.src, b->tuple.src, 16) == 0;
}

/* What the datagrams of one message add to the burst of a flow: octets as the radio carries them (wire format, 4.4). */
static void add_message(struct call *call, const struct msghdr *msg, const struct packet *of, uint64_t *octets,
	unsigned *count)
{
	struct control control;
	struct packet packet = { .msg = msg, .control = &control };
	struct octets all;
	uint32_t segment;

	if (!sight_legible(msg))
		return;
	control_read(msg, &control);
	if (control.foreign || target_find(call, &packet) != MD_ASIDE_COUNT || !same_target(&packet.key, &of->key))
		return;
	all = octets_of(msg->msg_iov, msg->msg_iovlen);
	segment = train_segment(call, &control);
	for (size_t at = 0; at < all.len; at += segment) {
		packet.data = octets_from(&all, at);
		if (segment)
			packet.data = octets_first(&packet.data, segment);
		if (sight(call, &packet) == MD_ASIDE_COUNT) {
			*octets += headers_len(packet.key.tuple.version) + packet.data.len;
			++*count;
		}
		if (!segment)
			return;
	}
}

static uint8_t measure(struct call *call, const struct packet *packet)
{
	uint64_t octets = 0;
	unsigned count = 0;

	for (unsigned i = 0; i < call->n; i++)
		add_message(call, &call->vec[i].msg_hdr, packet, &octets, &count);
	return count >= 2 ? md_burst_quantum(octets, packet->bq_unit) : 0;
}

/* Every packet of the burst carries the same total; it is measured at the first and remembered for the others. A call to
 * more than BURSTS destinations measures again where the memory does not reach. */
uint8_t train_burst(struct call *call, const struct packet *packet)
{
	unsigned at;

	if (call->n == 1 && !train_segment(call, packet->control))
		return 0;
	for (at = 0; at < call->bursts && at < BURSTS; at++)
		if (same_target(&call->burst[at].key, &packet->key))
			return call->burst[at].bq;
	at = call->bursts++ % BURSTS;
	call->burst[at].key = packet->key;
	call->burst[at].bq = measure(call, packet);
	return call->burst[at].bq;
}
