/* SPDX-License-Identifier: BSD-3-Clause */
/* The caller's message, pieces, address, control data and payload lie in memory that cannot be written.
 * rule: 40
 * expect: seen>=5 wrapped>0 */
#include "victim.h"
#include <sys/mman.h>

struct page {
	struct msghdr m;
	struct iovec iov[2];
	struct address at;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	uint8_t p[MEDIA_LEN];
};

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET), tos = 0x20;
	struct page *w = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	w->at = r.at;
	media(w->p, sizeof w->p, 1, 0);
	w->iov[0] = (struct iovec){ w->p, 100 };
	w->iov[1] = (struct iovec){ w->p + 100, sizeof w->p - 100 };
	w->m = (struct msghdr){ .msg_name = &w->at.sa, .msg_namelen = w->at.len, .msg_iov = w->iov, .msg_iovlen = 2 };
	MUST(mprotect(w, 4096, PROT_READ));
	for (int i = 0; i < 3; i++) {
		CALL(sendmsg(s, &w->m, 0));
		CALL(sendto(s, w->p, sizeof w->p, 0, &w->at.sa, w->at.len));
	}
	MUST(mprotect(w, 4096, PROT_READ | PROT_WRITE));
	w->m.msg_control = w->control, w->m.msg_controllen = sizeof w->control;
	struct cmsghdr *c = CMSG_FIRSTHDR(&w->m);
	c->cmsg_level = IPPROTO_IP, c->cmsg_type = IP_TOS, c->cmsg_len = CMSG_LEN(sizeof tos);
	memcpy(CMSG_DATA(c), &tos, sizeof tos);
	MUST(mprotect(w, 4096, PROT_READ));
	CALL(sendmsg(s, &w->m, 0));
	struct mmsghdr one = { .msg_hdr = w->m };
	CALL(sendmmsg(s, &one, 1, 0));
	report(&r, "receiver", 8);
}
