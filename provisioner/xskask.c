/* SPDX-License-Identifier: BSD-3-Clause */
#include "xskask.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

int xskask_read(int connection, struct md_broker_request *request, int *fd)
{
	struct iovec piece = { request, sizeof(*request) };
	union {
		struct cmsghdr align;
		uint8_t octets[CMSG_SPACE(sizeof(int))];
	} control;
	/* Room for one descriptor: the padding of CMSG_SPACE() would be room for a second. */
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int)) };
	const struct cmsghdr *c;
	ssize_t n;

	*fd = -1;
	memset(&control, 0, sizeof(control));
	n = recvmsg(connection, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -errno;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	if (!n)
		return -ECONNRESET;
	return n == sizeof(*request) && !(msg.msg_flags & MSG_TRUNC) ? 0 : -EPROTO;
}

int xskask_answer(int connection, int socket, int memory)
{
	struct md_broker_answer answer = { .version = MD_BROKER_VERSION, .what = MD_BROKER_XSK };
	struct iovec piece = { &answer, sizeof(answer) };
	const int both[2] = { socket, memory };
	union {
		struct cmsghdr align;
		uint8_t octets[CMSG_SPACE(sizeof(both))];
	} control;
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

	memset(&control, 0, sizeof(control));
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(both));
	memcpy(CMSG_DATA(&control.align), both, sizeof(both));
	/* Who does not take it at once has gone. */
	return sendmsg(connection, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(answer) ? 0 : errno ? errno : EPROTO;
}

static int end_of(int (*name)(int, struct sockaddr *, socklen_t *), int udp, uint8_t *version, uint8_t addr[static 16])
{
	struct sockaddr_in6 at = { 0 };
	socklen_t len = sizeof(at);

	if (name(udp, (struct sockaddr *)&at, &len) < 0)
		return errno;
	memset(addr, 0, 16);
	if (at.sin6_family == AF_INET6) {
		*version = 6;
		memcpy(addr, &at.sin6_addr, 16);
	} else if (at.sin6_family == AF_INET) {
		*version = 4;
		memcpy(addr, &((const struct sockaddr_in *)(const void *)&at)->sin_addr, 4);
	} else {
		return EINVAL;
	}
	return 0;
}

int xskask_ends(int udp, uint8_t *version, uint8_t src[static 16], uint8_t dst[static 16])
{
	uint8_t other = 0;
	int err;

	*version = 0;
	err = end_of(getsockname, udp, version, src);
	if (!err)
		err = end_of(getpeername, udp, &other, dst);
	return err ? err : other == *version ? 0 : EINVAL;
}
