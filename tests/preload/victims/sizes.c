/* SPDX-License-Identifier: BSD-3-Clause */
/* Every length from the smallest media packet on, odd and even, up to the largest datagram there is.
 * rule: 27 41
 * expect: seen>=150 wrapped>=100 */
#include "victim.h"

static void family(int f, size_t top)
{
	struct receiver r = receiver(f);
	int s = udp(f);
	static uint8_t p[65536];
	uint32_t index = 0;

	MUST(connect(s, &r.at.sa, r.at.len));
	for (size_t len = 14; len < 80; len++)
		QUIETLY(send(s, p, media(p, len, 1, index++), 0));
	report(&r, "short", index);
	for (size_t len = 1190; len < 1480; len += 31, index++)
		QUIETLY(send(s, p, media(p, len, 2, index), 0));
	collect(&r, 10);
	report(&r, "usual", 10);
	for (size_t len = 9000; len <= top; len += 9419, index++)
		QUIETLY(send(s, p, media(p, len, 3, index), 0));
	report(&r, "long", 6);
	for (size_t len = top - 70; len <= top + 2; len += 6, index++) {
		long n = CALL(send(s, p, media(p, len, 4, index), 0));
		report(&r, "longest", n > 0);
	}
}

int main(void)
{
	family(AF_INET, 65507);
	family(AF_INET6, 65487);
}
