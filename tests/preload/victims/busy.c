/* SPDX-License-Identifier: BSD-3-Clause */
/* A thread is held up in the middle of a send, every 40 instructions of it, while another one sends in the same flow: where the
 * first has the state of their SSRC, the second does not wait for it for long. Its datagram goes as it came; inline, between
 * wrapped ones, with an empty option area.
 * rule: 61 66
 * not under: asan tsan ubsan
 * expect: aside.busy>=2
 * expect inline: empty-areas>=2 */
#include "victim.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <ucontext.h>

#ifdef __x86_64__

enum { WARM = 3, SENDS = 150, STRIDE = 40, TRAP_FLAG = 0x100 };

static struct receiver r;
static int s;
static _Atomic int held, released;
static _Atomic bool over;
static volatile sig_atomic_t stepping, steps;

/* The processor stops behind each instruction as long as the flag is set where it goes on. */
static void stepped(int number, siginfo_t *info, void *context)
{
	greg_t *flags = &((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL];
	int at;

	(void)number, (void)info;
	*flags &= ~(greg_t)TRAP_FLAG;
	if (!stepping)
		return;
	*flags |= TRAP_FLAG;
	steps++;
	at = steps / STRIDE;
	if (steps % STRIDE || at > SENDS)
		return;
	held = at;
	while (released != at)
		sched_yield();
}

static void *slow(void *p)
{
	stepping = 1;
	raise(SIGTRAP);
	QUIETLY(send(s, p, MEDIA_LEN, 0));
	stepping = 0;
	over = true;
	return NULL;
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = stepped, .sa_flags = SA_SIGINFO };
	uint8_t p[MEDIA_LEN], q[MEDIA_LEN];
	pthread_t thread;

	r = receiver(AF_INET), s = udp(AF_INET);
	MUST(connect(s, &r.at.sa, r.at.len));
	for (uint32_t i = 1; i <= WARM; i++)
		QUIETLY(send(s, p, media(p, sizeof p, 1, i), 0));
	media(q, sizeof q, 1, 0);
	MUST(sigaction(SIGTRAP, &action, NULL));
	if (pthread_create(&thread, NULL, slow, q))
		broken("pthread_create");
	for (uint32_t i = WARM + 1; i <= WARM + SENDS; i++) {
		while (held == released && !over)
			sched_yield();
		QUIETLY(send(s, p, media(p, sizeof p, 1, i), 0));
		released = held;
	}
	pthread_join(thread, NULL);
	report(&r, "receiver", WARM + SENDS + 1);
}

#else

int main(void)
{
	skip("how to step through a program is written down for x86-64 alone");
}

#endif
