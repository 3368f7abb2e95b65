/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagram sockets that are not UDP, and streams: the same octets that would be wrapped on UDP pass.
 * rule: 25
 * expect: wrapped==0 */
#include "victim.h"
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

static void local(int type)
{
	int pair[2];
	uint8_t p[MEDIA_LEN], q[MEDIA_LEN];
	struct iovec iov = { p, sizeof p };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };

	MUST(socketpair(AF_UNIX, type, 0, pair));
	CALL(send(pair[0], p, media(p, sizeof p, 1, 0), 0));
	CALL(write(pair[0], p, media(p, sizeof p, 1, 1)));
	CALL(sendmmsg(pair[0], &m, 1, 0));
	for (int i = 0; i < 3; i++) {
		ssize_t n = recv(pair[1], q, sizeof q, MSG_DONTWAIT);
		say("  %zd %08x", n, hash(0, q, n > 0 ? (size_t)n : 0));
	}
}

static void tcp(void)
{
	struct address a = address(AF_INET, "127.0.0.1", 0);
	int listener = (int)MUST(socket(AF_INET, SOCK_STREAM, 0)), c = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	uint8_t p[MEDIA_LEN], q[4 * MEDIA_LEN];
	struct iovec iov = { p, sizeof p };

	MUST(bind(listener, &a.sa, a.len));
	a = own_address(listener);
	MUST(listen(listener, 1));
	MUST(connect(c, &a.sa, a.len));
	int s = (int)MUST(accept(listener, NULL, NULL));
	CALL(send(c, p, media(p, sizeof p, 1, 0), 0));
	CALL(write(c, p, media(p, sizeof p, 1, 1)));
	CALL(writev(c, &iov, 1));
	CALL(sendto(c, p, media(p, sizeof p, 1, 2), 0, NULL, 0));
	ssize_t n = recv(s, q, sizeof q, MSG_WAITALL);
	say("  stream %zd %08x", n, hash(0, q, n > 0 ? (size_t)n : 0));
}

static void lite(void)
{
	struct address a = address(AF_INET, "127.0.0.1", 0);
	int r = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE), s = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
	uint8_t p[MEDIA_LEN], q[2 * MEDIA_LEN];

	if (r < 0 || s < 0) {
		say("no UDP-Lite");
		return;
	}
	MUST(bind(r, &a.sa, a.len));
	a = own_address(r);
	CALL(sendto(s, p, media(p, sizeof p, 1, 0), 0, &a.sa, a.len));
	ssize_t n = recv(r, q, sizeof q, 0);
	say("  lite %zd %08x", n, hash(0, q, n > 0 ? (size_t)n : 0));
}

static void ping_and_netlink(void)
{
	struct address a = address(AF_INET, "127.0.0.1", 0);
	int s = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), n = (int)MUST(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE));
	uint8_t p[64], answer[8192];
	struct { struct nlmsghdr head; struct rtgenmsg body; } ask = { { sizeof ask, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { AF_UNSPEC } };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	say("ping socket %s", s >= 0 ? "opened" : error_name(errno));
	if (s >= 0)
		CALL(sendto(s, p, media(p, sizeof p, 1, 0), 0, &a.sa, a.len));
	CALL(sendto(n, &ask, sizeof ask, 0, (struct sockaddr *)&kernel, sizeof kernel));
	say("  netlink answers: %s", recv(n, answer, sizeof answer, 0) > 0 ? "yes" : "no");
}

int main(void)
{
	local(SOCK_DGRAM);
	local(SOCK_SEQPACKET);
	tcp();
	lite();
	ping_and_netlink();
}
