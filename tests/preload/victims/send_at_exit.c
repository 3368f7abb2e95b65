/* SPDX-License-Identifier: BSD-3-Clause */
/* Exit handlers and destructors send after main: they are counted and wrapped like the others.
 * rule: 80
 * expect: seen>=40 wrapped>=38 */
#include "victim.h"

static struct receiver r;
static int s;

static void send_ten(uint32_t tag)
{
	uint8_t p[MEDIA_LEN];

	for (uint32_t i = 0; i < 10; i++)
		QUIETLY(sendto(s, p, media(p, sizeof p, tag, i), 0, &r.at.sa, r.at.len));
	say("ten sent");
}

static void at_exit(void) { send_ten(2); }

__attribute__((destructor(65535))) static void early_destructor(void) { send_ten(3); }

__attribute__((destructor(101))) static void late_destructor(void)
{
	send_ten(4);
	report(&r, "receiver", 40);
}

int main(void)
{
	r = receiver(AF_INET), s = udp(AF_INET);
	atexit(at_exit);
	send_ten(1);
	return 5;
}
