/* SPDX-License-Identifier: BSD-3-Clause */
/* A library of the program sends before the shim's constructor ran: nothing may be lost, late or NULL.
 * rule: 1 3 13
 * preload: ctor_send
 * expect: seen>=20 wrapped>=19 */
#include "victim.h"
#include <dlfcn.h>

int main(void)
{
	union { void *object; struct receiver *(*get)(long *, int *); } early = { dlsym(RTLD_DEFAULT, "ctor_send_result") };
	long sent = 0;
	int errors = 0;

	if (!early.object)
		broken("the library is not there");
	struct receiver *r = early.get(&sent, &errors);
	say("constructor sent %ld octets, %d calls failed or touched errno", sent, errors);
	report(r, "early", 100);
	int s = udp(AF_INET);
	for (uint32_t i = 0; i < 20; i++) {
		uint8_t p[MEDIA_LEN];
		QUIETLY(sendto(s, p, media(p, sizeof p, 2, i), 0, &r->at.sa, r->at.len));
	}
	report(r, "later", 20);
}
