/* SPDX-License-Identifier: BSD-3-Clause */
/* Nobody listens: a connected socket hears ECONNREFUSED exactly as without us, once, and SO_ERROR is not swallowed.
 * rule: 43
 * expect: seen>=9 */
#include "victim.h"

static void wait_for_error(int s)
{
	struct pollfd p = { .fd = s, .events = 0 };

	say("error announced: %s", poll(&p, 1, PATIENCE_MS) == 1 && (p.revents & POLLERR) ? "yes" : "no");
}

static void family(int f)
{
	struct receiver r = receiver(f);
	int s = udp(f), error = -1;
	socklen_t len = sizeof error;
	uint8_t p[MEDIA_LEN];
	struct iovec iov = { p, media(p, sizeof p, 1, 0) };
	struct mmsghdr two[2] = { { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } }, { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } } };

	MUST(connect(s, &r.at.sa, r.at.len));
	close(r.fd);
	CALL(send(s, p, sizeof p, 0));
	wait_for_error(s);
	CALL(send(s, p, sizeof p, 0));
	CALL(send(s, p, sizeof p, 0));
	wait_for_error(s);
	CALL(write(s, p, sizeof p));
	CALL(write(s, p, sizeof p));
	wait_for_error(s);
	CALL(sendmmsg(s, two, 2, 0));
	CALL(sendmmsg(s, two, 1, 0));
	wait_for_error(s);
	CALL(getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &len));
	say("SO_ERROR %s", error_name(error));
	CALL(getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &len));
	say("SO_ERROR %d", error);
	CALL(send(s, p, sizeof p, 0));
	wait_for_error(s);
	CALL(recv(s, p, sizeof p, MSG_DONTWAIT));
	CALL(recv(s, p, sizeof p, MSG_DONTWAIT));
	CALL(send(s, p, sizeof p, 0));
	wait_for_error(s);
	CALL(syscall(SYS_sendto, s, p, sizeof p, 0, NULL, 0));
}

int main(void)
{
	family(AF_INET);
	family(AF_INET6);
}
