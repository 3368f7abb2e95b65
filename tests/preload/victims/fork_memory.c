/* SPDX-License-Identifier: BSD-3-Clause */
/* A child that sends touches its own few pages, and not the tables of its parent.
 * rule: 55
 * not under: asan tsan
 * expect: seen>=1100 wrapped>=1000 */
#include "victim.h"
#include <sys/resource.h>

static long faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_minflt;
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	uint8_t p[200];
	int s = -1;

	for (uint32_t i = 0; i < 1000; i++) {
		s = udp(AF_INET);
		QUIETLY(sendto(s, p, media(p, sizeof p, i, 0), 0, &r.at.sa, r.at.len));
		if (i % 10 != 9)
			close(s);
		if (i % 50 == 49)
			collect(&r, i + 1);
	}
	report(&r, "receiver", 1000);
	for (uint32_t child = 0; child < 10; child++) {
		pid_t pid = fork();
		if (pid == 0) {
			long before = faults();
			for (uint32_t i = 0; i < 10; i++)
				QUIETLY(sendto(s, p, media(p, sizeof p, 2000 + child, i), 0, &r.at.sa, r.at.len));
			_exit(faults() - before < 300 ? 0 : 1);
		}
		await_child("child", pid);
	}
	report(&r, "receiver", 100);
}
