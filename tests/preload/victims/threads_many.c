/* SPDX-License-Identifier: BSD-3-Clause */
/* Sixteen threads, sixteen sockets, all of them new at the same moment.
 * rule: 61 66
 * expect: seen>=1600 wrapped>=1500 */
#include "threads.h"

int main(void)
{
	all = receiver(AF_INET);
	for (int i = 0; i < 16; i++) {
		sockets[i] = udp(AF_INET);
		MUST(connect(sockets[i], &all.at.sa, all.at.len));
		know(sockets[i]);
	}
	run_threads(16);
}
