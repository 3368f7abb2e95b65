/* SPDX-License-Identifier: BSD-3-Clause */
/* Several sockets on one port: each sends to a client of its own, then all to one, of which the replies are spread.
 * rule: 51
 * expect: seen==80 wrapped>=60
 * expect inline: wrapped==80 */
#include "victim.h"

enum { N = 4 };

int main(void)
{
	struct receiver r[N];
	struct address at = address(AF_INET, "127.0.0.1", 0);
	int s[N], on = 1;
	uint8_t p[MEDIA_LEN];
	char name[24];

	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof name, "127.0.1.%d", i + 1);
		r[i] = receiver_at(AF_INET, name);
		s[i] = udp(AF_INET);
		MUST(setsockopt(s[i], SOL_SOCKET, SO_REUSEPORT, &on, sizeof on));
		MUST(bind(s[i], &at.sa, at.len));
		at = own_address(s[i]);
	}
	know(s[0]);
	for (uint32_t n = 0; n < 10; n++)
		for (uint32_t i = 0; i < N; i++)
			QUIETLY(sendto(s[i], p, media(p, sizeof p, i, n), 0, &r[i].at.sa, r[i].at.len));
	for (int i = 0; i < N; i++)
		report(&r[i], "client", 10);
	/* One after the other: at the same time to one client is a limit of the replay window. */
	for (uint32_t i = 0; i < N; i++) {
		for (uint32_t n = 0; n < 10; n++)
			QUIETLY(sendto(s[i], p, media(p, sizeof p, 100 + i, n), 0, &r[0].at.sa, r[0].at.len));
		report(&r[0], "one client", 10);
	}
}
