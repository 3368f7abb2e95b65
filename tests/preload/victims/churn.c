/* SPDX-License-Identifier: BSD-3-Clause */
/* 20,000 sockets live a moment each, and nobody tells us that they died.
 * rule: 56
 * expect: seen>=20000 wrapped>0 */
#include "victim.h"

int main(void)
{
	struct receiver r = receiver(AF_INET);
	uint8_t p[64];
	uint32_t all = 0;
	unsigned missing = 0;

	for (uint32_t i = 0; i < 20000; i++) {
		int s = udp(AF_INET);
		if (i % 2 == 0)
			MUST(connect(s, &r.at.sa, r.at.len));
		QUIETLY(sendto(s, p, media(p, sizeof p, 1, i), 0, &r.at.sa, r.at.len));
		close(s);
		if (i % 50 == 49) {
			missing += !collect(&r, 50);
			for (unsigned k = 0; k < r.records; k++)
				all += r.record[k].hash;
			r.records = 0;
		}
	}
	say("sum %08x, %u rounds incomplete", all, missing);
}
