/* SPDX-License-Identifier: BSD-3-Clause */
/* Shut down for writing only, so that nothing but the send itself tells: EPIPE by every door, and nothing goes out.
 * rule: 33
 * expect: seen>=5 wrapped>=1 */
#include "victim.h"
#include <signal.h>

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET), copy = dup(s);
	uint8_t p[200];
	struct iovec iov = { p, media(p, sizeof p, 1, 0) };
	struct mmsghdr one = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 }, .msg_len = 77 };

	signal(SIGPIPE, SIG_IGN);
	MUST(connect(s, &r.at.sa, r.at.len));
	CALL(send(s, p, sizeof p, 0));
	CALL(shutdown(s, SHUT_WR));
	CALL(send(s, p, sizeof p, 0));
	CALL(send(copy, p, sizeof p, 0));
	CALL(sendto(s, p, sizeof p, 0, &r.at.sa, r.at.len));
	CALL(sendmsg(s, &one.msg_hdr, 0));
	CALL(sendmmsg(s, &one, 1, 0));
	say("msg_len %u", one.msg_len);
	CALL(write(s, p, sizeof p));
	CALL(writev(s, &iov, 1));
	CALL(syscall(SYS_sendto, s, p, sizeof p, 0, NULL, 0));
	report(&r, "receiver", 1);
}
