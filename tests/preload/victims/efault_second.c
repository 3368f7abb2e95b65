/* SPDX-License-Identifier: BSD-3-Clause */
/* The first octets can be read and later ones cannot: EFAULT, whether the hole is in the same piece or in another.
 * rule: 39
 * not under: asan tsan
 * expect: wrapped==0 */
#include "victim.h"
#include <sys/mman.h>

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int c = udp(AF_INET);
	uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec iov[2] = { { page, media(page, 4096, 1, 0) }, { page + 4096, 100 } };

	MUST(connect(c, &r.at.sa, r.at.len));
	MUST(mprotect(page + 4096, 4096, PROT_NONE));
	CALL(send(c, page, 4196, 0));
	CALL(writev(c, iov, 2));
	iov[0].iov_len = 100;
	CALL(writev(c, iov, 2));
	report(&r, "receiver", 0);
}
