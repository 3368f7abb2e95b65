/* SPDX-License-Identifier: BSD-3-Clause */
/* Another interposer of the same doors, behind the shim: whatever goes out must have come through here. */
#include "victim.h"
#include <dlfcn.h>

unsigned chain_calls(void);

static _Atomic unsigned calls;

unsigned chain_calls(void)
{
	return calls;
}

#define NEXT(name) static union { void *object; __typeof__(&name) call; } next; \
	calls++; \
	if (!next.object) \
		next.object = dlsym(RTLD_NEXT, #name)

ssize_t send(int fd, const void *p, size_t n, int flags)
{
	NEXT(send);
	return next.call(fd, p, n, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	NEXT(sendmsg);
	return next.call(fd, m, flags);
}

int sendmmsg(int fd, struct mmsghdr *m, unsigned n, int flags)
{
	NEXT(sendmmsg);
	return next.call(fd, m, n, flags);
}

ssize_t writev(int fd, const struct iovec *iov, int n)
{
	NEXT(writev);
	return next.call(fd, iov, n);
}
