/* SPDX-License-Identifier: BSD-3-Clause */
/* fclose and pclose close behind every hook; then the number is a socket again, to somebody else.
 * rule: 50
 * expect: seen>=20 wrapped>=15 */
#include "victim.h"

int main(void)
{
	struct receiver a = receiver(AF_INET), b = receiver(AF_INET);
	uint8_t p[MEDIA_LEN];

	for (uint32_t round = 0; round < 5; round++) {
		int s = udp(AF_INET);
		MUST(connect(s, &a.at.sa, a.at.len));
		FILE *f = fdopen(s, "w");
		if (!f)
			broken("fdopen");
		CALL(send(s, p, media(p, sizeof p, 1, 2 * round), 0));
		media(p, sizeof p, 1, 2 * round + 1);
		say("fwrite %zu", fwrite(p, 1, sizeof p, f));
		say("fclose %d", fclose(f));
		int t = udp(AF_INET);
		if (t != s)
			broken("another number");
		CALL(write(t, p, sizeof p));
		MUST(connect(t, &b.at.sa, b.at.len));
		CALL(write(t, p, media(p, sizeof p, 2, 2 * round)));
		CALL(send(t, p, media(p, sizeof p, 2, 2 * round + 1), 0));
		report(&a, "a", 2);
		close(t);
	}
	report(&b, "b", 10);
}
