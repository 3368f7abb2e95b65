/* SPDX-License-Identifier: BSD-3-Clause */
/* close_range takes every descriptor that the program does not know of, and new ones of the program take their numbers.
 * rule: 68 69
 * expect: seen>=40 wrapped>=10 */
#include "victim.h"

static struct receiver r, trap;
static int s;

static void send_ten(uint32_t tag)
{
	uint8_t p[MEDIA_LEN];

	for (uint32_t i = 0; i < 10; i++)
		QUIETLY(sendto(s, p, media(p, sizeof p, tag, i), 0, &r.at.sa, r.at.len));
	report(&r, "receiver", 10);
	report(&trap, "trap", 0);
}

int main(void)
{
	r = receiver(AF_INET), trap = receiver(AF_INET), s = udp(AF_INET);
	r.fd = (int)MUST(dup2(r.fd, 3)), trap.fd = (int)MUST(dup2(trap.fd, 4)), s = (int)MUST(dup2(s, 5));
	send_ten(1);
	CALL(close_range(6, ~0U, 0));
	send_ten(2);
	CALL(close_range(6, ~0U, 0));
	for (int i = 0; i < 50; i++) {
		int t = udp(AF_INET);
		MUST(connect(t, &trap.at.sa, trap.at.len));
	}
	send_ten(3);
	CALL(close_range(6, ~0U, 0));
	for (int i = 0; i < 50; i++)
		MUST(open("/dev/null", O_RDWR));
	send_ten(4);
}
