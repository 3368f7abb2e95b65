/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors that are not the program's own do not pass to what it executes.
 * rule: 68
 * expect: seen>=10 wrapped>=8 */
#include "victim.h"

static unsigned open_ones(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 70000; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

int main(int argc, char **argv)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET);
	uint8_t p[MEDIA_LEN];

	if (argc > 1) {
		say("%s: %u descriptors", argv[1], open_ones());
		return 0;
	}
	for (uint32_t i = 0; i < 10; i++)
		QUIETLY(sendto(s, p, media(p, sizeof p, 1, i), 0, &r.at.sa, r.at.len));
	report(&r, "receiver", 10);
	setenv("MDSHIM_DISABLE", "1", 1); /* so that the child has none of its own to count */
	for (int kind = 0; kind < 2; kind++) {
		pid_t pid = kind ? vfork() : fork();
		if (pid == 0) {
			execl("/proc/self/exe", argv[0], kind ? "vfork" : "fork", (char *)NULL);
			_exit(98);
		}
		await_child("child", pid);
	}
}
