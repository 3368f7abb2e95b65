/* SPDX-License-Identifier: BSD-3-Clause
 *
 * real.h - the next function in the chain, and system calls of our own.
 *
 * Fixed after start. Before start every pointer is a raw system call, never NULL: constructors of the application's
 * libraries may send before ours has run. */
#ifndef MD_REAL_H
#define MD_REAL_H

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>

struct real {
	ssize_t (*send)(int fd, const void *buf, size_t len, int flags);
	ssize_t (*sendto)(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to, socklen_t tolen);
	ssize_t (*sendmsg)(int fd, const struct msghdr *msg, int flags);
	int (*sendmmsg)(int fd, struct mmsghdr *vec, unsigned n, int flags);
	ssize_t (*write)(int fd, const void *buf, size_t len);
	ssize_t (*writev)(int fd, const struct iovec *iov, int n);
	long (*syscall)(long nr, ...);
	int (*connect)(int fd, const struct sockaddr *to, socklen_t tolen);
	int (*setsockopt)(int fd, int level, int name, const void *value, socklen_t len);
	int (*getsockopt)(int fd, int level, int name, void *value, socklen_t *len);
	int (*shutdown)(int fd, int how);
	int (*prctl)(int option, ...);
};

extern struct real real;

/* Looks up the next function of each name; one that is not found stays a raw system call. Only from the constructor. */
void real_bind(void);

/* A system call of the shim itself: the result, or -errno. Leaves errno alone, is no cancellation point and no door. */
static inline long raw_call(long nr, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
		: "=a"(result)
		: "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		: "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
		: "+r"(x0)
		: "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
		: "memory");
	return x0;
#else
#error "mdshim knows the system calls of x86-64 and AArch64 only"
#endif
}

static inline long raw_close(int fd)
{
	return raw_call(SYS_close, fd, 0, 0, 0, 0, 0);
}

static inline long raw_socket(int domain, int type, int protocol)
{
	return raw_call(SYS_socket, domain, type, protocol, 0, 0, 0);
}

static inline long raw_bind(int fd, const void *addr, socklen_t len)
{
	return raw_call(SYS_bind, fd, (long)addr, (long)len, 0, 0, 0);
}

static inline long raw_connect(int fd, const void *addr, socklen_t len)
{
	return raw_call(SYS_connect, fd, (long)addr, (long)len, 0, 0, 0);
}

static inline long raw_getsockname(int fd, void *addr, socklen_t *len)
{
	return raw_call(SYS_getsockname, fd, (long)addr, (long)len, 0, 0, 0);
}

static inline long raw_getpeername(int fd, void *addr, socklen_t *len)
{
	return raw_call(SYS_getpeername, fd, (long)addr, (long)len, 0, 0, 0);
}

static inline long raw_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	return raw_call(SYS_getsockopt, fd, level, name, (long)value, (long)len, 0);
}

static inline long raw_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	return raw_call(SYS_setsockopt, fd, level, name, (long)value, (long)len, 0);
}

static inline long raw_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	return raw_call(SYS_sendmsg, fd, (long)msg, flags, 0, 0, 0);
}

static inline long raw_sendmmsg(int fd, struct mmsghdr *vec, unsigned n, int flags)
{
	return raw_call(SYS_sendmmsg, fd, (long)vec, n, flags, 0, 0);
}

static inline long raw_sendto(int fd, const void *octets, size_t len, int flags, const void *to, socklen_t to_len)
{
	return raw_call(SYS_sendto, fd, (long)octets, (long)len, flags, (long)to, to_len);
}

/* write(2) for the log: the result, or -errno. */
static inline ssize_t real_write(int fd, const void *buf, size_t len)
{
	return raw_call(SYS_write, fd, (long)buf, (long)len, 0, 0, 0);
}

#endif
