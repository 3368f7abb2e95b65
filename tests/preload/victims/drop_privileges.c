/* SPDX-License-Identifier: BSD-3-Clause */
/* A server that gives up root after start, and one that goes into a folder of its own: sends go on.
 * rule: 10 74
 * modes: inline tunnel unserved disabled badconf
 * expect: seen>=30 */
#include "victim.h"

static void ten(struct receiver *r, int s, uint32_t tag)
{
	uint8_t p[MEDIA_LEN];

	for (uint32_t i = 0; i < 10; i++)
		QUIETLY(sendto(s, p, media(p, sizeof p, tag, i), 0, &r->at.sa, r->at.len));
	report(r, "receiver", 10);
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET);

	ten(&r, s, 1);
	if (chroot("/proc/self/fdinfo") || chdir("/"))
		skip("cannot change the root folder");
	ten(&r, s, 2);
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		skip("cannot become somebody else");
	ten(&r, s, 3);
	ten(&r, udp(AF_INET), 4);
}
