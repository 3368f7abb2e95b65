/* SPDX-License-Identifier: BSD-3-Clause */
/* The filter was there before the program started, and refuses what we need of the kernel: to be asked, to open, to map
 * more. It means that we step aside where we have to, and nothing else. (A program with a filter of its own is left alone
 * altogether: seccomp_served.)
 * rule: 10 74
 * not under: asan tsan
 * expect: processes>=2 */
#include "seccomp.h"

static void send_all(int peer, int s, int c)
{
	struct address at;
	uint8_t p[MEDIA_LEN];
	struct iovec iov = { p, sizeof p };

	memset(&at, 0, sizeof at);
	at.len = sizeof at.in6;
	at = address(AF_INET, "127.0.0.1", (uint16_t)peer);
	struct msghdr m = { .msg_name = &at.sa, .msg_namelen = at.len, .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr one = { .msg_hdr = m };
	for (uint32_t i = 0; i < 2; i++) {
		CALL(sendto(s, p, media(p, sizeof p, 1, i), 0, &at.sa, at.len));
		CALL(sendmsg(s, &m, 0));
		CALL(sendmmsg(s, &one, 1, 0));
		CALL(send(c, p, media(p, sizeof p, 2, i), 0));
		CALL(write(c, p, sizeof p));
		CALL(syscall(SYS_sendto, c, p, sizeof p, 0, NULL, 0));
	}
}

int main(int argc, char **argv)
{
	static const long asked[] = { SYS_getsockopt, SYS_getsockname, SYS_getpeername };
	static const long opened[] = { SYS_socket, SYS_bind, SYS_fcntl, SYS_ppoll };
	static const long all[] = { SYS_getsockopt, SYS_setsockopt, SYS_getsockname, SYS_getpeername, SYS_socket, SYS_bind, SYS_fcntl,
		SYS_ppoll, SYS_madvise, SYS_getrandom, SYS_ftruncate };
	static const struct { const char *name; const long *call; unsigned count; int error; } filters[] = {
		{ "asked", asked, 3, EPERM }, { "opened", opened, 4, EACCES }, { "all", all, 11, ENOSYS },
	};

	if (argc == 4) {
		send_all(atoi(argv[1]), atoi(argv[2]), atoi(argv[3]));
		return 0;
	}
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET), c = udp(AF_INET);
	struct address any = address(AF_INET, "127.0.0.1", 0);
	char port[8], numbers[2][8];
	MUST(bind(s, &any.sa, any.len));
	MUST(connect(c, &r.at.sa, r.at.len));
	snprintf(port, sizeof port, "%u", port_of(&r.at));
	snprintf(numbers[0], sizeof numbers[0], "%d", s);
	snprintf(numbers[1], sizeof numbers[1], "%d", c);
	setenv("VICTIM_ROUTED", "1", 0); /* write is native here, the others are not */
	for (unsigned i = 0; i < sizeof filters / sizeof *filters; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			refuse(filters[i].call, filters[i].count, SECCOMP_RET_ERRNO | (uint32_t)filters[i].error);
			execl("/proc/self/exe", argv[0], port, numbers[0], numbers[1], (char *)NULL);
			_exit(98);
		}
		await_child(filters[i].name, pid);
		report(&r, "receiver", 12);
	}
}
