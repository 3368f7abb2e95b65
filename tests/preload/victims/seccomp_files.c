/* SPDX-License-Identifier: BSD-3-Clause */
/* A sandboxed helper writes to files, pipes and streams only, and dies for any socket question: also in a served process.
 * rule: 18 74
 * not under: asan tsan
 * expect: seen==0 */
#include "seccomp.h"

int main(void)
{
	static const long killing[] = { SYS_getsockopt, SYS_setsockopt, SYS_getsockname, SYS_getpeername, SYS_socket, SYS_openat,
		SYS_fcntl, SYS_ioctl, SYS_mmap, SYS_clock_gettime, SYS_gettid, SYS_getpid, SYS_bind };
	int pair[2], pipes[2], null = open("/dev/null", O_RDWR), unconnected = udp(AF_INET);
	uint8_t p[MEDIA_LEN];
	struct iovec iov = { p, media(p, sizeof p, 1, 0) };

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	MUST(pipe(pipes));
	say("filter follows");
	refuse(killing, sizeof killing / sizeof *killing, SECCOMP_RET_KILL_PROCESS);
	int fds[] = { pair[0], pipes[1], null, unconnected, -1, 5000, 1 << 30 };
	for (unsigned i = 0; i < sizeof fds / sizeof *fds; i++) {
		CALL(write(fds[i], p, sizeof p));
		CALL(writev(fds[i], &iov, 1));
		CALL(syscall(SYS_write, fds[i], p, sizeof p));
	}
	_exit(0);
}
