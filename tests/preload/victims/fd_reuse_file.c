/* SPDX-License-Identifier: BSD-3-Clause */
/* A file takes the number of a closed socket: it holds exactly what was written to it.
 * rule: 50 53
 * expect: seen>=40 wrapped>=30 */
#include "victim.h"
#include <sys/mman.h>

int main(void)
{
	struct receiver r = receiver(AF_INET);
	uint8_t p[MEDIA_LEN], q[4 * MEDIA_LEN];
	uint32_t index = 0;

	for (int round = 0; round < 10; round++) {
		int s = udp(AF_INET);
		MUST(connect(s, &r.at.sa, r.at.len));
		for (int i = 0; i < 4; i++)
			QUIETLY(write(s, p, media(p, sizeof p, 1, index++)));
		close(s);
		int f = (int)MUST(memfd_create("file", MFD_CLOEXEC));
		if (f != s)
			broken("another number");
		struct iovec iov[2] = { { p, 100 }, { p + 100, sizeof p - 100 } };
		media(p, sizeof p, 9, (uint32_t)round);
		CALL(write(f, p, sizeof p));
		CALL(writev(f, iov, 2));
		CALL(send(f, p, sizeof p, 0));
		CALL(syscall(SYS_sendto, f, p, sizeof p, 0, NULL, 0));
		ssize_t n = pread(f, q, sizeof q, 0);
		say("  file holds %zd %08x", n, hash(0, q, n > 0 ? (size_t)n : 0));
		close(f);
	}
	report(&r, "receiver", 40);
}
