/* SPDX-License-Identifier: BSD-3-Clause */
/* setsockopt and connect only take note: results, errors and what getsockopt says afterwards are the kernel's.
 * rule: 26 75 85
 * expect: seen==0 */
#include "victim.h"

static void set(int s, const char *what, int level, int name, const void *value, socklen_t len)
{
	int got = 0;
	socklen_t got_len = sizeof got;

	say("%s", what);
	CALL(setsockopt(s, level, name, value, len));
	if (CALL(getsockopt(s, level, name, &got, &got_len)) == 0)
		say("  reads %d length %u", got, got_len);
}

int main(void)
{
	int s = udp(AF_INET), s6 = udp(AF_INET6), t = (int)MUST(socket(AF_INET, SOCK_STREAM, 0)), one = 1, big = 100000, segment = 1200;
	struct address nowhere = address(AF_INET, "127.0.0.1", 1), six = address(AF_INET6, "::1", 1);
	struct sockaddr_storage odd = { .ss_family = 77 };

	set(s, "reuse", SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	set(s, "buffer", SOL_SOCKET, SO_SNDBUF, &big, sizeof big);
	set(s, "segment", IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
	set(s, "segment too long", IPPROTO_UDP, UDP_SEGMENT, &big, sizeof big);
	set(s, "segment too short", IPPROTO_UDP, UDP_SEGMENT, &segment, 2);
	set(s, "cork", IPPROTO_UDP, UDP_CORK, &one, sizeof one);
	set(s, "class", IPPROTO_IP, IP_TOS, &segment, sizeof segment);
	set(s, "class of one octet", IPPROTO_IP, IP_TOS, &one, 1);
	set(s, "unknown level", 9999, 1, &one, sizeof one);
	set(s, "unknown name", IPPROTO_UDP, 9999, &one, sizeof one);
	set(s, "IPv6 on IPv4", IPPROTO_IPV6, IPV6_TCLASS, &one, sizeof one);
	set(s6, "only IPv6", IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	set(t, "UDP on TCP", IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
	set(0, "not a socket", SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	set(-1, "no descriptor", SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	CALL(connect(s, &nowhere.sa, nowhere.len));
	CALL(connect(s, &six.sa, six.len));
	CALL(connect(s6, &six.sa, six.len));
	CALL(connect(s6, &six.sa, 20));
	CALL(connect(s, &nowhere.sa, 3));
	CALL(connect(s, &nowhere.sa, 500));
	CALL(connect(s, (struct sockaddr *)&odd, sizeof odd));
	CALL(connect(t, &nowhere.sa, nowhere.len));
	CALL(connect(0, &nowhere.sa, nowhere.len));
	CALL(connect(100000, &nowhere.sa, nowhere.len));
}
