/* SPDX-License-Identifier: BSD-3-Clause */
/* A child of vfork closes and replaces descriptors; what it does there must not be taken for the parent's doing.
 * rule: 59
 * expect: seen>=30 wrapped>=28 */
#include "victim.h"

int main(void)
{
	struct receiver r = receiver(AF_INET), trap = receiver(AF_INET);
	int s = udp(AF_INET), t = udp(AF_INET);
	uint8_t p[MEDIA_LEN];

	MUST(connect(s, &r.at.sa, r.at.len));
	MUST(connect(t, &trap.at.sa, trap.at.len));
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 5; i++)
			QUIETLY(write(s, p, media(p, sizeof p, 1, round * 10 + i)));
		pid_t pid = vfork();
		if (pid == 0) {
			if (round == 0)
				close(s);
			else if (round == 1)
				dup2(t, s);
			else
				syscall(SYS_close_range, 3L, 0x7fffffffL, 0L);
			_exit(0);
		}
		await_child("child", pid);
		for (uint32_t i = 5; i < 10; i++)
			QUIETLY(write(s, p, media(p, sizeof p, 1, round * 10 + i)));
	}
	report(&r, "receiver", 30);
	report(&trap, "trap", 0);
}
