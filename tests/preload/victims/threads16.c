/* SPDX-License-Identifier: BSD-3-Clause */
/* Sixteen threads send on one socket, each by a descriptor of its own.
 * rule: 51 61 66
 * expect: seen>=1000 wrapped>=800 sockets<=3 */
#include "threads.h"

int main(void)
{
	all = receiver(AF_INET6);
	int s = udp(AF_INET6);

	MUST(connect(s, &all.at.sa, all.at.len));
	know(s);
	for (int i = 0; i < 16; i++)
		sockets[i] = dup(s);
	run_threads(16);
}
