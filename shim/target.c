/* SPDX-License-Identifier: BSD-3-Clause
 *
 * target.c - where a datagram goes, by which route, and the flow it belongs to. */
#include <errno.h>
#include <string.h>

#include "age.h"
#include "hall.h"
#include "ours.h"
#include "real.h"
#include "route.h"
#include "usually.h"

enum { FACTS_MS = 1000 };

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* Address and port out of a socket address of either family; IPv4 in IPv6 clothes is IPv4 (RFC 4291). Version 0: not one
 * that we know. */
static inline uint8_t take_addr(const void *from, socklen_t len, uint8_t *addr, uint16_t *port)
{
	struct sockaddr_in6 six;
	struct sockaddr_in four;

	memset(addr, 0, 16);
	if (seldom(len < (socklen_t)sizeof(four)))
		return 0;
	memcpy(&four, from, sizeof(four));
	*port = ntohs(four.sin_port);
	if (usually(four.sin_family == AF_INET)) {
		memcpy(addr, &four.sin_addr, 4);
		return 4;
	}
	if (four.sin_family != AF_INET6 || len < (socklen_t)sizeof(six))
		return 0;
	memcpy(&six, from, sizeof(six));
	if (memcmp(&six.sin6_addr, mapped, 12) == 0) {
		memcpy(addr, six.sin6_addr.s6_addr + 12, 4);
		return 4;
	}
	memcpy(addr, &six.sin6_addr, 16);
	return 6;
}

static inline bool any(const uint8_t *addr)
{
	uint64_t half[2];

	memcpy(half, addr, sizeof(half));
	return !(half[0] | half[1]);
}

/* Whether the kernel lets this socket send to an address of that version: not IPv6 addresses, mapped or not, on an IPv4
 * socket, nor IPv4 where the socket wants IPv6 only or is bound to an IPv6 address, nor the reverse. */
static bool speaks(const struct call *call, const struct msghdr *msg, uint8_t version)
{
	uint8_t own, addr[16];
	uint16_t port;
	sa_family_t family;

	if (call->sock->domain == 4) {
		memcpy(&family, msg->msg_name && msg->msg_namelen ? msg->msg_name : &call->view.peer, sizeof(family));
		return family == AF_INET;
	}
	own = take_addr(&call->view.local, sizeof(call->view.local), addr, &port);
	return !(version == 4 && call->view.only6) && (any(addr) || own == version);
}

/* The family is the address's own: IPv4 addresses are used on IPv6 sockets, with and without mapping. */
enum md_aside target_find(const struct call *call, struct packet *packet)
{
	struct md_tuple *tuple = &packet->key.tuple;
	const struct control *control = packet->control;

	memset(&packet->key, 0, sizeof(packet->key));
	packet->key.cookie = call->sock->cookie;
	if (packet->msg->msg_name && packet->msg->msg_namelen)
		tuple->version = take_addr(packet->msg->msg_name, packet->msg->msg_namelen, tuple->dst, &tuple->dport);
	else if (call->view.connected)
		tuple->version = take_addr(&call->view.peer, sizeof(call->view.peer), tuple->dst, &tuple->dport);
	if (seldom(!tuple->version || !tuple->dport || any(tuple->dst)))
		return MD_A_ARGUMENT;
	if (seldom(!speaks(call, packet->msg, tuple->version)))
		return MD_A_ARGUMENT;
	if (seldom(control->has_source)) {
		if (control->version != tuple->version)
			return MD_A_ARGUMENT;
		packet->key.chosen = true;
		memcpy(tuple->src, control->source, 16);
	}
	tuple->sport = ntohs(call->view.local.sin6_port);
	return MD_ASIDE_COUNT;
}

/* What holds for a while is told from what may be over with the next datagram: that is not remembered. */
static enum md_aside probe_says(long err)
{
	switch (err) {
	case -EACCES: return MD_A_NOT_UNICAST;
	case -ENETUNREACH:
	case -EHOSTUNREACH:
	case -EADDRNOTAVAIL:
	case -EINVAL:
	case -ENODEV: return MD_A_UNBOUND;
	default: return MD_A_MEMORY;
	}
}

/* Asks the kernel what it would do with a datagram to there: which source, which path MTU, and whether it is a broadcast
 * (EACCES without permission). A socket of its own is asked and closed at once. */
static enum md_aside probe(const struct call *call, struct flow_facts *facts)
{
	struct md_tuple *tuple = &facts->tuple;
	bool four = tuple->version == 4;
	int mtu = 0, fd = (int)raw_socket(four ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
	struct sockaddr_in6 addr;
	socklen_t len, mtu_len = sizeof(mtu);
	long err;

	if (fd < 0)
		return MD_A_MEMORY;
	if (call->view.mark)
		raw_setsockopt(fd, SOL_SOCKET, SO_MARK, &call->view.mark, sizeof(call->view.mark));
	if (call->view.device[0])
		raw_setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, call->view.device, sizeof(call->view.device));
	if (!any(tuple->src)) {
		len = outlet_addr(&addr, tuple->version, tuple->src, 0);
		raw_bind(fd, &addr, len);
	}
	len = outlet_addr(&addr, tuple->version, tuple->dst, tuple->dport);
	err = raw_connect(fd, &addr, len);
	len = sizeof(addr);
	if (!err)
		err = raw_getsockname(fd, &addr, &len);
	if (!err)
		err = raw_getsockopt(fd, four ? IPPROTO_IP : IPPROTO_IPV6, four ? IP_MTU : IPV6_MTU, &mtu, &mtu_len);
	raw_close(fd);
	if (err)
		return probe_says(err);
	facts->mtu = (uint32_t)mtu;
	if (any(tuple->src)) {
		uint16_t port;

		take_addr(&addr, sizeof(addr), tuple->src, &port);
	}
	return MD_ASIDE_COUNT;
}

/* The source the datagram will have: chosen by the call, else the socket's own, else the kernel's choice (probe). */
static void own_source(const struct call *call, struct flow_facts *facts)
{
	uint8_t addr[16];
	uint16_t port;

	if (facts->key.chosen)
		return;
	if (take_addr(&call->view.local, sizeof(call->view.local), addr, &port) == facts->tuple.version)
		memcpy(facts->tuple.src, addr, 16);
	else
		memset(facts->tuple.src, 0, 16);
}

static void gather(const struct call *call, const struct packet *packet, struct flow_facts *facts)
{
	memset(facts, 0, sizeof(*facts));
	facts->key = packet->key;
	facts->tuple = packet->key.tuple;
	facts->via = packet->route->mode == MODE_TUNNEL ? packet->tunnel->tuple.sport : 0;
	own_source(call, facts);
	facts->why_not = probe(call, facts);
}

/* When the last flow was refreshed: one in a millisecond, however many there are. */
static _Atomic uint32_t refreshed;

bool target_is_fresh(const struct call *call, const struct flow *flow)
{
	return age_below(call->now, atomic_load_explicit(&flow->asked, memory_order_relaxed), FACTS_MS) ||
		atomic_load_explicit(&refreshed, memory_order_relaxed) == call->now;
}

/* The facts of a flow grow old: a route changed, an interface got another address, a smaller path MTU was learnt. */
static void refresh(struct call *call, struct packet *packet)
{
	uint32_t asked = atomic_load_explicit(&packet->flow->asked, memory_order_relaxed);
	struct flow *flow = packet->flow;
	struct flow_facts facts;

	if (age_below(call->now, asked, FACTS_MS) || atomic_exchange_explicit(&refreshed, call->now, memory_order_relaxed) == call->now ||
		!atomic_compare_exchange_strong(&flow->asked, &asked, call->now))
		return;
	gather(call, packet, &facts);
	if (facts.why_not == MD_A_MEMORY)
		return;
	if (facts.why_not == MD_ASIDE_COUNT && memcmp(facts.tuple.src, flow->tuple.src, 16) != 0) {
		flowtab_retire(flow);
		return;
	}
	if (facts.mtu)
		atomic_store_explicit(&flow->mtu, facts.mtu, memory_order_relaxed);
	atomic_store_explicit(&flow->why_not, (uint8_t)facts.why_not, memory_order_relaxed);
}

static enum md_aside make(struct call *call, struct packet *packet)
{
	bool keyed = hall.config->auth && packet->route->domain < 0; /* a book's key comes later, packet by packet */
	bool tunnel = packet->route->mode == MODE_TUNNEL;
	struct md_traffic_key key;
	struct flow_facts facts;

	gather(call, packet, &facts);
	if (facts.why_not == MD_A_MEMORY)
		return MD_A_MEMORY;
	if (keyed && facts.why_not == MD_ASIDE_COUNT &&
		md_traffic_key_make(&key, &hall.config->key, tunnel ? &packet->tunnel->tuple : &facts.tuple, hall.lend) != 0)
		return MD_A_NO_KEY;
	packet->flow = flowtab_add(&facts, keyed && facts.why_not == MD_ASIDE_COUNT ? &key : NULL, call->now);
	return packet->flow ? MD_ASIDE_COUNT : MD_A_MEMORY;
}

/* What a flow rests on: its outer port, which it keeps (wire format, section 6.1), and the socket's own address, which
 * connect() may change, also to none. Where one of them is another, another flow begins. */
static inline __attribute__((always_inline)) bool moved(const struct call *call, const struct packet *packet)
{
	const struct flow *flow = packet->flow;
	uint8_t addr[16];
	uint16_t port = 0;
	uint8_t version = take_addr(&call->view.local, sizeof(call->view.local), addr, &port);

	if (packet->route->mode == MODE_TUNNEL && flow->via != packet->tunnel->tuple.sport)
		return true;
	if (flow->tuple.sport != port)
		return true;
	return !flow->chosen && version == flow->tuple.version && !any(addr) && memcmp(addr, flow->tuple.src, 16) != 0;
}

bool target_moved(const struct call *call, const struct packet *packet)
{
	return moved(call, packet);
}

static void let_go(struct packet *packet)
{
	flowtab_let_go(packet->flow);
	packet->flow = NULL;
}

static enum md_aside find_tunnel(struct call *call, struct packet *packet)
{
	int err = outlet_tunnel_to(call->sock, &call->view, packet->route->router,
		&hall.config->router[packet->route->router], call->now, &packet->tunnel);

	if (!err)
		return MD_ASIDE_COUNT;
	return err == -EBUSY ? MD_A_BUSY : err == -EMFILE || err == -ENFILE ? MD_A_MEMORY : MD_A_ENGINE_ERROR;
}

enum md_aside target_flow(struct call *call, struct packet *packet)
{
	enum md_aside why = MD_ASIDE_COUNT;

	if (packet->route->mode == MODE_TUNNEL)
		why = find_tunnel(call, packet);
	if (why != MD_ASIDE_COUNT)
		return why;
	packet->flow = flowtab_find(&packet->key, call->now);
	if (packet->flow) {
		refresh(call, packet);
		if (moved(call, packet))
			flowtab_retire(packet->flow);
		if (atomic_load_explicit(&packet->flow->state, memory_order_relaxed) == FLOW_RETIRED)
			let_go(packet);
	}
	if (!packet->flow)
		why = make(call, packet);
	if (why != MD_ASIDE_COUNT)
		return why;
	why = (enum md_aside)atomic_load_explicit(&packet->flow->why_not, memory_order_relaxed);
	if (why != MD_ASIDE_COUNT)
		let_go(packet);
	return why;
}
