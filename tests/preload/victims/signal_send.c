/* SPDX-License-Identifier: BSD-3-Clause */
/* A timer of 10 kHz whose handler sends by every door, on its own socket and on the interrupted one.
 * rule: 62
 * expect: seen>=4000 wrapped>=1000 aside.nested>0 */
#include "victim.h"
#include <signal.h>
#include <sys/time.h>

enum { MAIN = 4000 };

static int s, own;
static struct receiver r;
static volatile sig_atomic_t armed, fired, wrong;

static void handler(int signal_number)
{
	static uint8_t p[200];
	int before = errno;

	(void)signal_number;
	if (!armed || fired >= 3000)
		return;
	errno = SENTINEL;
	size_t n = media(p, sizeof p, 2, (uint32_t)fired);
	ssize_t sent = fired % 4 == 0 ? send(s, p, n, 0) : fired % 4 == 1 ? write(own, p, n) :
		fired % 4 == 2 ? sendto(own, p, n, 0, &r.at.sa, r.at.len) : syscall(SYS_sendto, s, p, n, 0, NULL, 0);
	wrong += sent != (ssize_t)n || errno != SENTINEL;
	fired++;
	errno = before;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct itimerval tick = { { 0, 100 }, { 0, 100 } }, off = { { 0, 0 }, { 0, 0 } };
	uint8_t p[MEDIA_LEN];
	uint32_t i = 0;

	r = receiver(AF_INET), s = udp(AF_INET), own = udp(AF_INET);
	MUST(connect(s, &r.at.sa, r.at.len));
	MUST(connect(own, &r.at.sa, r.at.len));
	MUST(sigaction(SIGALRM, &action, NULL));
	MUST(setitimer(ITIMER_REAL, &tick, NULL));
	for (; i < MAIN; i++) {
		armed = 1;
		QUIETLY(i % 2 ? send(s, p, media(p, 200, 1, i), 0) : write(s, p, media(p, 200, 1, i)));
		armed = 0;
		if (i % 32 == 31 && !collect(&r, i + 1 + (unsigned)fired))
			say("lost after %u", i);
	}
	MUST(setitimer(ITIMER_REAL, &off, NULL));
	say("all arrived: %s, interrupted: %s, wrong in the handler: %d", collect(&r, MAIN + (unsigned)fired) ? "yes" : "no",
		fired ? "yes" : "no", (int)wrong);
	say("none too many: %s", collect_within(&r, MAIN + (unsigned)fired + 1, SILENCE_MS) ? "no" : "yes");
}
