/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptor 2 is somebody's socket, 1 and 0 are others: nothing but their own octets goes there.
 * rule: 76
 * expect: seen>=16 wrapped>=15 */
#include "victim.h"

int main(void)
{
	struct receiver r = receiver(AF_INET), trap = receiver(AF_INET);
	int s = udp(AF_INET), t = udp(AF_INET);
	uint8_t p[MEDIA_LEN];

	MUST(connect(s, &r.at.sa, r.at.len));
	MUST(connect(t, &trap.at.sa, trap.at.len));
	MUST(dup2(t, 2));
	MUST(dup2(t, 0));
	for (uint32_t i = 0; i < 10; i++)
		QUIETLY(send(s, p, media(p, sizeof p, 1, i), 0));
	QUIETLY(send(s, p, sizeof p, MSG_OOB));
	report(&r, "receiver", 10);
	report(&trap, "trap", 0);
	for (uint32_t i = 0; i < 10; i++)
		QUIETLY(write(2, p, media(p, sizeof p, 2, i)));
	report(&trap, "trap", 10);
	close(0);
	close(2);
	for (uint32_t i = 10; i < 15; i++)
		QUIETLY(send(s, p, media(p, sizeof p, 1, i), 0));
	report(&r, "receiver", 5);
}
