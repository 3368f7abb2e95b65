/* SPDX-License-Identifier: BSD-3-Clause */
#include "real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* libc's convention over the kernel's. */
static long libc_result(long result)
{
	if (result >= -4095 && result < 0) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

static ssize_t early_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to, socklen_t tolen)
{
	return libc_result(raw_call(SYS_sendto, fd, (long)buf, (long)len, flags, (long)to, (long)tolen));
}

static ssize_t early_send(int fd, const void *buf, size_t len, int flags)
{
	return early_sendto(fd, buf, len, flags, NULL, 0);
}

static ssize_t early_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	return libc_result(raw_sendmsg(fd, msg, flags));
}

static int early_sendmmsg(int fd, struct mmsghdr *vec, unsigned n, int flags)
{
	return (int)libc_result(raw_call(SYS_sendmmsg, fd, (long)vec, (long)n, flags, 0, 0));
}

static ssize_t early_write(int fd, const void *buf, size_t len)
{
	return libc_result(raw_call(SYS_write, fd, (long)buf, (long)len, 0, 0, 0));
}

static ssize_t early_writev(int fd, const struct iovec *iov, int n)
{
	return libc_result(raw_call(SYS_writev, fd, (long)iov, n, 0, 0, 0));
}

static long early_syscall(long nr, ...)
{
	va_list args;
	long a[6];

	va_start(args, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	return libc_result(raw_call(nr, a[0], a[1], a[2], a[3], a[4], a[5]));
}

static int early_connect(int fd, const struct sockaddr *to, socklen_t tolen)
{
	return (int)libc_result(raw_connect(fd, to, tolen));
}

static int early_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	return (int)libc_result(raw_setsockopt(fd, level, name, value, len));
}

static int early_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	return (int)libc_result(raw_getsockopt(fd, level, name, value, len));
}

static int early_shutdown(int fd, int how)
{
	return (int)libc_result(raw_call(SYS_shutdown, fd, how, 0, 0, 0, 0));
}

static int early_prctl(int option, ...)
{
	va_list args;
	long a[4];

	va_start(args, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	return (int)libc_result(raw_call(SYS_prctl, option, a[0], a[1], a[2], a[3], 0));
}

struct real real = {
	.send = early_send,
	.sendto = early_sendto,
	.sendmsg = early_sendmsg,
	.sendmmsg = early_sendmmsg,
	.write = early_write,
	.writev = early_writev,
	.syscall = early_syscall,
	.connect = early_connect,
	.setsockopt = early_setsockopt,
	.getsockopt = early_getsockopt,
	.shutdown = early_shutdown,
	.prctl = early_prctl,
};

/* An object pointer is copied into a function pointer, which C has no conversion for and POSIX promises to work. */
static void look_up(void *pointer, const char *name)
{
	void *next = dlsym(RTLD_NEXT, name);

	if (next)
		memcpy(pointer, &next, sizeof(next));
}

void real_bind(void)
{
	look_up(&real.send, "send");
	look_up(&real.sendto, "sendto");
	look_up(&real.sendmsg, "sendmsg");
	look_up(&real.sendmmsg, "sendmmsg");
	look_up(&real.write, "write");
	look_up(&real.writev, "writev");
	look_up(&real.syscall, "syscall");
	look_up(&real.connect, "connect");
	look_up(&real.setsockopt, "setsockopt");
	look_up(&real.getsockopt, "getsockopt");
	look_up(&real.shutdown, "shutdown");
	look_up(&real.prctl, "prctl");
}
