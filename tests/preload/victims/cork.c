/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP_CORK: several calls are one datagram until the cork is pulled, also if it was set behind our back.
 * rule: 34
 * expect: seen>=9 aside.flags>=3 wrapped>=2 */
#include "victim.h"

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET), copy = dup(s), on = 1, off = 0;
	uint8_t p[MEDIA_LEN];

	MUST(connect(s, &r.at.sa, r.at.len));
	for (uint32_t i = 0; i < 4; i++) {
		CALL(send(s, p, media(p, sizeof p, 1, i), 0));
		report(&r, "before", 1);
		if (i < 2)
			CALL(setsockopt(i ? copy : s, IPPROTO_UDP, UDP_CORK, &on, sizeof on));
		else
			CALL(syscall(SYS_setsockopt, s, IPPROTO_UDP, UDP_CORK, &on, sizeof on));
		CALL(send(s, p, media(p, 300, 2, i), 0));
		CALL(write(s, p, media(p, 300, 3, i)));
		CALL(send(copy, p, media(p, 300, 4, i), 0));
		report(&r, "corked", 0);
		if (i < 3)
			CALL(setsockopt(s, IPPROTO_UDP, UDP_CORK, &off, sizeof off));
		else
			CALL(syscall(SYS_setsockopt, s, IPPROTO_UDP, UDP_CORK, &off, sizeof off));
		report(&r, "pulled", 1);
	}
	CALL(send(s, p, media(p, sizeof p, 1, 9), 0));
	report(&r, "after", 1);
	CALL(setsockopt(s, IPPROTO_UDP, UDP_CORK, &on, 1));
	CALL(setsockopt(s, IPPROTO_UDP, UDP_CORK, NULL, 0));
}
