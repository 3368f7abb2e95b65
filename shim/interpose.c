/* SPDX-License-Identifier: BSD-3-Clause
 *
 * interpose.c - the doors and the ears: libc's own names, arguments translated, nothing else. */
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "path.h"
#include "real.h"

#define DOOR __attribute__((visibility("default")))

/* One datagram. True: *result is what the door returns; false: it goes to the real function as it came. */
static bool single(int fd, const struct msghdr *msg, int flags, bool noted_only, ssize_t *result)
{
	struct mmsghdr one = { .msg_hdr = *msg };
	int sent = path_send(fd, &one, 1, flags, noted_only);

	if (sent == PATH_PASS)
		return false;
	*result = sent == 1 ? (ssize_t)one.msg_len : -1;
	return true;
}

static bool plain(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to, socklen_t tolen,
	bool noted_only, ssize_t *result)
{
	struct iovec iov = { (void *)(uintptr_t)buf, len };
	struct msghdr msg = { .msg_name = (void *)(uintptr_t)to, .msg_namelen = to ? tolen : 0, .msg_iov = &iov,
		.msg_iovlen = 1 };

	return single(fd, &msg, flags, noted_only, result);
}

DOOR ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	ssize_t result;

	if (!path_serves() || !plain(fd, buf, len, flags, NULL, 0, false, &result))
		return real.send(fd, buf, len, flags);
	return result;
}

DOOR ssize_t sendto(int fd, const void *buf, size_t len, int flags, __CONST_SOCKADDR_ARG to, socklen_t tolen)
{
	ssize_t result;

	if (!path_serves() || !plain(fd, buf, len, flags, to.__sockaddr__, tolen, false, &result))
		return real.sendto(fd, buf, len, flags, to.__sockaddr__, tolen);
	return result;
}

DOOR ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t result;

	if (!path_serves() || !path_plausible(msg) || !single(fd, msg, flags, false, &result))
		return real.sendmsg(fd, msg, flags);
	return result;
}

DOOR int sendmmsg(int fd, struct mmsghdr *vec, unsigned int n, int flags)
{
	int sent;

	if (!path_serves() || !path_plausible(vec))
		return real.sendmmsg(fd, vec, n, flags);
	/* More than the kernel takes at once (UIO_MAXIOV) is cut by it as well. */
	sent = path_send(fd, vec, n < 1024 ? n : 1024, flags, false);
	return sent == PATH_PASS ? real.sendmmsg(fd, vec, n, flags) : sent;
}

DOOR ssize_t write(int fd, const void *buf, size_t len)
{
	ssize_t result;

	if (!path_serves() || !plain(fd, buf, len, 0, NULL, 0, true, &result))
		return real.write(fd, buf, len);
	return result;
}

DOOR ssize_t writev(int fd, const struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = n > 0 ? (size_t)n : 0 };
	ssize_t result;

	if (!path_serves() || !single(fd, &msg, 0, true, &result))
		return real.writev(fd, iov, n);
	return result;
}

DOOR int connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t tolen)
{
	int err = real.connect(fd, to.__sockaddr__, tolen);

	if (err == 0)
		path_heard_connect(fd);
	return err;
}

DOOR int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	int err = real.setsockopt(fd, level, name, value, len);

	if (err == 0)
		path_heard_option(fd, level, name);
	return err;
}

/* The door for those who make system calls by number; also libc's own cancellation-free way to send. */
static bool by_number(long nr, const long a[6], long *result)
{
	ssize_t sent;

	switch (nr) {
	case SYS_sendto:
		if (!plain((int)a[0], (const void *)a[1], (size_t)a[2], (int)a[3], (const struct sockaddr *)a[4],
			(socklen_t)a[5], false, &sent))
			return false;
		*result = sent;
		return true;
	case SYS_sendmsg:
		if (!path_plausible((const void *)a[1]) ||
			!single((int)a[0], (const struct msghdr *)a[1], (int)a[2], false, &sent))
			return false;
		*result = sent;
		return true;
	case SYS_sendmmsg:
		if (!path_plausible((const void *)a[1]))
			return false;
		*result = path_send((int)a[0], (struct mmsghdr *)a[1], (unsigned)a[2] < 1024 ? (unsigned)a[2] : 1024,
			(int)a[3], false);
		return *result != PATH_PASS;
	default:
		return false;
	}
}

/* Exactly six longs are handed on, whatever the number: the kernel takes no more, and what it does not use is harmless. */
DOOR long syscall(long nr, ...)
{
	long a[6], result;
	va_list args;

	va_start(args, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (path_serves() && by_number(nr, a, &result))
		return result;
	result = real.syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (result == 0 && nr == SYS_connect)
		path_heard_connect((int)a[0]);
	else if (result == 0 && nr == SYS_setsockopt)
		path_heard_option((int)a[0], (int)a[1], (int)a[2]);
	return result;
}
