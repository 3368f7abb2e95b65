/* SPDX-License-Identifier: BSD-3-Clause */
/* Raw and packet sockets are none of our business, whatever goes through them.
 * rule: 25
 * modes: inline tunnel unserved disabled
 * expect: wrapped==0 */
#include "victim.h"
#include <linux/if_packet.h>
#include <net/ethernet.h>

int main(void)
{
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_UDP), other = socket(AF_INET, SOCK_RAW, 253), packet = socket(AF_PACKET, SOCK_DGRAM, 0);
	struct receiver r = receiver(AF_INET);
	struct address to = with_port(r.at, 0);
	uint8_t p[8 + 200] = { 0x13, 0x88, (uint8_t)(port_of(&r.at) >> 8), (uint8_t)port_of(&r.at), 0, sizeof p, 0, 0 };
	struct sockaddr_ll lo = { .sll_family = AF_PACKET, .sll_protocol = htons(0x88b5), .sll_ifindex = (int)if_nametoindex("lo"), .sll_halen = 6 };

	if (raw < 0 || other < 0 || packet < 0)
		skip("raw sockets need a privilege");
	for (uint32_t i = 0; i < 3; i++) {
		media(p + 8, 200, 1, i);
		CALL(sendto(raw, p, sizeof p, 0, &to.sa, to.len));
		CALL(sendto(other, p + 8, 200, 0, &to.sa, to.len));
		CALL(sendto(packet, p + 8, 200, 0, (struct sockaddr *)&lo, sizeof lo));
		CALL(send(other, p + 8, 200, 0));
	}
	report(&r, "receiver", 3);
}
