/* SPDX-License-Identifier: BSD-3-Clause
 *
 * stuntoken.c - network tokens in STUN messages (wire format, section 10.2). The messages go out natively, by the
 * application's own socket; only their octets change, or one message more follows. */
#include <errno.h>
#include <mdshim/stun.h>
#include <pthread.h>
#include <string.h>

#include "hall.h"
#include "process.h"
#include "real.h"
#include "route.h"

enum {
	MESSAGE_MAX = 512,           /* longest STUN message that is looked at */
	PATH_MTU = 1280,             /* no path worth speaking of carries less: longer results are not made */
	OUT_MAX = PATH_MTU - MD_IPV6_HEADERS,
	ROUTE_STUN = -2              /* in a flow key: remembers only that the indication was sent */
};

bool stun_wanted(const struct call *call, struct packet *packet)
{
	int route;

	(void)call;
	if (packet->protocol != PROTO_STUN || !hall.config->stun_type || packet->data.len > MESSAGE_MAX ||
		packet->data.len < MD_STUN_HEADER)
		return false;
	route = route_find(hall.config, hall.program, &packet->key.tuple, CARRIES_RTP | CARRIES_QUIC);
	if (route < 0 || route_never(packet->key.tuple.version, packet->key.tuple.dst))
		return false;
	packet->route = &hall.config->route[route];
	return packet->route->stun_token != STUN_TOKEN_OFF && packet->route->token_len;
}

static struct md_stun_token token_of(const struct packet *packet)
{
	return (struct md_stun_token){ .type = hall.config->stun_type, .token = packet->route->token,
		.len = packet->route->token_len, .success_responses = hall.config->stun_responses != 0 };
}

static ssize_t send_octets(const struct call *call, const struct packet *packet, const void *octets, size_t len)
{
	struct iovec iov = { (void *)(uintptr_t)octets, len };
	struct msghdr msg = *packet->msg;
	ssize_t sent;
	int state;

	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	sent = real.sendmsg(call->fd, &msg, call->flags);
	pthread_setcancelstate(state, &state);
	return sent;
}

static void flatten(const struct octets *data, uint8_t *flat)
{
	struct octets rest = *data;

	while (rest.len) {
		memcpy(flat, rest.flat, rest.flat_len);
		flat += rest.flat_len;
		rest = octets_from(&rest, rest.flat_len);
	}
}

/* With the token, or as it is where the standard or the peer's stack leaves no room for one. */
static __attribute__((noinline)) ssize_t send_inserted(struct call *call, const struct packet *packet, const uint8_t *message)
{
	uint8_t out[OUT_MAX];
	struct md_stun_token token = token_of(packet);
	enum md_stun_reason reason;
	ptrdiff_t len = md_stun_insert(out, sizeof(out), message, packet->data.len, &token, &reason);
	ssize_t sent;

	if (len < 0)
		return send_octets(call, packet, message, packet->data.len);
	sent = send_octets(call, packet, out, (size_t)len);
	if (sent >= 0)
		tally_count(&call->tally, MD_C_STUN_TOKENS, 1);
	return sent < 0 ? sent : (ssize_t)packet->data.len;
}

/* Whether this is the first such message of the flow. */
static bool is_first(struct call *call, const struct packet *packet)
{
	struct flow_facts facts;
	struct flow *flow;
	uint8_t said = 0;
	bool first;

	memset(&facts, 0, sizeof(facts));
	facts.key = packet->key;
	facts.key.route = ROUTE_STUN;
	facts.tuple = packet->key.tuple;
	flow = flowtab_add(&facts, NULL, call->now);
	if (!flow)
		return false;
	first = atomic_compare_exchange_strong(&flow->shape, &said, 1);
	flowtab_let_go(flow);
	return first;
}

static __attribute__((noinline)) void send_indication(struct call *call, const struct packet *packet)
{
	uint64_t random[2] = { process_random(), process_random() };
	struct md_stun_token token = token_of(packet);
	uint8_t out[OUT_MAX], transaction[MD_STUN_TRANSACTION];
	int saved = errno;
	ptrdiff_t len;

	memcpy(transaction, random, sizeof(transaction));
	len = md_stun_indication(out, sizeof(out), transaction, &token);
	if (len >= 0 && send_octets(call, packet, out, (size_t)len) >= 0)
		tally_count(&call->tally, MD_C_STUN_TOKENS, 1);
	errno = saved;
}

__attribute__((noinline)) ssize_t stun_send(struct call *call, struct packet *packet)
{
	uint8_t message[MESSAGE_MAX];
	unsigned type;
	ssize_t sent;

	flatten(&packet->data, message);
	if (packet->route->stun_token == STUN_TOKEN_INSERT)
		return send_inserted(call, packet, message);
	sent = send_octets(call, packet, message, packet->data.len);
	type = (unsigned)message[0] << 8 | message[1];
	if (sent >= 0 && (type == MD_STUN_BINDING_REQUEST || type == MD_STUN_BINDING_SUCCESS) && is_first(call, packet))
		send_indication(call, packet);
	return sent;
}
