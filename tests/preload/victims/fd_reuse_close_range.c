/* SPDX-License-Identifier: BSD-3-Clause */
/* close_range closes behind every hook; then the numbers are other sockets, to somebody else.
 * rule: 50
 * expect: seen>=40 wrapped>=30 */
#include "victim.h"

enum { N = 5 };

int main(void)
{
	struct receiver a = receiver(AF_INET), b = receiver(AF_INET);
	uint8_t p[MEDIA_LEN];
	int s[N];

	for (int i = 0; i < N; i++) {
		s[i] = (int)MUST(dup2(udp(AF_INET), 100 + i));
		MUST(connect(s[i], &a.at.sa, a.at.len));
		for (uint32_t k = 0; k < 4; k++)
			QUIETLY(write(s[i], p, media(p, sizeof p, (uint32_t)i, k)));
	}
	report(&a, "a", 4 * N);
	CALL(close_range(100, 100 + N - 1, 0));
	CALL(write(s[0], p, sizeof p));
	for (int i = 0; i < N; i++) {
		s[i] = (int)MUST(dup2(udp(AF_INET), 100 + i));
		CALL(write(s[i], p, sizeof p));
		MUST(connect(s[i], &b.at.sa, b.at.len));
		for (uint32_t k = 0; k < 4; k++)
			QUIETLY(write(s[i], p, media(p, sizeof p, (uint32_t)i, k)));
	}
	report(&b, "b", 4 * N);
	report(&a, "a", 0);
}
