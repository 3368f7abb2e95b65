/* SPDX-License-Identifier: BSD-3-Clause */
/* Link-local destinations, by scope in the address, by device and by connection: native, and to the right interface.
 * rule: 45
 * expect: wrapped==0 seen>=13 aside.not-unicast>=5 */
#include "victim.h"
#include <linux/ipv6.h>
#include <sys/ioctl.h>

struct request6 {
	struct in6_addr addr;
	uint32_t prefix;
	int index;
};

/* The kernel takes a new address into use a moment later. */
static void until_usable(int index)
{
	struct address a = address(AF_INET6, "fe80::77", 0);
	int s = udp(AF_INET6);

	a.in6.sin6_scope_id = (uint32_t)index;
	for (int tries = 0; bind(s, &a.sa, a.len); tries++)
		if (tries == PATIENCE_MS || poll(NULL, 0, 1))
			skip("the link-local address is not taken into use");
	close(s);
}

int main(void)
{
	struct request6 six = { .prefix = 64, .index = (int)if_nametoindex("lo") };
	struct ifreq four = { .ifr_name = "lo:1" };
	int s6 = udp(AF_INET6), s4 = udp(AF_INET), c6 = udp(AF_INET6), c4 = udp(AF_INET);
	uint8_t p[MEDIA_LEN];

	if (!getenv("VICTIM_OWN_NETNS"))
		skip("needs a network namespace of its own");
	struct address a = address(AF_INET, "169.254.7.7", 0);
	memcpy(&four.ifr_addr, &a.in, sizeof a.in);
	inet_pton(AF_INET6, "fe80::77", &six.addr);
	if (ioctl(s6, SIOCSIFADDR, &six) && errno != EEXIST)
		skip("cannot give lo a link-local address");
	if (ioctl(s4, SIOCSIFADDR, &four) && errno != EEXIST)
		skip("cannot give lo a second address");
	until_usable(six.index);
	struct receiver r6 = receiver_at(AF_INET6, "::"), r4 = receiver_at(AF_INET, "169.254.7.7");
	struct address to6 = address(AF_INET6, "fe80::77", port_of(&r6.at));

	CALL(sendto(s6, p, media(p, sizeof p, 1, 0), 0, &to6.sa, to6.len));
	to6.in6.sin6_scope_id = (uint32_t)six.index;
	for (uint32_t i = 1; i < 4; i++)
		CALL(sendto(s6, p, media(p, sizeof p, 1, i), 0, &to6.sa, to6.len));
	CALL(connect(c6, &to6.sa, to6.len));
	CALL(send(c6, p, media(p, sizeof p, 2, 0), 0));
	CALL(write(c6, p, media(p, sizeof p, 2, 1)));
	report(&r6, "by scope", 6);
	to6.in6.sin6_scope_id = 4000;
	CALL(sendto(s6, p, media(p, sizeof p, 3, 0), 0, &to6.sa, to6.len));
	to6.in6.sin6_scope_id = 0;
	CALL(setsockopt(s6, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	for (uint32_t i = 1; i < 4; i++)
		CALL(sendto(s6, p, media(p, sizeof p, 3, i), 0, &to6.sa, to6.len));
	report(&r6, "by device", 3);
	CALL(sendto(s4, p, media(p, sizeof p, 4, 0), 0, &r4.at.sa, r4.at.len));
	CALL(connect(c4, &r4.at.sa, r4.at.len));
	CALL(send(c4, p, media(p, sizeof p, 5, 0), 0));
	CALL(writev(c4, &(struct iovec){ p, media(p, sizeof p, 5, 1) }, 1));
	report(&r4, "IPv4", 3);
	/* lo gets back what it had. */
	memset(&four.ifr_addr, 0, sizeof four.ifr_addr);
	four.ifr_addr.sa_family = AF_INET;
	MUST(ioctl(s4, SIOCSIFADDR, &four));
	MUST(ioctl(s6, SIOCDIFADDR, &six));
}
