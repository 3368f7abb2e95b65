/* SPDX-License-Identifier: BSD-3-Clause */
/* A program that gives hints works where nobody takes them: the kernel ignores the control message on UDP sockets of both
 * families, and refuses the option with an error of its own, on a descriptor of any kind.
 * rule: 85
 * modes: unserved disabled badconf noconf */
#include "victim.h"
#include <mdshim/hints.h>

static void family(int f, uint32_t tag)
{
	struct receiver r = receiver(f);
	struct md_hint hint = { .version = MD_HINT_VERSION, .given = MD_HINT_IMPORTANCE, .importance = MD_IS_KEY };
	struct md_hint_rtp ahead = { .ssrc = tag, .hint = hint };
	_Alignas(struct cmsghdr) char control[MD_HINT_SPACE];
	uint8_t p[MEDIA_LEN];
	struct iovec iov = { p, sizeof p };
	struct msghdr m = { .msg_name = &r.at.sa, .msg_namelen = r.at.len, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = md_hint_put(control, 0, sizeof control, &hint) };
	struct mmsghdr two[2] = { { .msg_hdr = m }, { .msg_hdr = m } };
	int s = udp(f);

	media(p, sizeof p, tag, 0);
	CALL(sendmsg(s, &m, 0));
	CALL(sendmmsg(s, two, 2, 0));
	CALL(setsockopt(s, MD_HINT_LEVEL, MD_HINT_SOCKET, NULL, 0));
	CALL(setsockopt(s, MD_HINT_LEVEL, MD_HINT_SOCKET, &hint, sizeof hint));
	CALL(setsockopt(s, MD_HINT_LEVEL, MD_HINT_RTP, &ahead, sizeof ahead));
	CALL(syscall(SYS_setsockopt, s, MD_HINT_LEVEL, MD_HINT_RTP, &ahead, sizeof ahead));
	report(&r, "receiver", 3);
}

int main(void)
{
	int pair[2];

	family(AF_INET, 1);
	family(AF_INET6, 2);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	CALL(setsockopt(pair[0], MD_HINT_LEVEL, MD_HINT_SOCKET, NULL, 0));
	CALL(setsockopt(STDOUT_FILENO, MD_HINT_LEVEL, MD_HINT_SOCKET, NULL, 0));
	CALL(setsockopt(-1, MD_HINT_LEVEL, MD_HINT_SOCKET, NULL, 0));
}
