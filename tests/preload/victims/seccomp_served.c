/* SPDX-License-Identifier: BSD-3-Clause */
/* A filter refuses what we need (EPERM, ENOSYS) in a served process, before the first send and later: it means that we
 * step aside, and nothing else.
 * rule: 74
 * expect: seen>=10 wrapped>=8 */
#include "seccomp.h"

static void send_all(struct receiver *r, int s, int c, uint32_t tag)
{
	uint8_t p[MEDIA_LEN];
	struct iovec iov = { p, sizeof p };
	struct msghdr m = { .msg_name = &r->at.sa, .msg_namelen = r->at.len, .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr one = { .msg_hdr = m };

	for (uint32_t i = 0; i < 2; i++) {
		CALL(sendto(s, p, media(p, sizeof p, tag, i), 0, &r->at.sa, r->at.len));
		CALL(send(c, p, sizeof p, 0));
		CALL(sendmsg(s, &m, 0));
		CALL(sendmmsg(s, &one, 1, 0));
		CALL(write(c, p, sizeof p));
	}
	report(r, "receiver", 10);
}

int main(void)
{
	static const long refused[] = { SYS_getsockopt, SYS_getsockname, SYS_getpeername, SYS_socket, SYS_bind, SYS_fcntl, SYS_ioctl };
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET), c = udp(AF_INET), late = udp(AF_INET), late_c = udp(AF_INET);

	MUST(connect(c, &r.at.sa, r.at.len));
	MUST(connect(late_c, &r.at.sa, r.at.len));
	send_all(&r, s, c, 1);
	refuse(refused, 1, SECCOMP_RET_ERRNO | EPERM);
	send_all(&r, s, c, 2);
	send_all(&r, late, late_c, 3);
	refuse(refused, sizeof refused / sizeof *refused, SECCOMP_RET_ERRNO | ENOSYS);
	send_all(&r, s, late_c, 4);
}
