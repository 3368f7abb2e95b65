/* SPDX-License-Identifier: BSD-3-Clause */
/* After fork both sides send on the same socket at once.
 * rule: 57 61
 * expect: seen>=400 wrapped>=390 */
#include "victim.h"

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET);
	uint8_t p[MEDIA_LEN];

	MUST(connect(s, &r.at.sa, r.at.len));
	know(s);
	QUIETLY(send(s, p, media(p, sizeof p, 1, 0), 0));
	for (uint32_t round = 0; round < 4; round++) {
		pid_t pid = fork();
		uint32_t tag = pid == 0 ? 100 + round : 1;
		for (uint32_t i = 1; i <= 50; i++)
			QUIETLY(i % 2 ? send(s, p, media(p, sizeof p, tag, 50 * round + i), 0) : write(s, p, media(p, sizeof p, tag, 50 * round + i)));
		if (pid == 0)
			_exit(0);
		await_child("child", pid);
	}
	report(&r, "receiver", 401);
}
