/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything lies at the very end of a page, and the next one must not be touched: no octet too many is read.
 * rule: 39
 * expect: seen>=60 wrapped>0 */
#include "victim.h"
#include <sys/mman.h>

static void *at_end(const void *from, size_t len)
{
	uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(mprotect(page + 4096, 4096, PROT_NONE));
	return memcpy(page + 4096 - len, from, len);
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET), c = udp(AF_INET);
	struct sockaddr *to = at_end(&r.at.sa, r.at.len);
	uint8_t p[MEDIA_LEN];

	MUST(connect(c, to, r.at.len));
	for (uint32_t n = 1; n <= 60; n++) {
		size_t len = n <= 40 ? n : n * 20;
		media(p, len < 14 ? 14 : len, n, 0);
		void *end = at_end(p, len);
		struct iovec *iov = at_end(&(struct iovec){ end, len }, sizeof *iov);
		struct msghdr *m = at_end(&(struct msghdr){ .msg_name = to, .msg_namelen = r.at.len, .msg_iov = iov, .msg_iovlen = 1 }, sizeof *m);
		struct mmsghdr *one = at_end(&(struct mmsghdr){ .msg_hdr = *m }, sizeof *one);
		QUIETLY(sendto(s, end, len, 0, to, r.at.len));
		QUIETLY(send(c, end, len, 0));
		QUIETLY(sendmsg(s, m, 0));
		QUIETLY(sendmmsg(s, one, 1, 0));
		QUIETLY(writev(c, iov, 1));
		QUIETLY(write(c, end, len));
		if (one->msg_len != len)
			say("msg_len %u of %zu", one->msg_len, len);
	}
	report(&r, "receiver", 360);
}
