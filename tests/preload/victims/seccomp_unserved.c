/* SPDX-License-Identifier: BSD-3-Clause */
/* A filter kills for any call that the program itself does not make. The process is not served, so nothing may be asked.
 * rule: 74
 * modes: plain unserved disabled badconf noconf
 * not under: asan tsan
 * expect: seen==0 */
#include "seccomp.h"

int main(void)
{
	static const long killing[] = { SYS_getsockopt, SYS_setsockopt, SYS_getsockname, SYS_getpeername, SYS_socket, SYS_openat,
		SYS_fcntl, SYS_ioctl, SYS_mmap, SYS_mprotect, SYS_munmap, SYS_brk, SYS_clock_gettime, SYS_gettid, SYS_getpid, SYS_fstat,
		SYS_rt_sigprocmask, SYS_futex, SYS_madvise, SYS_bind };
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET), c = udp(AF_INET), null = open("/dev/null", O_RDWR);
	uint8_t p[MEDIA_LEN];
	struct iovec iov = { p, sizeof p };
	struct msghdr m = { .msg_name = &r.at.sa, .msg_namelen = r.at.len, .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr one = { .msg_hdr = m };

	say("filter follows");
	refuse(killing, sizeof killing / sizeof *killing, SECCOMP_RET_KILL_PROCESS);
	CALL(connect(c, &r.at.sa, r.at.len));
	for (uint32_t i = 0; i < 3; i++) {
		CALL(sendto(s, p, media(p, sizeof p, 1, i), 0, &r.at.sa, r.at.len));
		CALL(send(c, p, sizeof p, 0));
		CALL(sendmsg(s, &m, 0));
		CALL(sendmmsg(s, &one, 1, 0));
		CALL(write(c, p, sizeof p));
		CALL(writev(c, &iov, 1));
		CALL(write(null, p, sizeof p));
		CALL(writev(null, &iov, 1));
		CALL(syscall(SYS_sendto, c, p, sizeof p, 0, NULL, 0));
		CALL(send(null, p, sizeof p, 0));
	}
	report(&r, "receiver", 21);
}
