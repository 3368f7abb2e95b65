/* SPDX-License-Identifier: BSD-3-Clause */
/* Pages that exist and must not be read: EFAULT as well, wherever the datagram runs into them.
 * rule: 39
 * not under: asan tsan
 * expect: seen>=1 wrapped==0 */
#include "victim.h"
#include <sys/mman.h>

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int c = udp(AF_INET);
	uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), p[64];
	struct iovec iov[2] = { { p, media(p, sizeof p, 1, 1) }, { page + 4096, 100 } };

	MUST(connect(c, &r.at.sa, r.at.len));
	MUST(mprotect(page + 4096, 4096, PROT_NONE));
	CALL(writev(c, iov, 2));
	for (size_t before = 4096; before; before = before > 14 ? 14 : before - 1) {
		media(page + 4096 - (before < 14 ? 14 : before), before < 14 ? 14 : before, 1, 0);
		memmove(page + 4096 - before, page + 4096 - (before < 14 ? 14 : before), before);
		say("%zu octets can be read", before);
		CALL(send(c, page + 4096 - before, before + 100, 0));
	}
	CALL(send(c, page + 4096, 100, 0));
	CALL(write(c, page + 4096, 100));
	CALL(sendto(c, p, sizeof p, 0, (struct sockaddr *)(page + 4096), r.at.len));
	CALL(sendto(c, p, sizeof p, 0, (struct sockaddr *)(page + 4092), r.at.len));
	CALL(sendmsg(c, (struct msghdr *)(page + 4096), 0));
	CALL(sendmmsg(c, (struct mmsghdr *)(page + 4096), 1, 0));
	CALL(writev(c, (struct iovec *)(page + 4096), 1));
	report(&r, "receiver", 0);
}
