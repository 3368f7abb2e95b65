/* SPDX-License-Identifier: BSD-3-Clause */
/* A handler on the smallest alternate stack there is sends by every door; a guard page lies below.
 * rule: 47 62
 * not under: asan tsan ubsan
 * expect: seen>=21 wrapped>=14 */
#include "victim.h"
#include <signal.h>
#include <sys/mman.h>

static struct receiver r;
static int s;
static uint8_t p[MEDIA_LEN];
static struct iovec iov = { p, sizeof p };
static struct mmsghdr one = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
static volatile sig_atomic_t wrong;

#define STEP(wanted, expression) do { errno = SENTINEL; wrong += (expression) != (wanted) || errno != SENTINEL; } while (0)

static void handler(int signal_number)
{
	int saved = errno;

	(void)signal_number;
	STEP(MEDIA_LEN, send(s, p, sizeof p, 0));
	STEP(MEDIA_LEN, sendto(s, p, sizeof p, 0, &r.at.sa, r.at.len));
	STEP(MEDIA_LEN, sendmsg(s, &one.msg_hdr, 0));
	STEP(1, sendmmsg(s, &one, 1, 0));
	STEP(MEDIA_LEN, write(s, p, sizeof p));
	STEP(MEDIA_LEN, writev(s, &iov, 1));
	STEP(MEDIA_LEN, syscall(SYS_sendto, s, p, sizeof p, 0, NULL, 0));
	errno = saved;
}

int main(void)
{
	size_t size = ((size_t)MINSIGSTKSZ + 4095) / 4096 * 4096;
	uint8_t *area = mmap(NULL, 4096 + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };
	/* The stack ends where the guard begins: exactly MINSIGSTKSZ octets, rounded to 16. */
	stack_t stack = { .ss_sp = area + 4096, .ss_size = ((size_t)MINSIGSTKSZ + 15) / 16 * 16 };

	r = receiver(AF_INET), s = udp(AF_INET);
	MUST(connect(s, &r.at.sa, r.at.len));
	MUST(mprotect(area, 4096, PROT_NONE));
	MUST(sigaltstack(&stack, NULL));
	MUST(sigaction(SIGUSR1, &action, NULL));
	for (uint32_t i = 0; i < 3; i++) {
		media(p, sizeof p, 1, i);
		raise(SIGUSR1);
	}
	say("wrong %d", (int)wrong);
	report(&r, "receiver", 21);
}
