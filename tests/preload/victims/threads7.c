/* SPDX-License-Identifier: BSD-3-Clause */
/* Seven threads send on one descriptor.
 * rule: 61 66
 * expect: seen>=700 wrapped>=400 */
#include "threads.h"

int main(void)
{
	all = receiver(AF_INET);
	int s = udp(AF_INET);

	MUST(connect(s, &all.at.sa, all.at.len));
	know(s);
	for (int i = 0; i < 7; i++)
		sockets[i] = s;
	run_threads(7);
}
