/* SPDX-License-Identifier: BSD-3-Clause */
/* What would not fit the path once it is longer goes out as it came; what does not fit anyway is refused as ever.
 * rule: 41 49
 * needs: own-netns
 * expect: seen>=10 wrapped>=2 aside.mtu>=2 */
#include "victim.h"
#include <sys/ioctl.h>

static void family(int f, size_t headers)
{
	struct receiver r = receiver(f);
	int s = udp(f), mode = IP_PMTUDISC_DO, mtu = 0;
	socklen_t len = sizeof mtu;
	static uint8_t p[4000];
	size_t lengths[] = { 1000, 1500 - headers - 60, 1500 - headers - 20, 1500 - headers - 1, 1500 - headers, 1500 - headers + 1, 3000 };

	MUST(connect(s, &r.at.sa, r.at.len));
	for (int round = 0; round < 2; round++) {
		unsigned arrive = 0;
		say("%s", round ? "may not be fragmented" : "may be fragmented");
		if (round && f == AF_INET)
			MUST(setsockopt(s, IPPROTO_IP, IP_MTU_DISCOVER, &mode, sizeof mode));
		else if (round)
			MUST(setsockopt(s, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &mode, sizeof mode));
		for (uint32_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
			arrive += CALL(send(s, p, media(p, lengths[i], 1, i), 0)) > 0;
			arrive += CALL(sendto(s, p, media(p, lengths[i], 1, i), 0, &r.at.sa, r.at.len)) > 0;
		}
		report(&r, "receiver", arrive);
	}
	CALL(getsockopt(s, f == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, f == AF_INET ? IP_MTU : IPV6_MTU, &mtu, &len));
	say("told to be %s", mtu <= 1500 && mtu > 1300 ? "1500 or a little less" : "something else");
}

int main(void)
{
	struct ifreq change = { .ifr_name = "lo", .ifr_mtu = 1500 };
	int s = udp(AF_INET);

	if (!getenv("VICTIM_OWN_NETNS"))
		skip("needs a network namespace of its own");
	MUST(ioctl(s, SIOCSIFMTU, &change));
	close(s);
	family(AF_INET, 28);
	family(AF_INET6, 48);
	change.ifr_mtu = 65536;
	s = udp(AF_INET);
	MUST(ioctl(s, SIOCSIFMTU, &change));
}
