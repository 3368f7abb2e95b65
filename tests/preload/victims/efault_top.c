/* SPDX-License-Identifier: BSD-3-Clause */
/* Pointers to the first page behind all user memory, and into the kernel: EFAULT, never a crash.
 * rule: 33 39
 * not under: asan tsan
 * expect: seen>=1 wrapped==0 */
#include "victim.h"

static void *volatile bad;

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET), c = udp(AF_INET);
	static const uintptr_t wrong[] = { 0x00007ffffffff000UL, 0x0000800000000000UL, 0xffff800000000000UL, 0xffffffff81000000UL };

	MUST(connect(c, &r.at.sa, r.at.len));
	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		bad = (void *)wrong[i];
		say("address %u", i);
		CALL(send(c, bad, 100, 0));
		CALL(write(c, bad, 100));
		CALL(sendto(s, bad, 100, 0, &r.at.sa, r.at.len));
		CALL(sendto(s, "x", 1, 0, bad, r.at.len));
		CALL(sendmsg(s, bad, 0));
		CALL(sendmmsg(s, bad, 1, 0));
		CALL(writev(c, bad, 1));
	}
	report(&r, "receiver", 0);
}
