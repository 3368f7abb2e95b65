/* SPDX-License-Identifier: BSD-3-Clause */
/* The handler leaves by siglongjmp, out of the middle of a send: later sends are wrapped as before.
 * rule: 62
 * not under: tsan
 * interrupted: a send that never returns is not counted as either
 * expect: seen>=3000 wrapped>=2000 */
#include "victim.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

static sigjmp_buf home;
static volatile sig_atomic_t armed;

static void handler(int signal_number)
{
	(void)signal_number;
	if (armed) {
		armed = 0;
		siglongjmp(home, 1);
	}
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct itimerval tick = { { 0, 100 }, { 0, 100 } }, off = { { 0, 0 }, { 0, 0 } };
	static uint8_t p[200];
	static volatile uint32_t jumps, i;
	int s = udp(AF_INET);

	MUST(connect(s, &r.at.sa, r.at.len));
	MUST(sigaction(SIGALRM, &action, NULL));
	MUST(setitimer(ITIMER_REAL, &tick, NULL));
	while (i < 3000) {
		if (sigsetjmp(home, 1)) {
			jumps++;
			continue;
		}
		armed = 1;
		(void)!send(s, p, media(p, sizeof p, 1, i), 0);
		armed = 0;
		i++;
		if (i % 32 == 0) {
			collect_within(&r, r.records + 1, 0);
			r.records = 0;
		}
	}
	MUST(setitimer(ITIMER_REAL, &off, NULL));
	say("jumped: %s", jumps ? "yes" : "no");
	collect_within(&r, RECORDS, 50);
	r.records = 0;
	for (uint32_t k = 0; k < 2000; k++) {
		QUIETLY(send(s, p, media(p, sizeof p, 2, k), 0));
		if (k % 50 == 49)
			collect(&r, k + 1);
	}
	report(&r, "receiver", 2000);
}
