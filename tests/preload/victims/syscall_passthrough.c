/* SPDX-License-Identifier: BSD-3-Clause */
/* syscall() hands every other number through untouched: six arguments, any result, any errno.
 * rule: 16
 * expect: seen==0 */
#include "victim.h"
#include <sys/mman.h>
#include <time.h>

int main(void)
{
	int pipes[2] = { -1, -1 };
	struct timespec t = { 0, 0 };

	say("getpid %d", syscall(SYS_getpid) == getpid());
	say("gettid %d", syscall(SYS_gettid) == gettid());
	CALL(syscall(SYS_pipe2, pipes, O_CLOEXEC));
	CALL(syscall(SYS_write, pipes[1], "hello", 5L));
	CALL(syscall(SYS_close, pipes[1]));
	CALL(syscall(SYS_close, pipes[1]));
	CALL(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t));
	CALL(syscall(SYS_clock_gettime, 9999, &t));
	/* Six arguments, and a result beyond 32 bits. */
	void *page = (void *)syscall(SYS_mmap, (void *)0x700000000000, 4096L, (long)(PROT_READ | PROT_WRITE),
		(long)(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE), -1L, 0L);
	say("mmap %p", page);
	CALL(syscall(SYS_mmap, NULL, 4096L, PROT_READ, MAP_PRIVATE, pipes[0], 1L));
	CALL(syscall(SYS_munmap, page, 4096L));
	CALL(syscall(SYS_pread64, pipes[0], page, 1L, 0L));
	CALL(syscall(-1L));
	CALL(syscall(100000L, 1L, 2L, 3L, 4L, 5L, 6L));
	CALL(syscall(SYS_splice, -1L, NULL, -1L, NULL, 1L, 0L));
	CALL(syscall(SYS_copy_file_range, -1L, NULL, -1L, NULL, 1L, 0L));
	CALL(syscall(SYS_memfd_create, "x", 0xffffL));
	CALL(syscall(SYS_sched_yield));
}
