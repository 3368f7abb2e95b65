/* SPDX-License-Identifier: BSD-3-Clause */
#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* Beyond the limit of file sizes the kernel would send SIGXFSZ, which ends a process that does not expect it. */
static bool file_may_have(size_t len)
{
	struct rlimit most = { RLIM_INFINITY, RLIM_INFINITY };

	return getrlimit(RLIMIT_FSIZE, &most) != 0 || most.rlim_cur >= len;
}

int ledger_open(const char *dir, const char *suffix, size_t len, void (*introduce)(void *map, const void *argument),
	const void *argument, void **map)
{
	char path[256], fresh[288];
	int fd, err = 0;

	if (!file_may_have(len))
		return -EFBIG;
	snprintf(path, sizeof(path), "%s/%d%s", dir, (int)getpid(), suffix);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	/* A file of this number is a dead process's; a fresh one takes its place whole, so that no reader sees half. */
	unlink(fresh);
	fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	err = posix_fallocate(fd, 0, (off_t)len);
	if (!err) {
		*map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		err = *map == MAP_FAILED ? errno : 0;
	}
	if (!err) {
		introduce(*map, argument);
		err = rename(fresh, path) == 0 ? 0 : errno;
	}
	close(fd);
	if (err)
		unlink(fresh);
	return -err;
}
