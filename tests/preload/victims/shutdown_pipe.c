/* SPDX-License-Identifier: BSD-3-Clause */
/* A socket that was shut down answers EPIPE and a SIGPIPE to the sender, unless it asked for none.
 * rule: 33 36
 * expect: seen>=3 */
#include "victim.h"
#include <signal.h>

static volatile sig_atomic_t pipes;

static void count(int signal_number)
{
	(void)signal_number;
	pipes++;
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	struct sigaction action = { .sa_handler = count };
	int s = udp(AF_INET);
	uint8_t p[MEDIA_LEN];

	MUST(sigaction(SIGPIPE, &action, NULL));
	MUST(connect(s, &r.at.sa, r.at.len));
	CALL(send(s, p, media(p, sizeof p, 1, 0), 0));
	CALL(shutdown(s, SHUT_RD));
	CALL(send(s, p, media(p, sizeof p, 1, 1), 0));
	CALL(shutdown(s, SHUT_WR));
	CALL(send(s, p, media(p, sizeof p, 1, 2), 0));
	say("signals %d", (int)pipes);
	CALL(write(s, p, sizeof p));
	say("signals %d", (int)pipes);
	CALL(send(s, p, sizeof p, MSG_NOSIGNAL));
	CALL(sendto(s, p, sizeof p, MSG_NOSIGNAL, &r.at.sa, r.at.len));
	say("signals %d", (int)pipes);
	report(&r, "receiver", 2);
}
