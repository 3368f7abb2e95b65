/* SPDX-License-Identifier: BSD-3-Clause */
/* dup, dup2, dup3, F_DUPFD, F_DUPFD_CLOEXEC: one socket under many numbers, and the first of them closed.
 * rule: 51
 * expect: seen>=24 wrapped>=24 */
#include "victim.h"

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET);
	uint8_t p[MEDIA_LEN];
	uint32_t index = 0;

	MUST(connect(s, &r.at.sa, r.at.len));
	know(s);
	int all[6] = { s, dup(s), dup2(s, 200), dup3(s, 201, O_CLOEXEC), fcntl(s, F_DUPFD, 300), fcntl(s, F_DUPFD_CLOEXEC, 900) };
	for (int round = 0; round < 2; round++) {
		for (int i = round; i < 6; i++) {
			QUIETLY(send(all[i], p, media(p, sizeof p, 1, index++), 0));
			QUIETLY(write(all[i], p, media(p, sizeof p, 1, index++)));
			QUIETLY(sendto(all[i], p, media(p, sizeof p, 1, index++), 0, &r.at.sa, r.at.len));
		}
		close(s);
		CALL(send(s, p, sizeof p, 0));
		CALL(write(s, p, sizeof p));
	}
	report(&r, "receiver", 33);
	/* A duplicate is put over by another socket. */
	struct receiver other = receiver(AF_INET);
	int t = udp(AF_INET);
	MUST(connect(t, &other.at.sa, other.at.len));
	know(t);
	CALL(dup2(t, 200));
	CALL(write(200, p, media(p, sizeof p, 2, 0)));
	CALL(send(200, p, media(p, sizeof p, 2, 1), 0));
	CALL(write(201, p, media(p, sizeof p, 1, index++)));
	report(&other, "other", 2);
	report(&r, "receiver", 1);
}
