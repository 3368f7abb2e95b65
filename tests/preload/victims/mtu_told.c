/* SPDX-License-Identifier: BSD-3-Clause */
/* Path MTU discovery leaves room for what we add: IP_MTU and IPV6_MTU are lowered by exactly that, what fits the answer is
 * wrapped, what does not goes out as it came, and EMSGSIZE comes where it came without us.
 * rule: 41 49
 * modes: inline tunnel unserved disabled badconf noconf
 * expect: seen==28 wrapped==10 aside.mtu==18 */
#include "victim.h"
#include <sys/ioctl.h>

/* README: what a wrapped datagram is longer by. */
static int added(void)
{
	const char *mode = getenv("VICTIM_SERVED");

	return !mode ? 0 : strcmp(mode, "tunnel") == 0 ? 61 : 33;
}

static void family(int f)
{
	struct receiver r = receiver(f);
	int level = f == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, name = f == AF_INET ? IP_MTU : IPV6_MTU, mode = IP_PMTUDISC_DO;
	int s = udp(f), mtu = -1, big = -1, headers = f == AF_INET ? 28 : 48;
	socklen_t len = sizeof mtu;
	struct { int mtu, guard; } wide = { -1, 4711 };
	static uint8_t p[4000];
	uint8_t octet = 0;
	uint32_t index = 0;

	errno = SENTINEL;
	CALL(getsockopt(s, level, name, &mtu, &len));
	MUST(setsockopt(s, level, f == AF_INET ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, &mode, sizeof mode));
	CALL(connect(s, &r.at.sa, r.at.len));
	CALL(getsockopt(s, level, name, &mtu, &len));
	say("length %u, the path's 1500 less what is added: %s", len, mtu == 1500 - added() ? "yes" : "no");
	if (mtu != 1500 - added())
		say("it is %d", mtu);
	CALL(syscall(SYS_getsockopt, s, level, name, &big, &len));
	len = sizeof wide;
	CALL(getsockopt(s, level, name, &wide, &len));
	say("length %u, guard %d", len, wide.guard);
	len = 1;
	CALL(getsockopt(s, level, name, &octet, &len));
	say("one octet: length %u", len);
	len = sizeof mtu;
	CALL(getsockopt(s, level, name, (void *)8, &len));
	CALL(getsockopt(s, level, name, &mtu, (void *)8));
	CALL(getsockopt(s, level, name, &mtu, NULL));
	CALL(getsockopt(-1, level, name, &mtu, &len));
	CALL(getsockopt(0, level, name, &mtu, &len));
	CALL(getsockopt(s, SOL_SOCKET, SO_TYPE, &mtu, &len));
	say("type %d", mtu);
	/* Room for what is added, and one octet less of it; then the path's own limit, from both sides. */
	size_t fits = (size_t)(1500 - 61 - headers), lengths[] = { 1000, fits, 1500 - (size_t)headers, 1501 - (size_t)headers };
	if (getenv("VICTIM_SERVED") && !added())
		broken("mode");
	for (unsigned i = 0; i < 4; i++)
		for (int door = 0; door < 2; door++) {
			media(p, lengths[i], 1, index++);
			CALL(door ? send(s, p, lengths[i], 0) : sendto(s, p, lengths[i], 0, &r.at.sa, r.at.len));
		}
	report(&r, "receiver", 6);
	/* The last one that is wrapped, and the first one that is not. */
	errno = SENTINEL;
	fits = (size_t)(1500 - headers - (added() ? added() : 61));
	for (size_t more = 0; more < 6; more++)
		QUIETLY(send(s, p, media(p, fits + more, 1, index++), 0) > 0);
	collect(&r, 6);
	say("around the edge %u", r.records);
	r.records = 0;
}

int main(void)
{
	struct ifreq change = { .ifr_name = "lo", .ifr_mtu = 1500 };
	int s = udp(AF_INET);

	if (!getenv("VICTIM_OWN_NETNS"))
		skip("needs a network namespace of its own");
	MUST(ioctl(s, SIOCSIFMTU, &change));
	family(AF_INET);
	family(AF_INET6);
	change.ifr_mtu = 65536;
	MUST(ioctl(s, SIOCSIFMTU, &change));
}
