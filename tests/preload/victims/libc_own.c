/* SPDX-License-Identifier: BSD-3-Clause */
/* What libc writes by itself does not come through the doors: dprintf, a buffered stream, putc, perror on a socket. It
 * arrives, and it is not seen, also where a door was used before.
 * rule: 20
 * expect: seen==1 wrapped==1 */
#include "victim.h"

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET);
	uint8_t p[200];
	FILE *f;

	MUST(connect(s, &r.at.sa, r.at.len));
	know(s);
	CALL(send(s, p, media(p, sizeof p, 1, 0), 0));
	report(&r, "receiver", 1);
	CALL(dprintf(s, "dprintf %d", 1) > 0);
	report(&r, "dprintf", 1);
	f = fdopen(dup(s), "w");
	if (!f)
		broken("fdopen");
	CALL(fwrite(p, 1, media(p, sizeof p, 1, 1), f));
	CALL(fflush(f));
	report(&r, "fflush", 1);
	CALL(fprintf(f, "at the end"));
	CALL(fclose(f));
	report(&r, "fclose", 1);
}
