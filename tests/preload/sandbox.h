/* SPDX-License-Identifier: BSD-3-Clause
 *
 * sandbox.h - a program that shuts itself in: from then on, whatever it does not call itself would kill it. */
#ifndef VICTIM_SANDBOX_H
#define VICTIM_SANDBOX_H

#include "seccomp.h"

static inline void everything(struct receiver *r, int s, int c, uint32_t tag)
{
	static uint8_t p[MEDIA_LEN];
	static struct mmsghdr two[2];
	struct iovec iov = { p, sizeof p };
	struct msghdr m = { .msg_name = &r->at.sa, .msg_namelen = r->at.len, .msg_iov = &iov, .msg_iovlen = 1 };

	two[0].msg_hdr = m, two[1].msg_hdr = m;
	for (uint32_t i = 0; i < 3; i++) {
		media(p, sizeof p, tag, i);
		CALL(sendto(s, p, sizeof p, 0, &r->at.sa, r->at.len));
		CALL(send(c, p, sizeof p, 0));
		CALL(sendmsg(s, &m, 0));
		CALL(sendmmsg(s, two, 2, 0));
		CALL(write(c, p, sizeof p));
		CALL(writev(c, &iov, 1));
		CALL(syscall(SYS_sendto, c, p, sizeof p, 0, NULL, 0));
		CALL(syscall(SYS_sendmsg, s, &m, 0));
	}
	report(r, "receiver", 27);
}

/* The sends, what the transcript and the receiver need, and the end: nothing else. */
static inline void in_a_sandbox(bool by_number)
{
	static const long own[] = { SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_write, SYS_writev, SYS_connect, SYS_shutdown, SYS_recvmsg,
#ifdef SYS_poll
		SYS_poll,
#else
		SYS_ppoll,
#endif
		SYS_exit_group };
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET), c = udp(AF_INET), late = udp(AF_INET), late_c = udp(AF_INET), closed = udp(AF_INET);

	MUST(connect(c, &r.at.sa, r.at.len));
	MUST(connect(late_c, &r.at.sa, r.at.len));
	everything(&r, s, c, 1);
	/* A filter that the kernel refuses is none. */
	if (by_number)
		CALL(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL));
	else
		CALL(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL));
	everything(&r, s, c, 2);
	say("the sandbox is closed");
	allow_only(own, sizeof own / sizeof *own, SECCOMP_RET_KILL_PROCESS, by_number);
	everything(&r, s, c, 3);
	CALL(connect(c, &r.at.sa, r.at.len));
	CALL(connect(closed, &r.at.sa, r.at.len));
	CALL(shutdown(closed, SHUT_WR));
	everything(&r, late, late_c, 4);
	everything(&r, s, c, 5);
	_exit(0);
}

#endif
