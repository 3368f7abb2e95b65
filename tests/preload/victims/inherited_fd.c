/* SPDX-License-Identifier: BSD-3-Clause */
/* Sockets that this process never made: inherited over exec, received over a UNIX socket, duplicated by another.
 * rule: 24
 * expect: seen>=8 wrapped>=8 */
#include "victim.h"

static int passed(int fd)
{
	int pair[2], got = -1;
	char byte = 0;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };

	memset(control, 0, sizeof control);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	CALL(sendmsg(pair[0], &m, 0));
	MUST(recvmsg(pair[1], &m, 0));
	if (CMSG_FIRSTHDR(&m))
		memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof got);
	return got;
}

int main(int argc, char **argv)
{
	uint8_t p[MEDIA_LEN];

	if (argc > 1) {
		int s = atoi(argv[1]);
		for (uint32_t i = 0; i < 4; i++)
			QUIETLY(send(s, p, media(p, sizeof p, 1, i), 0));
		return 0;
	}
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET);
	MUST(connect(s, &r.at.sa, r.at.len));
	know(s);
	pid_t pid = fork();
	if (pid == 0) {
		char number[16];
		snprintf(number, sizeof number, "%d", s);
		execl("/proc/self/exe", argv[0], number, (char *)NULL);
		_exit(98);
	}
	await_child("heir", pid);
	report(&r, "receiver", 4);
	int got = passed(s);
	close(s);
	for (uint32_t i = 4; i < 8; i++)
		QUIETLY(send(got, p, media(p, sizeof p, 1, i), 0));
	for (uint32_t i = 8; i < 12; i++)
		QUIETLY(write(got, p, media(p, sizeof p, 1, i)));
	report(&r, "receiver", 8);
}
