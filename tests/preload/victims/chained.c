/* SPDX-License-Identifier: BSD-3-Clause */
/* A second interposer stands behind the shim: what goes out natively still passes it.
 * rule: 5
 * preload: chain
 * expect: seen>=40 wrapped>0 aside.not-media>=20 */
#include "victim.h"
#include <dlfcn.h>

int main(void)
{
	struct receiver r = receiver(AF_INET);
	union { void *object; unsigned (*count)(void); } chain = { dlsym(RTLD_DEFAULT, "chain_calls") };
	int s = udp(AF_INET);
	uint8_t p[MEDIA_LEN], stun[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };

	if (!chain.object)
		broken("the other interposer is not there");
	MUST(connect(s, &r.at.sa, r.at.len));
	unsigned before = chain.count();
	for (uint32_t i = 0; i < 20; i++) {
		QUIETLY(send(s, stun, sizeof stun, 0));
		QUIETLY(send(s, p, media(p, sizeof p, 1, i), 0));
	}
	say("the other interposer saw the native ones: %s", chain.count() - before >= 20 ? "yes" : "no");
	report(&r, "receiver", 40);
}
