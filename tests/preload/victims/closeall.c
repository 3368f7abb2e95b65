/* SPDX-License-Identifier: BSD-3-Clause */
/* A daemon closes every number up to the limit, ours among them, and goes on: nothing is said, everything is sent.
 * rule: 54 69
 * expect: seen>=30 wrapped>=5 */
#include "victim.h"
#include <sys/resource.h>

static void some(const char *what, uint32_t tag)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET);
	uint8_t p[MEDIA_LEN];

	for (uint32_t i = 0; i < 10; i++)
		QUIETLY(sendto(s, p, media(p, sizeof p, tag, i), 0, &r.at.sa, r.at.len));
	report(&r, what, 10);
}

int main(void)
{
	struct rlimit limit;
	uint8_t p[MEDIA_LEN];
	long errors = 0;

	some("before", 1);
	MUST(getrlimit(RLIMIT_NOFILE, &limit));
	int top = limit.rlim_cur > 1 << 20 ? 1 << 20 : (int)limit.rlim_cur;
	for (int i = 3; i < top; i++)
		errors += close(i) && errno != EBADF;
	say("closed, %ld odd errors", errors);
	some("after closing all", 2);
	for (int i = 3; i < top; i++) {
		errors += write(i, p, 0) == 0;
		errors += send(i, p, media(p, 20, 3, 0), 0) >= 0;
	}
	for (int i = 3; i < top; i++)
		close(i);
	CALL(send(top, p, 20, 0));
	CALL(send(1 << 30, p, 20, 0));
	CALL(send(-1, p, 20, 0));
	CALL(send(-2147483647 - 1, p, 20, 0));
	some("after probing all", 4);
}
