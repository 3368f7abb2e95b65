/* SPDX-License-Identifier: BSD-3-Clause */
/* What goes wrong goes wrong exactly as without us: every door, every argument that the kernel refuses.
 * rule: 33 39
 * expect: seen>=20 */
#include "victim.h"
#include <signal.h>

static uint8_t p[70000];

static void every_door(const char *what, int fd, size_t len, int flags, const void *to, socklen_t to_len)
{
	struct iovec iov = { p, len };
	struct msghdr m = { .msg_name = (void *)(uintptr_t)to, .msg_namelen = to_len, .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr one = { .msg_hdr = m, .msg_len = 77 };

	say("%s", what);
	media(p, len < 14 ? 14 : len, 1, 0);
	CALL(sendto(fd, p, len, flags, to, to_len));
	CALL(sendmsg(fd, &m, flags));
	CALL(sendmmsg(fd, &one, 1, flags));
	say("msg_len %u", one.msg_len);
	CALL(syscall(SYS_sendto, fd, p, len, flags, to, to_len));
	CALL(syscall(SYS_sendmsg, fd, &m, flags));
	if (!to) {
		CALL(send(fd, p, len, flags));
		CALL(write(fd, p, len));
		CALL(writev(fd, &iov, 1));
	}
}

int main(void)
{
	struct receiver r = receiver(AF_INET), r6 = receiver(AF_INET6);
	int s = udp(AF_INET), c = udp(AF_INET), s6 = udp(AF_INET6), null = open("/dev/null", O_RDWR), path = open("/", O_PATH);
	struct address odd = r.at, away = address(AF_INET, "192.0.2.77", 5004), away6 = address(AF_INET6, "2001:db8::77", 5004);

	signal(SIGPIPE, SIG_IGN);
	MUST(connect(c, &r.at.sa, r.at.len));
	every_door("no descriptor", -1, 100, 0, &r.at.sa, r.at.len);
	every_door("no descriptor either", 4000, 100, 0, NULL, 0);
	every_door("not a socket", null, 100, 0, NULL, 0);
	every_door("a path", path, 100, 0, NULL, 0);
	every_door("nobody to send to", s, 100, 0, NULL, 0);
	every_door("too long", s, 65508, 0, &r.at.sa, r.at.len);
	every_door("much too long", c, 70000, 0, NULL, 0);
	every_door("too long for IPv6", s6, 65528, 0, &r6.at.sa, r6.at.len);
	odd.in.sin_port = 0;
	every_door("port 0", s, 100, 0, &odd.sa, odd.len);
	odd = r.at, odd.sa.sa_family = 77;
	every_door("unknown family", s, 100, 0, &odd.sa, odd.len);
	every_door("short address", s, 100, 0, &r.at.sa, r.at.len - 1);
	every_door("no address", s, 100, 0, &r.at.sa, 0);
	every_door("address of one octet", s, 100, 0, &r.at.sa, 1);
	every_door("long address", s, 100, 0, p, 200);
	every_door("negative length of the address", s, 100, 0, &r.at.sa, (socklen_t)-1);
	every_door("unreachable", s, 100, 0, &away.sa, away.len);
	every_door("unreachable by IPv6", s6, 100, 0, &away6.sa, away6.len);
	odd = address(AF_INET, "127.255.255.255", 5004);
	every_door("broadcast without permission", s, 100, 0, &odd.sa, odd.len);
	odd = address(AF_INET, "255.255.255.255", 5004);
	every_door("broadcast to all without permission", s, 100, 0, &odd.sa, odd.len);
	odd = address(AF_INET, "0.0.0.0", port_of(&r.at));
	every_door("to any address", s, 100, 0, &odd.sa, odd.len);
	every_door("out of band", c, 100, MSG_OOB, NULL, 0);
	collect_within(&r, RECORDS, 4 * SILENCE_MS);
	report(&r, "receiver", r.records);
	report(&r6, "IPv6 receiver", 0);
}
