/* SPDX-License-Identifier: BSD-3-Clause */
/* The number of a UDP socket becomes a TCP connection, a stream of another kind, an event: not an octet more or less.
 * rule: 53
 * expect: seen>=8 wrapped>=6 */
#include "victim.h"

static void pair_of_tcp(int pair[2])
{
	struct address a = address(AF_INET, "127.0.0.1", 0);
	int listener = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));

	MUST(bind(listener, &a.sa, a.len));
	a = own_address(listener);
	MUST(listen(listener, 1));
	pair[0] = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	MUST(connect(pair[0], &a.sa, a.len));
	pair[1] = (int)MUST(accept(listener, NULL, NULL));
	close(listener);
}

static void stream_under(int number, int near, int far, const char *what)
{
	static uint8_t q[6 * MEDIA_LEN];
	uint8_t p[MEDIA_LEN];
	struct iovec iov[2] = { { p, 12 }, { p + 12, sizeof p - 12 } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
	struct mmsghdr one = { .msg_hdr = m };

	say("%s", what);
	MUST(dup2(near, number));
	close(near);
	CALL(write(number, p, media(p, sizeof p, 9, 0)));
	CALL(send(number, p, media(p, sizeof p, 9, 1), 0));
	media(p, sizeof p, 9, 2);
	CALL(writev(number, iov, 2));
	CALL(sendmsg(number, &m, 0));
	CALL(sendmmsg(number, &one, 1, 0));
	CALL(syscall(SYS_sendto, number, p, sizeof p, 0, NULL, 0));
	ssize_t n = recv(far, q, sizeof q, MSG_WAITALL);
	say("  stream %zd %08x", n, hash(0, q, n > 0 ? (size_t)n : 0));
	close(far);
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	uint8_t p[MEDIA_LEN];
	int pair[2];

	for (uint32_t round = 0; round < 2; round++) {
		int s = udp(AF_INET);
		MUST(connect(s, &r.at.sa, r.at.len));
		for (uint32_t i = 0; i < 4; i++)
			QUIETLY(i % 2 ? write(s, p, media(p, sizeof p, 1 + round, i)) : send(s, p, media(p, sizeof p, 1 + round, i), 0));
		if (round == 0)
			pair_of_tcp(pair);
		else
			MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
		stream_under(s, pair[0], pair[1], round == 0 ? "TCP" : "UNIX stream");
		close(s);
	}
	report(&r, "receiver", 8);
}
