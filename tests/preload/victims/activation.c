/* SPDX-License-Identifier: BSD-3-Clause */
/* Socket activation: the sockets are there at 3 and 4 when the program starts, bound or connected by somebody else. What
 * is sent by write on the one that somebody else connected is native and not looked at, the first time and later.
 * rule: 18 24 68
 * expect: seen>=24 wrapped>=24 sockets>=2 */
#include "victim.h"

static void activated(const char *to, const char *port)
{
	struct address at = address(AF_INET, to, (uint16_t)atoi(port));
	uint8_t p[MEDIA_LEN];
	struct iovec iov = { p, sizeof p };
	struct msghdr m = { .msg_name = &at.sa, .msg_namelen = at.len, .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr one = { .msg_hdr = m };

	if (!getenv("LISTEN_FDS") || atoi(getenv("LISTEN_FDS")) != 2)
		_exit(97);
	for (uint32_t i = 0; i < 4; i++) {
		QUIETLY(write(4, p, media(p, sizeof p, 2, 4 * i)));
		QUIETLY(sendto(3, p, media(p, sizeof p, 1, 3 * i), 0, &at.sa, at.len));
		media(p, sizeof p, 1, 3 * i + 1);
		QUIETLY(sendmsg(3, &m, 0));
		media(p, sizeof p, 1, 3 * i + 2);
		QUIETLY(sendmmsg(3, &one, 1, 0));
		QUIETLY(send(4, p, media(p, sizeof p, 2, 4 * i + 1), 0));
		QUIETLY(writev(4, &(struct iovec){ p, media(p, sizeof p, 2, 4 * i + 2) }, 1));
		QUIETLY(syscall(SYS_sendto, 4, p, media(p, sizeof p, 2, 4 * i + 3), 0, NULL, 0));
		QUIETLY(send(3, p, 0, 0)); /* nobody to send to */
		QUIETLY(sendto(4, p, media(p, sizeof p, 3, i), 0, &at.sa, at.len));
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	if (argc == 3)
		activated(argv[1], argv[2]);
	struct receiver r = receiver_at(AF_INET, "127.0.0.1");
	int bound = udp(AF_INET), connected = udp(AF_INET);
	struct address any = address(AF_INET, "0.0.0.0", 0);
	char port[8], pid_text[16];

	setenv("VICTIM_ROUTED", "1", 0); /* one sender by doors that are wrapped and by those that are not */
	MUST(bind(bound, &any.sa, any.len));
	MUST(connect(connected, &r.at.sa, r.at.len));
	know(bound), know(connected);
	snprintf(port, sizeof port, "%u", port_of(&r.at));
	pid_t pid = fork();
	if (pid == 0) {
		int high = fcntl(connected, F_DUPFD, 20);
		dup2(bound, 3);
		dup2(high, 4);
		for (int fd = 5; fd < 30; fd++)
			close(fd);
		snprintf(pid_text, sizeof pid_text, "%d", getpid());
		setenv("LISTEN_FDS", "2", 1), setenv("LISTEN_PID", pid_text, 1), setenv("LISTEN_FDNAMES", "media:media", 1);
		execl("/proc/self/exe", argv[0], "127.0.0.1", port, (char *)NULL);
		_exit(98);
	}
	await_child("service", pid);
	report(&r, "receiver", 32);
}
