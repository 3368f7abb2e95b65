/* SPDX-License-Identifier: BSD-3-Clause */
/* The number of a TCP connection, of a file and of a pipe becomes a UDP socket: every datagram arrives.
 * rule: 53
 * expect: seen>=240 wrapped>=240 */
#include "victim.h"

static void used_before(int number, int kind)
{
	uint8_t p[64];
	int pair[2];

	if (kind == 0)
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	else if (kind == 1)
		MUST(pipe(pair));
	else
		pair[0] = pair[1] = fileno(tmpfile());
	MUST(dup2(pair[1], number));
	for (int i = 0; i < 5; i++) {
		CALL(write(number, p, media(p, sizeof p, 9, 0)));
		CALL(send(number, p, sizeof p, 0));
	}
	close(pair[0]);
	if (pair[1] != pair[0])
		close(pair[1]);
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	uint8_t p[MEDIA_LEN];
	uint32_t index = 0;

	for (int kind = 0; kind < 3; kind++) {
		used_before(150, kind);
		int s = udp(AF_INET);
		MUST(dup2(s, 150));
		close(s);
		for (int i = 0; i < 50; i++)
			QUIETLY(sendto(150, p, media(p, sizeof p, 1, index++), 0, &r.at.sa, r.at.len));
		MUST(connect(150, &r.at.sa, r.at.len));
		for (int i = 0; i < 25; i++) {
			QUIETLY(write(150, p, media(p, sizeof p, 1, index++)));
			QUIETLY(send(150, p, media(p, sizeof p, 1, index++), 0));
		}
		report(&r, "receiver", 100);
	}
}
