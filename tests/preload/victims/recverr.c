/* SPDX-License-Identifier: BSD-3-Clause */
/* IP_RECVERR: the error queue names the datagram that was refused, as the application sent it.
 * rule: 43
 * expect: seen>=4 */
#include "victim.h"
#include <linux/errqueue.h>

static void error_of(int s)
{
	_Alignas(struct cmsghdr) char control[512];
	static uint8_t data[4096];
	struct iovec iov = { data, sizeof data };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct pollfd ready = { .fd = s, .events = 0 };

	say("announced: %s", poll(&ready, 1, PATIENCE_MS) == 1 ? "yes" : "no");
	ssize_t n = recvmsg(s, &m, MSG_ERRQUEUE | MSG_DONTWAIT);
	say("  datagram %s, media %d", n < 0 ? error_name(errno) : "quoted", n >= 14 && data[0] == 0x80 && data[12] == 0x65);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); n >= 0 && c; c = CMSG_NXTHDR(&m, c)) {
		struct sock_extended_err e;
		memcpy(&e, CMSG_DATA(c), sizeof e);
		say("  %s origin %u type %u code %u", error_name((int)e.ee_errno), e.ee_origin, e.ee_type, e.ee_code);
	}
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET), c = udp(AF_INET), on = 1;
	uint8_t p[200];

	MUST(setsockopt(s, IPPROTO_IP, IP_RECVERR, &on, sizeof on));
	MUST(setsockopt(c, IPPROTO_IP, IP_RECVERR, &on, sizeof on));
	MUST(connect(c, &r.at.sa, r.at.len));
	close(r.fd);
	for (int i = 0; i < 2; i++) {
		CALL(sendto(s, p, media(p, sizeof p, 1, 0), 0, &r.at.sa, r.at.len));
		error_of(s);
		CALL(send(c, p, media(p, sizeof p, 1, 0), 0));
		error_of(c);
		CALL(send(c, p, media(p, sizeof p, 1, 0), 0));
		error_of(c);
	}
}
