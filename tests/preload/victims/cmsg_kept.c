/* SPDX-License-Identifier: BSD-3-Clause */
/* Control messages survive in order and untouched, or the kernel refuses them as it would: source address, traffic class,
 * hop limit, and those that nobody knows.
 * rule: 30
 * expect: seen>=14 */
#include "victim.h"
#include <linux/errqueue.h>

struct control {
	_Alignas(struct cmsghdr) char data[256];
	size_t len;
};

static void add(struct control *c, int level, int type, const void *value, size_t len)
{
	struct cmsghdr h = { .cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(len) };

	memset(c->data + c->len, 0, CMSG_SPACE(len));
	memcpy(c->data + c->len, &h, sizeof h);
	memcpy(c->data + c->len + CMSG_LEN(0), value, len);
	c->len += CMSG_SPACE(len);
}

static void with(const char *what, int s, struct receiver *r, struct control *c, uint32_t index)
{
	uint8_t p[MEDIA_LEN];
	struct iovec iov = { p, media(p, sizeof p, 1, index) };
	struct msghdr m = { .msg_name = &r->at.sa, .msg_namelen = r->at.len, .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = c->data, .msg_controllen = c->len };
	struct control before = *c;
	struct mmsghdr one = { .msg_hdr = m };

	say("%s", what);
	long n = CALL(sendmsg(s, &m, 0));
	n = CALL(sendmmsg(s, &one, 1, 0)) > 0 ? n : 0;
	say("  kept: %s", memcmp(&before, c, sizeof before) == 0 && m.msg_controllen == before.len ? "yes" : "no");
	report(r, "  receiver", n > 0 ? 2 : 0);
	c->len = 0;
}

int main(void)
{
	struct receiver r4 = receiver(AF_INET), r6 = receiver(AF_INET6);
	int s4 = udp(AF_INET), s6 = udp(AF_INET6), tos = 0xb8, ttl = 32;
	struct in_pktinfo from = { .ipi_spec_dst = { htonl(0x7f000005) } };
	struct in6_pktinfo from6 = { .ipi6_addr = IN6ADDR_LOOPBACK_INIT };
	uint64_t when = 1;
	struct control c = { .len = 0 };

	add(&c, IPPROTO_IP, IP_PKTINFO, &from, sizeof from);
	with("source address", s4, &r4, &c, 0);
	add(&c, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
	add(&c, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
	with("class and hops", s4, &r4, &c, 1);
	add(&c, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
	add(&c, IPPROTO_IP, IP_PKTINFO, &from, sizeof from);
	add(&c, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
	with("all three", s4, &r4, &c, 2);
	add(&c, 9999, 1, &tos, sizeof tos);
	with("unknown level", s4, &r4, &c, 3);
	add(&c, IPPROTO_IP, 9999, &tos, sizeof tos);
	with("unknown type", s4, &r4, &c, 4);
	add(&c, SOL_SOCKET, SO_TXTIME, &when, sizeof when);
	with("transmit time that was not enabled", s4, &r4, &c, 5);
	add(&c, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
	memset(c.data, 0, sizeof(size_t));
	with("length zero", s4, &r4, &c, 6);
	add(&c, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
	memset(c.data, 0x7f, sizeof(size_t));
	with("length huge", s4, &r4, &c, 7);
	add(&c, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
	c.len -= 10;
	with("cut short", s4, &r4, &c, 8);
	tos = 300;
	add(&c, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
	with("class out of range", s4, &r4, &c, 9);
	tos = 0x28;
	add(&c, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
	add(&c, IPPROTO_IPV6, IPV6_HOPLIMIT, &ttl, sizeof ttl);
	with("class and hops", s6, &r6, &c, 10);
	add(&c, IPPROTO_IPV6, IPV6_PKTINFO, &from6, sizeof from6);
	with("source address", s6, &r6, &c, 11);
	add(&c, IPPROTO_IPV6, 9999, &tos, sizeof tos);
	with("unknown type", s6, &r6, &c, 12);
}
