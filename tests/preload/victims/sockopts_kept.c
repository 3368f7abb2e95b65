/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of the application's socket hold for what is wrapped: traffic class, hop limit, source, priority, device.
 * rule: 48
 * expect: seen>=14 wrapped>=10 */
#include "victim.h"

static void two(const char *what, int s, struct receiver *r, uint32_t index)
{
	uint8_t p[MEDIA_LEN];

	say("%s", what);
	CALL(sendto(s, p, media(p, sizeof p, 1, 2 * index), 0, &r->at.sa, r->at.len));
	CALL(sendto(s, p, media(p, sizeof p, 1, 2 * index + 1), 0, &r->at.sa, r->at.len));
	report(r, "  receiver", 2);
}

int main(void)
{
	struct receiver r = receiver(AF_INET), r6 = receiver(AF_INET6);
	int s = udp(AF_INET), s6 = udp(AF_INET6), value;
	struct address from = address(AF_INET, "127.0.0.4", 0);

	MUST(bind(s, &from.sa, from.len));
	two("bound", s, &r, 0);
	value = 0xb8;
	CALL(setsockopt(s, IPPROTO_IP, IP_TOS, &value, sizeof value));
	two("class", s, &r, 1);
	value = 33 * 2;
	CALL(setsockopt(s, IPPROTO_IP, IP_TTL, &value, sizeof value));
	two("hops", s, &r, 2);
	value = 6;
	CALL(setsockopt(s, SOL_SOCKET, SO_PRIORITY, &value, sizeof value));
	two("priority", s, &r, 3);
	CALL(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	two("device", s, &r, 4);
	value = 0;
	CALL(setsockopt(s, IPPROTO_IP, IP_TOS, &value, sizeof value));
	value = 64;
	CALL(setsockopt(s, IPPROTO_IP, IP_TTL, &value, sizeof value));
	two("taken back", s, &r, 5);
	value = 0xb8;
	CALL(syscall(SYS_setsockopt, s, IPPROTO_IP, IP_TOS, &value, sizeof value));
	two("class behind our back", s, &r, 6);
	two("IPv6", s6, &r6, 7);
	CALL(setsockopt(s6, IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof value));
	value = 32;
	CALL(setsockopt(s6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &value, sizeof value));
	two("class and hops by IPv6", s6, &r6, 8);
}
