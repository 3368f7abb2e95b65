/* SPDX-License-Identifier: BSD-3-Clause */
/* The numbers that the program gets are those it would get, and it can open as many, up to its limit and at it.
 * rule: 54 68
 * expect: seen>=30 wrapped>=5 */
#include "victim.h"
#include <sys/resource.h>

int main(void)
{
	struct receiver r = receiver(AF_INET);
	struct rlimit limit;
	uint8_t p[MEDIA_LEN];
	uint32_t index = 0;
	int last = -1, first = dup(0);

	close(first);
	MUST(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = (rlim_t)first + 10;
	for (int i = 0; i < 20; i++) {
		if (i == 5)
			MUST(setrlimit(RLIMIT_NOFILE, &limit));
		int s = socket(AF_INET, SOCK_DGRAM, 0);
		if (s < 0) {
			say("socket %d: %s", i, error_name(errno));
			break;
		}
		say("socket %d: number %d", i, s - first);
		for (int k = 0; k < 3; k++)
			QUIETLY(sendto(s, p, media(p, sizeof p, 1, index++), 0, &r.at.sa, r.at.len));
		last = s;
	}
	for (int k = 0; k < 3; k++)
		CALL(sendto(last, p, media(p, sizeof p, 1, index++), 0, &r.at.sa, r.at.len));
	report(&r, "receiver", index);
}
