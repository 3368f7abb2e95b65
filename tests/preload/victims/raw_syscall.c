/* SPDX-License-Identifier: BSD-3-Clause */
/* syscall(SYS_sendto), (SYS_sendmsg) and (SYS_sendmmsg) are doors as well.
 * rule: 15
 * expect: seen>=7 wrapped>=7 */
#include "victim.h"

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET), c = udp(AF_INET);
	uint8_t p[MEDIA_LEN];
	struct iovec iov = { p, sizeof p };
	struct msghdr m = { .msg_name = &r.at.sa, .msg_namelen = r.at.len, .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr three[3] = { { .msg_hdr = m }, { .msg_hdr = m }, { .msg_hdr = m } };

	MUST(connect(c, &r.at.sa, r.at.len));
	CALL(syscall(SYS_sendto, s, p, media(p, sizeof p, 1, 0), 0, &r.at.sa, r.at.len));
	CALL(syscall(SYS_sendto, s, p, media(p, sizeof p, 1, 1), 0, &r.at.sa, r.at.len));
	CALL(syscall(SYS_sendto, c, p, media(p, sizeof p, 2, 0), 0, NULL, 0));
	know(s);
	know(c);
	media(p, sizeof p, 1, 2);
	CALL(syscall(SYS_sendmsg, s, &m, 0));
	media(p, sizeof p, 1, 3);
	CALL(syscall(SYS_sendmmsg, s, three, 3, 0));
	say("msg_len %u %u %u", three[0].msg_len, three[1].msg_len, three[2].msg_len);
	CALL(syscall(SYS_sendto, -1, p, sizeof p, 0, NULL, 0));
	CALL(syscall(SYS_sendmsg, s, NULL, 0));
	CALL(syscall(SYS_sendmmsg, s, three, 0, 0));
	CALL(syscall(SYS_write, c, p, media(p, sizeof p, 2, 1)));
	report(&r, "receiver", 8);
}
