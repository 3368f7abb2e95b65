/* SPDX-License-Identifier: BSD-3-Clause */
/* A child that shares the descriptors but not the memory closes, replaces and uses them: the parent's sends go where the
 * numbers lead now.
 * rule: 50 58 59
 * expect: seen>=40 wrapped>=20 */
#include "victim.h"
#include <sched.h>
#include <signal.h>

static struct receiver a, b;
static int s;
static _Alignas(16) char stack[1 << 17];

static void five(uint32_t tag)
{
	uint8_t p[MEDIA_LEN];

	for (uint32_t i = 0; i < 5; i++) {
		QUIETLY(send(s, p, media(p, sizeof p, tag, 2 * i), 0));
		QUIETLY(write(s, p, media(p, sizeof p, tag, 2 * i + 1)));
	}
}

static int replaces(void *unused)
{
	int other = socket(AF_INET, SOCK_DGRAM, 0);

	(void)unused;
	five(11);
	if (other < 0 || connect(other, &b.at.sa, b.at.len) || dup2(other, s) != s || close(other))
		return 1;
	five(12);
	return 0;
}

static int closes(void *unused)
{
	(void)unused;
	return close(s) ? 1 : 0;
}

static void child(const char *name, int (*what)(void *), int flags)
{
	await_child(name, (pid_t)MUST(clone(what, stack + sizeof stack, flags | SIGCHLD, NULL)));
}

int main(void)
{
	a = receiver(AF_INET), b = receiver_at(AF_INET, "127.0.0.2");
	s = udp(AF_INET);
	MUST(connect(s, &a.at.sa, a.at.len));
	five(1);
	report(&a, "a", 10);
	child("the child that replaces", replaces, CLONE_FILES);
	report(&a, "a, of the child", 10);
	report(&b, "b, of the child", 10);
	five(2);
	report(&b, "b", 10);
	child("the child that closes", closes, CLONE_FILES);
	five(3);
	int again = udp(AF_INET);
	say("the number is used again: %s", again == s ? "yes" : "no");
	CALL(connect(s, &a.at.sa, a.at.len));
	five(4);
	report(&a, "a", 10);
	report(&b, "b", 0);
}
