/* SPDX-License-Identifier: BSD-3-Clause */
/* The traffic class changes before each send, by setsockopt: each datagram has the one that was set just before it.
 * rule: 30 48
 * expect: seen==480 wrapped==480 */
#include "victim.h"

enum { N = 120, AT_ONCE = 20 };

static void family(int f, bool connected, bool by_number)
{
	struct receiver r = receiver(f);
	int s = udp(f), level = f == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, name = f == AF_INET ? IP_TOS : IPV6_TCLASS;
	unsigned wrong = 0;
	uint8_t p[300];

	if (connected)
		MUST(connect(s, &r.at.sa, r.at.len));
	for (uint32_t i = 0; i < N; i++) {
		int class = (int)(i * 4 % 256) | (i % 3 ? 2 : 0);
		if (by_number)
			QUIETLY(syscall(SYS_setsockopt, s, level, name, &class, sizeof class));
		else
			QUIETLY(setsockopt(s, level, name, &class, sizeof class));
		media(p, sizeof p, (uint32_t)f, i);
		if (connected)
			QUIETLY(i % 2 ? send(s, p, sizeof p, 0) : write(s, p, sizeof p));
		else
			QUIETLY(sendto(s, p, sizeof p, 0, &r.at.sa, r.at.len));
		if (i % AT_ONCE == AT_ONCE - 1)
			collect(&r, i + 1);
	}
	for (unsigned i = 0; i < r.records; i++)
		wrong += r.record[i].tos != ((r.record[i].index * 4 % 256) | (r.record[i].index % 3 ? 2 : 0));
	say("%s%s%s: %u with the wrong class", f == AF_INET ? "IPv4" : "IPv6", connected ? ", connected" : "",
		by_number ? ", by number" : "", wrong);
	report(&r, "receiver", N);
}

int main(void)
{
	family(AF_INET, false, false);
	family(AF_INET, true, true);
	family(AF_INET6, true, false);
	family(AF_INET6, false, true);
}
