/* SPDX-License-Identifier: BSD-3-Clause */
/* A process forks while its other threads are in the middle of sending on the same socket: the child sends at once and
 * waits for nobody who is not there any more.
 * rule: 57 58 61
 * not under: tsan
 * expect: seen>=400 wrapped>=200 */
#include "victim.h"
#include <pthread.h>
#include <stdatomic.h>

static int s;
static struct receiver sink;
static atomic_bool stop;
static atomic_uint round_now;

static void *busy(void *tag)
{
	uint8_t p[200];

	for (uint32_t i = 0; !stop; i++) {
		while (!stop && i / 30 > round_now) /* no more than a router's queue can hold */
			sched_yield();
		(void)!sendto(s, p, media(p, sizeof p, (uint32_t)(uintptr_t)tag, i), 0, &sink.at.sa, sink.at.len);
	}
	return NULL;
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	pthread_t thread[3];
	uint8_t p[200];

	setenv("VICTIM_ROUTED", "1", 0); /* threads move between processors, and datagrams with them */
	sink = receiver(AF_INET), s = udp(AF_INET);
	for (uintptr_t i = 0; i < 3; i++)
		if (pthread_create(&thread[i], NULL, busy, (void *)(100 + i)))
			broken("pthread_create");
	for (uint32_t round = 0; round < 40; round++) {
		round_now = round;
		pid_t pid = round % 2 ? fork() : _Fork();
		if (pid == 0) {
			int wrong = 0;
			for (uint32_t i = 0; i < 5; i++) {
				wrong += sendto(s, p, media(p, sizeof p, 1, 5 * round + i), 0, &r.at.sa, r.at.len) != sizeof p;
				wrong += sendto(s, p, media(p, sizeof p, 2, 5 * round + i), 0, &sink.at.sa, sink.at.len) != sizeof p;
			}
			_exit(wrong);
		}
		await_child("child", pid);
		if (!collect(&r, 5 * round + 5))
			say("round %u is not complete", round);
	}
	stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	report(&r, "receiver", 200);
}
