/* SPDX-License-Identifier: BSD-3-Clause */
/* Strict mode: read, write and the end are all that is left. A worker that only writes to its connected socket lives.
 * rule: 18 74
 * not under: asan tsan
 * expect: seen==5 wrapped==5 */
#include "seccomp.h"

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET);
	uint8_t p[MEDIA_LEN];

	MUST(connect(s, &r.at.sa, r.at.len));
	know(s);
	for (uint32_t i = 0; i < 5; i++)
		CALL(write(s, p, media(p, sizeof p, 1, i)));
	report(&r, "receiver", 5);
	pid_t pid = fork();
	if (pid == 0) {
		MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
		for (uint32_t i = 0; i < 5; i++)
			CALL(write(s, p, media(p, sizeof p, 2, i)));
		syscall(SYS_exit, 3);
	}
	await_child("worker", pid);
	report(&r, "receiver", 5);
}
