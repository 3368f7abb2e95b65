/* SPDX-License-Identifier: BSD-3-Clause */
/* The same, but the filter is there before the first socket question was ever asked.
 * rule: 74
 * expect: other-sockets>=0 */
#include "seccomp.h"

int main(void)
{
	static const long refused[] = { SYS_getsockopt };
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET), c = udp(AF_INET);
	uint8_t p[MEDIA_LEN];

	refuse(refused, 1, SECCOMP_RET_ERRNO | EPERM);
	MUST(connect(c, &r.at.sa, r.at.len));
	for (uint32_t i = 0; i < 5; i++) {
		CALL(sendto(s, p, media(p, sizeof p, 1, i), 0, &r.at.sa, r.at.len));
		CALL(send(c, p, media(p, sizeof p, 2, i), 0));
		CALL(write(c, p, media(p, sizeof p, 2, i)));
	}
	report(&r, "receiver", 15);
}
