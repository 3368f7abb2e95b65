/* SPDX-License-Identifier: BSD-3-Clause
 *
 * threads.h - many threads send at once, in rounds, so that no receiver's queue overflows. */
#ifndef VICTIM_THREADS_H
#define VICTIM_THREADS_H

#include "victim.h"
#include <pthread.h>

enum { THREADS = 16, ROUNDS = 10, EACH = 10 };

static pthread_barrier_t gate;
static struct receiver all;
static int sockets[THREADS];

static inline void *sender(void *number)
{
	uint32_t tag = (uint32_t)(uintptr_t)number;
	uint8_t p[MEDIA_LEN];
	int s = sockets[tag];

	for (uint32_t i = 0; i < ROUNDS * EACH; i++) {
		if (i % EACH == 0)
			pthread_barrier_wait(&gate);
		media(p, sizeof p, tag, i);
		if (i % 3 == 0)
			QUIETLY(send(s, p, sizeof p, 0));
		else if (i % 3 == 1)
			QUIETLY(write(s, p, sizeof p));
		else
			QUIETLY(sendto(s, p, sizeof p, 0, &all.at.sa, all.at.len));
		if (i % EACH == EACH - 1)
			pthread_barrier_wait(&gate);
	}
	return NULL;
}

static inline void run_threads(unsigned count)
{
	pthread_t thread[THREADS];
	unsigned arrived = 0;

	setenv("VICTIM_ROUTED", "1", 0); /* threads move between processors, and datagrams with them */
	if (pthread_barrier_init(&gate, NULL, count + 1))
		broken("barrier");
	for (unsigned i = 0; i < count; i++)
		if (pthread_create(&thread[i], NULL, sender, (void *)(uintptr_t)i))
			broken("pthread_create");
	for (unsigned round = 1; round <= ROUNDS; round++) {
		pthread_barrier_wait(&gate);
		pthread_barrier_wait(&gate);
		arrived = round * count * EACH;
		if (!collect(&all, arrived))
			say("round %u is not complete", round);
	}
	for (unsigned i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
	report(&all, "receiver", arrived);
}

#endif
