/* SPDX-License-Identifier: BSD-3-Clause */
/* A thread is cancelled in a send: nothing is held across it, and the cleaning-up sends as well.
 * rule: 64
 * not under: asan
 * expect: seen>=60 wrapped>=20 */
#include "victim.h"
#include <pthread.h>

static int s;

static void clean_up(void *index)
{
	uint8_t p[MEDIA_LEN];

	CALL(send(s, p, media(p, sizeof p, 2, *(uint32_t *)index), 0));
}

static void *cancelled(void *index)
{
	uint8_t p[MEDIA_LEN];

	pthread_cleanup_push(clean_up, index);
	pthread_cancel(pthread_self());
	switch (*(uint32_t *)index % 3) {
	case 0: CALL(send(s, p, media(p, sizeof p, 3, 0), 0)); break;
	case 1: CALL(write(s, p, media(p, sizeof p, 3, 1))); break;
	default: CALL(sendto(s, p, media(p, sizeof p, 3, 2), 0, NULL, 0));
	}
	say("still there");
	pthread_cleanup_pop(0);
	return NULL;
}

static _Atomic bool running;

static void *busy(void *unused)
{
	uint8_t p[MEDIA_LEN];

	(void)unused;
	for (unsigned n = 1;; n++) {
		(void)!send(s, p, media(p, sizeof p, 4, 0), 0);
		if (n == 3)
			running = true;
	}
	return NULL;
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	uint8_t p[MEDIA_LEN];

	s = udp(AF_INET);
	MUST(connect(s, &r.at.sa, r.at.len));
	for (uint32_t i = 0; i < 12; i++) {
		pthread_t thread;
		void *result = NULL;
		if (pthread_create(&thread, NULL, cancelled, &i) || pthread_join(thread, &result))
			broken("pthread");
		say("%s", result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
		CALL(send(s, p, media(p, sizeof p, 1, i), 0));
	}
	report(&r, "receiver", 24);
	for (int i = 0; i < 10; i++) {
		pthread_t thread;
		running = false;
		if (pthread_create(&thread, NULL, busy, NULL))
			broken("pthread");
		while (!running)
			sched_yield();
		pthread_cancel(thread);
		pthread_join(thread, NULL);
		QUIETLY(send(s, p, media(p, sizeof p, 1, 100), 0));
		unsigned mine = 0;
		for (bool more = true; more && !mine; r.records = 0) { /* it is the last, however slow a router is */
			more = collect(&r, 1);
			for (unsigned k = 0; k < r.records; k++)
				mine += r.record[k].tag == 1;
		}
		say("after a cancelled sender: %u", mine);
	}
}
