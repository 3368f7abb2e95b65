/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6 sockets that speak IPv4: mapped addresses, plain IPv4 addresses, connected and not; and families that do not fit.
 * rule: 45
 * expect: seen>=12 wrapped>=8 */
#include "victim.h"

static struct address mapped_of(const struct address *a)
{
	char text[64] = "::ffff:";

	inet_ntop(AF_INET, &a->in.sin_addr, text + 7, sizeof text - 7);
	return address(AF_INET6, text, port_of(a));
}

int main(void)
{
	struct receiver r4 = receiver(AF_INET), r6 = receiver(AF_INET6), there = receiver_at(AF_INET, "127.0.0.7");
	struct address m4 = mapped_of(&r4.at), m7 = mapped_of(&there.at), unspecified = r4.at, scoped = r6.at;
	int s6 = udp(AF_INET6), s4 = udp(AF_INET), c6 = udp(AF_INET6), only6 = udp(AF_INET6), on = 1, bound = udp(AF_INET6);
	struct address local = address(AF_INET6, "::ffff:127.0.0.3", 0);
	uint8_t p[MEDIA_LEN];

	CALL(sendto(s6, p, media(p, sizeof p, 1, 0), 0, &m4.sa, m4.len));
	CALL(sendto(s6, p, media(p, sizeof p, 1, 1), 0, &r4.at.sa, r4.at.len));
	CALL(sendto(s6, p, media(p, sizeof p, 1, 2), 0, &r6.at.sa, r6.at.len));
	CALL(sendto(s6, p, media(p, sizeof p, 1, 3), 0, &m7.sa, m7.len));
	know(s6);
	CALL(connect(c6, &m4.sa, m4.len));
	know(c6);
	CALL(send(c6, p, media(p, sizeof p, 2, 0), 0));
	CALL(write(c6, p, media(p, sizeof p, 2, 1)));
	CALL(sendto(c6, p, media(p, sizeof p, 2, 2), 0, &m7.sa, m7.len));
	CALL(sendto(c6, p, media(p, sizeof p, 2, 3), 0, &r6.at.sa, r6.at.len));
	CALL(sendto(c6, p, media(p, sizeof p, 2, 4), 0, &there.at.sa, there.at.len));
	MUST(bind(bound, &local.sa, local.len));
	know(bound);
	CALL(sendto(bound, p, media(p, sizeof p, 3, 0), 0, &m4.sa, m4.len));
	CALL(sendto(bound, p, media(p, sizeof p, 3, 1), 0, &r4.at.sa, r4.at.len));
	CALL(sendto(bound, p, media(p, sizeof p, 3, 2), 0, &r6.at.sa, r6.at.len));
	MUST(setsockopt(only6, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
	CALL(sendto(only6, p, media(p, sizeof p, 4, 0), 0, &m4.sa, m4.len));
	CALL(sendto(only6, p, media(p, sizeof p, 4, 1), 0, &r4.at.sa, r4.at.len));
	CALL(sendto(only6, p, media(p, sizeof p, 4, 2), 0, &r6.at.sa, r6.at.len));
	know(only6);
	CALL(sendto(s4, p, media(p, sizeof p, 5, 0), 0, &r6.at.sa, r6.at.len));
	CALL(sendto(s4, p, media(p, sizeof p, 5, 1), 0, &m4.sa, m4.len));
	unspecified.sa.sa_family = AF_UNSPEC;
	CALL(sendto(s4, p, media(p, sizeof p, 5, 2), 0, &unspecified.sa, unspecified.len));
	CALL(sendto(s6, p, media(p, sizeof p, 5, 3), 0, &unspecified.sa, unspecified.len));
	know(s4);
	scoped.in6.sin6_scope_id = if_nametoindex("lo");
	CALL(sendto(s6, p, media(p, sizeof p, 6, 0), 0, &scoped.sa, scoped.len));
	scoped.in6.sin6_scope_id = 12345;
	CALL(sendto(s6, p, media(p, sizeof p, 6, 1), 0, &scoped.sa, scoped.len));
	scoped.in6.sin6_scope_id = 0, scoped.in6.sin6_flowinfo = htonl(0x12345);
	CALL(sendto(s6, p, media(p, sizeof p, 6, 2), 0, &scoped.sa, scoped.len));
	CALL(sendto(s6, p, media(p, sizeof p, 6, 3), 0, &scoped.sa, 24));
	collect_within(&r4, RECORDS, 4 * SILENCE_MS);
	report(&r4, "IPv4", r4.records);
	collect_within(&r6, RECORDS, 4 * SILENCE_MS);
	report(&r6, "IPv6", r6.records);
	collect_within(&there, RECORDS, 4 * SILENCE_MS);
	report(&there, "other IPv4", there.records);
}
