/* SPDX-License-Identifier: BSD-3-Clause
 *
 * interpose.c - the doors and the ears: libc's own names, arguments translated, nothing else. */
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <mdshim/hints.h>

#include "memory.h"
#include "path.h"
#include "real.h"

#define DOOR __attribute__((visibility("default")))

/* Reads as many arguments as there can be, whatever the caller gave, as the kernel does. */
#define READS_ALL __attribute__((no_sanitize("address")))

/* One datagram. True: *result is what the door returns; false: it goes to the real function as it came. */
static bool single(int fd, struct mmsghdr *one, int flags, enum path_own own, ssize_t *result)
{
	int sent = path_send(fd, one, 1, flags, own);

	if (sent == PATH_PASS)
		return false;
	*result = sent == 1 ? (ssize_t)one->msg_len : -1;
	return true;
}

static bool gathered(int fd, const struct msghdr *msg, int flags, ssize_t *result)
{
	struct mmsghdr one = { .msg_hdr = *msg };

	return single(fd, &one, flags, PATH_OWNS_VEC, result);
}

static bool plain(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to, socklen_t tolen,
	ssize_t *result)
{
	struct iovec iov = { (void *)(uintptr_t)buf, len };
	struct mmsghdr one = { .msg_hdr = { .msg_name = (void *)(uintptr_t)to, .msg_namelen = to ? tolen : 0, .msg_iov = &iov,
		.msg_iovlen = 1 } };

	return single(fd, &one, flags, PATH_OWNS_PIECES, result);
}

DOOR ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	ssize_t result;

	if (!path_serves(fd, false) || !plain(fd, buf, len, flags, NULL, 0, &result))
		return real.send(fd, buf, len, flags);
	return result;
}

DOOR ssize_t sendto(int fd, const void *buf, size_t len, int flags, __CONST_SOCKADDR_ARG to, socklen_t tolen)
{
	ssize_t result;

	if (!path_serves(fd, false) || !plain(fd, buf, len, flags, to.__sockaddr__, tolen, &result))
		return real.sendto(fd, buf, len, flags, to.__sockaddr__, tolen);
	return result;
}

DOOR ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t result;

	if (!path_serves(fd, false) || !memory_readable(msg, sizeof(*msg)) || !gathered(fd, msg, flags, &result))
		return real.sendmsg(fd, msg, flags);
	return result;
}

/* More than the kernel takes at once (UIO_MAXIOV) is cut by it as well. */
static int several(int fd, struct mmsghdr *vec, unsigned n, int flags)
{
	return path_send(fd, vec, n < 1024 ? n : 1024, flags, PATH_OWNS_NOTHING);
}

DOOR int sendmmsg(int fd, struct mmsghdr *vec, unsigned int n, int flags)
{
	int sent = PATH_PASS;

	if (path_serves(fd, false))
		sent = several(fd, vec, n, flags);
	return sent == PATH_PASS ? real.sendmmsg(fd, vec, n, flags) : sent;
}

DOOR ssize_t write(int fd, const void *buf, size_t len)
{
	ssize_t result;

	if (!path_serves(fd, true) || !plain(fd, buf, len, 0, NULL, 0, &result))
		return real.write(fd, buf, len);
	return result;
}

DOOR ssize_t writev(int fd, const struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = n > 0 ? (size_t)n : 0 };
	ssize_t result;

	if (!path_serves(fd, true) || !gathered(fd, &msg, 0, &result))
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
	int err;

	if (level == MD_HINT_LEVEL && path_told(fd, name, value, len, &err))
		return err;
	err = real.setsockopt(fd, level, name, value, len);
	if (err == 0)
		path_heard_option(fd, level, name);
	return err;
}

DOOR int shutdown(int fd, int how)
{
	int err = real.shutdown(fd, how);

	if (err == 0)
		path_heard_shutdown(fd, how);
	return err;
}

/* Path MTU discovery of an application has to leave room for what we add. */
DOOR int getsockopt(int fd, int level, int name, void *__restrict value, socklen_t *__restrict len)
{
	int err = real.getsockopt(fd, level, name, value, len), mtu;

	if (err != 0 || *len != sizeof(mtu) ||
		!((level == IPPROTO_IP && name == IP_MTU) || (level == IPPROTO_IPV6 && name == IPV6_MTU)))
		return err;
	memcpy(&mtu, value, sizeof(mtu));
	mtu = path_mtu(fd, mtu);
	memcpy(value, &mtu, sizeof(mtu));
	return 0;
}

static bool installs_filter(int option, unsigned long how)
{
	return option == PR_SET_SECCOMP && (how == SECCOMP_MODE_STRICT || how == SECCOMP_MODE_FILTER);
}

READS_ALL DOOR int prctl(int option, ...)
{
	bool serving = false, filter;
	unsigned long a[4];
	va_list args;
	int result;

	va_start(args, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(args, unsigned long);
	va_end(args);
	filter = installs_filter(option, a[0]);
	if (filter)
		serving = path_fall_silent();
	result = real.prctl(option, a[0], a[1], a[2], a[3]);
	if (filter && result != 0)
		path_resume(serving);
	return result;
}

/* The door for those who make system calls by number. */
static bool by_number(long nr, const long a[6], long *result)
{
	int fd = (int)a[0], err;
	ssize_t sent;

	if (nr == SYS_setsockopt && (int)a[1] == MD_HINT_LEVEL &&
		path_told(fd, (int)a[2], (const void *)a[3], (socklen_t)a[4], &err)) {
		*result = err;
		return true;
	}
	if ((nr != SYS_sendto && nr != SYS_sendmsg && nr != SYS_sendmmsg) || !path_serves(fd, false))
		return false;
	if (nr == SYS_sendmmsg) {
		*result = several(fd, (struct mmsghdr *)a[1], (unsigned)a[2], (int)a[3]);
		return *result != PATH_PASS;
	}
	if (nr == SYS_sendto ? !plain(fd, (const void *)a[1], (size_t)a[2], (int)a[3], (const struct sockaddr *)a[4],
				       (socklen_t)a[5], &sent) :
			       !memory_readable((const void *)a[1], sizeof(struct msghdr)) ||
				       !gathered(fd, (const struct msghdr *)a[1], (int)a[2], &sent))
		return false;
	*result = sent;
	return true;
}

/* Exactly six longs are handed on, whatever the number: the kernel takes no more, and what it does not use is harmless. */
READS_ALL DOOR long syscall(long nr, ...)
{
	bool serving = false, filter;
	long a[6], result;
	va_list args;

	va_start(args, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (by_number(nr, a, &result))
		return result;
	filter = (nr == SYS_prctl && installs_filter((int)a[0], (unsigned long)a[1])) ||
		(nr == SYS_seccomp && (a[0] == SECCOMP_SET_MODE_STRICT || a[0] == SECCOMP_SET_MODE_FILTER));
	if (filter)
		serving = path_fall_silent();
	result = real.syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (filter && result < 0)
		path_resume(serving);
	if (result == 0 && nr == SYS_connect)
		path_heard_connect((int)a[0]);
	else if (result == 0 && nr == SYS_setsockopt)
		path_heard_option((int)a[0], (int)a[1], (int)a[2]);
	else if (result == 0 && nr == SYS_shutdown)
		path_heard_shutdown((int)a[0], (int)a[1]);
	return result;
}
