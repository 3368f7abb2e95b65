/* SPDX-License-Identifier: BSD-3-Clause */
/* Children of all kinds send: fork, _Fork, vfork, clone with and without shared memory, vfork and exec, posix_spawn.
 * rule: 58 59
 * expect: seen>=48 wrapped>=20 */
#include "victim.h"
#include <sched.h>
#include <signal.h>
#include <spawn.h>

static struct receiver r;
static int s;
static uint32_t next_index;
static _Alignas(16) char stack[1 << 17];

static int child(void *tag)
{
	uint8_t p[MEDIA_LEN];

	for (uint32_t i = 0; i < 4; i++)
		if (send(s, p, media(p, sizeof p, (uint32_t)(uintptr_t)tag, i), 0) != MEDIA_LEN)
			return 1;
	return 0;
}

static void parent_goes_on(const char *name, pid_t pid)
{
	uint8_t p[MEDIA_LEN];

	if (pid < 0)
		broken(name);
	await_child(name, pid);
	for (int i = 0; i < 2; i++)
		QUIETLY(send(s, p, media(p, sizeof p, 1, next_index++), 0));
	report(&r, "receiver", 6);
}

int main(int argc, char **argv)
{
	char number[16], *again[] = { argv[0], number, NULL }, *environment[] = { NULL };

	if (argc > 1) {
		s = atoi(argv[1]);
		return child((void *)99);
	}
	r = receiver(AF_INET), s = udp(AF_INET);
	snprintf(number, sizeof number, "%d", s);
	MUST(connect(s, &r.at.sa, r.at.len));
	pid_t pid = fork();
	if (pid == 0)
		_exit(child((void *)10));
	parent_goes_on("fork", pid);
	pid = _Fork();
	if (pid == 0)
		_exit(child((void *)11));
	parent_goes_on("_Fork", pid);
	pid = vfork();
	if (pid == 0)
		_exit(child((void *)12));
	parent_goes_on("vfork", pid);
	parent_goes_on("clone", clone(child, stack + sizeof stack, SIGCHLD, (void *)13));
	parent_goes_on("clone with shared memory", clone(child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)14));
	pid = (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
	if (pid == 0)
		_exit(child((void *)15));
	parent_goes_on("bare clone", pid);
	pid = vfork();
	if (pid == 0) {
		execv("/proc/self/exe", again);
		_exit(98);
	}
	parent_goes_on("vfork and exec", pid);
	if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, again, environ))
		broken("posix_spawn");
	parent_goes_on("posix_spawn", pid);
	if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, again, environment))
		broken("posix_spawn");
	parent_goes_on("posix_spawn without environment", pid);
}
