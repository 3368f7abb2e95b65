/* SPDX-License-Identifier: BSD-3-Clause */
/* _exit in the middle: the counters are in the file all the same.
 * rule: 80
 * expect: seen==10 wrapped>=9 */
#include "victim.h"

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET);
	uint8_t p[MEDIA_LEN];

	for (uint32_t i = 0; i < 10; i++)
		QUIETLY(sendto(s, p, media(p, sizeof p, 1, i), 0, &r.at.sa, r.at.len));
	report(&r, "receiver", 10);
	_exit(7);
}
