/* SPDX-License-Identifier: BSD-3-Clause */
/* Multicast and broadcast are native, to whomever they go.
 * rule: 45
 * expect: seen>=6 wrapped==0 aside.not-unicast>=4 */
#include "victim.h"

static struct receiver member(int family, const char *group)
{
	struct receiver r = receiver_at(family, family == AF_INET ? "0.0.0.0" : "::");
	struct ip_mreqn four = { .imr_ifindex = (int)if_nametoindex("lo") };
	struct ipv6_mreq six = { .ipv6mr_interface = if_nametoindex("lo") };

	inet_pton(family, group, family == AF_INET ? (void *)&four.imr_multiaddr : (void *)&six.ipv6mr_multiaddr);
	long n = family == AF_INET ? CALL(setsockopt(r.fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &four, sizeof four))
		: CALL(setsockopt(r.fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &six, sizeof six));
	if (n)
		say("no member of %s", group);
	r.at = address(family, group, port_of(&r.at));
	return r;
}

static void family(int f, const char *group)
{
	struct receiver r = member(f, group);
	int s = udp(f), c = udp(f), lo = (int)if_nametoindex("lo");
	struct ip_mreqn by = { .imr_ifindex = lo };
	uint8_t p[MEDIA_LEN];
	unsigned sent = 0;

	for (int i = 0; i < 2; i++)
		if (f == AF_INET)
			MUST(setsockopt(i ? s : c, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof by));
		else
			MUST(setsockopt(i ? s : c, IPPROTO_IPV6, IPV6_MULTICAST_IF, &lo, sizeof lo));
	sent += CALL(sendto(s, p, media(p, sizeof p, 1, 0), 0, &r.at.sa, r.at.len)) > 0;
	sent += CALL(connect(c, &r.at.sa, r.at.len)) == 0 && CALL(send(c, p, media(p, sizeof p, 2, 0), 0)) > 0;
	sent += CALL(write(c, p, media(p, sizeof p, 2, 1))) > 0;
	collect_within(&r, sent, 4 * SILENCE_MS);
	report(&r, group, r.records);
}

int main(void)
{
	family(AF_INET, "239.1.2.3");
	family(AF_INET, "224.0.0.77");
	family(AF_INET6, "ff01::77");
	family(AF_INET6, "ff02::77");
	struct receiver any = receiver_at(AF_INET, "0.0.0.0");
	struct address all = address(AF_INET, "127.255.255.255", port_of(&any.at));
	int s = udp(AF_INET), on = 1;
	uint8_t p[MEDIA_LEN];
	CALL(sendto(s, p, media(p, sizeof p, 1, 0), 0, &all.sa, all.len));
	MUST(setsockopt(s, SOL_SOCKET, SO_BROADCAST, &on, sizeof on));
	CALL(sendto(s, p, media(p, sizeof p, 1, 1), 0, &all.sa, all.len));
	all = address(AF_INET, "255.255.255.255", port_of(&any.at));
	CALL(sendto(s, p, media(p, sizeof p, 1, 2), 0, &all.sa, all.len));
	collect_within(&any, RECORDS, 4 * SILENCE_MS);
	report(&any, "broadcast", any.records);
}
