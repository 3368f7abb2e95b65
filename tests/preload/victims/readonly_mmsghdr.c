/* SPDX-License-Identifier: BSD-3-Clause */
/* msg_len itself cannot be written: the kernel sends the first and says EFAULT; it does not crash.
 * rule: 39 40
 * not under: asan tsan */
#include "victim.h"
#include <sys/mman.h>

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET);
	struct mmsghdr *two = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t p[MEDIA_LEN];
	struct iovec iov = { p, media(p, sizeof p, 1, 0) };

	two[0].msg_hdr = (struct msghdr){ .msg_name = &r.at.sa, .msg_namelen = r.at.len, .msg_iov = &iov, .msg_iovlen = 1 };
	two[1].msg_hdr = two[0].msg_hdr;
	MUST(mprotect(two, 4096, PROT_READ));
	CALL(sendmmsg(s, two, 2, 0));
	report(&r, "receiver", 1);
}
