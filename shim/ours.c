/* SPDX-License-Identifier: BSD-3-Clause */
#include "ours.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "real.h"

enum { OURS_LIMIT_MAX = 1 << 20, OURS_LIMIT_MIN = 1024 };

/* Descriptors of ours carry a signal for their input and output (F_SETSIG) that no program can want, since none can catch it;
 * it is never sent, for that takes O_ASYNC and an owner as well. Asking for it takes half the time of asking for the cookie
 * (139 against 249 ns), and that is once a datagram. Which of ours it is says the table. */
enum { OURS_SIGNAL = SIGSTOP };

/* By number, the cookie of the socket we put there. Ordinary memory: a child has to know what it inherited. */
static _Atomic uint64_t *held;
static uint32_t limit;
static _Atomic uint32_t count, low, high;

int ours_start(void)
{
	struct rlimit files = { OURS_LIMIT_MIN, OURS_LIMIT_MIN };
	size_t len;
	void *memory;

	getrlimit(RLIMIT_NOFILE, &files);
	limit = files.rlim_max < OURS_LIMIT_MAX ? (uint32_t)files.rlim_max : OURS_LIMIT_MAX;
	if (limit < OURS_LIMIT_MIN)
		limit = OURS_LIMIT_MIN;
	len = limit * sizeof(*held);
	memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return -ENOMEM;
	held = memory;
	low = limit;
	return 0;
}

uint32_t ours_limit(void)
{
	return limit;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	return raw_getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0 ? cookie : 0;
}

static void remember(uint32_t fd, uint64_t cookie)
{
	atomic_store(&held[fd], cookie);
	atomic_fetch_add(&count, 1);
	if (fd < atomic_load(&low))
		atomic_store(&low, fd);
	if (fd >= atomic_load(&high))
		atomic_store(&high, fd + 1);
}

/* How many descriptors the process may have now. */
static uint64_t may_have(void)
{
	struct rlimit files = { OURS_LIMIT_MIN, OURS_LIMIT_MIN };

	raw_call(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)&files, 0, 0);
	return files.rlim_cur < limit ? files.rlim_cur : limit;
}

/* High numbers, since programs close or reuse the low ones; where none is free the low one will have to do. */
static int settle(long fd, uint64_t may, uint64_t *cookie)
{
	long moved = raw_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, (long)(may - may / 4), 0, 0, 0);

	if (moved >= 0) {
		raw_close((int)fd);
		fd = moved;
	}
	*cookie = cookie_of((int)fd);
	if ((uint64_t)fd >= limit || !*cookie) {
		raw_close((int)fd);
		return -EMFILE;
	}
	raw_call(SYS_fcntl, fd, F_SETSIG, OURS_SIGNAL, 0, 0, 0); /* refused: the cookie is asked for each time */
	remember((uint32_t)fd, *cookie);
	return (int)fd;
}

int ours_socket(int domain, int type, int protocol, uint64_t *cookie)
{
	uint64_t may = may_have();
	long fd;

	if (atomic_load(&count) >= may / 4)
		return -EMFILE;
	fd = raw_socket(domain, type | SOCK_CLOEXEC, protocol);
	return fd < 0 ? (int)fd : settle(fd, may, cookie);
}

int ours_adopt(int fd, uint64_t *cookie)
{
	return settle(fd, may_have(), cookie);
}

bool ours_still(int fd, uint64_t cookie)
{
	if (fd < 0 || !cookie)
		return false;
	if ((uint32_t)fd < limit && atomic_load_explicit(&held[fd], memory_order_relaxed) == cookie &&
		raw_call(SYS_fcntl, fd, F_GETSIG, 0, 0, 0, 0) == OURS_SIGNAL)
		return true;
	return cookie_of(fd) == cookie;
}

void ours_close(int fd, uint64_t cookie)
{
	uint64_t expected = cookie;

	if (fd < 0 || (uint32_t)fd >= limit || !atomic_compare_exchange_strong(&held[fd], &expected, 0))
		return;
	atomic_fetch_sub(&count, 1);
	if (ours_still(fd, cookie))
		raw_close(fd);
}

void ours_forked(void)
{
	uint32_t end = atomic_load(&high);

	for (uint32_t fd = atomic_load(&low); fd < end; fd++) {
		uint64_t cookie = atomic_exchange(&held[fd], 0);

		if (cookie && ours_still((int)fd, cookie))
			raw_close((int)fd);
	}
	atomic_store(&count, 0);
}
