/* SPDX-License-Identifier: BSD-3-Clause
 *
 * slowclock.c - to be preloaded where instructions are counted: valgrind takes some fifty times as long as the processor, and
 * so takes the clock. Else what is done once in so many milliseconds, of which a datagram notices nothing, is done for every
 * third one. */
#include <dlfcn.h>
#include <stdint.h>
#include <time.h>

enum { SLOWER = 50 };

#define NS 1000000000

__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *t)
{
	static int (*next)(clockid_t id, struct timespec *t);
	static int64_t begun;
	int64_t now;
	int err;

	if (!next)
		next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	err = next(id, t);
	if (err || id != CLOCK_REALTIME)
		return err;
	now = (int64_t)t->tv_sec * NS + t->tv_nsec;
	if (!begun)
		begun = now;
	now = begun + (now - begun) / SLOWER;
	*t = (struct timespec){ now / NS, now % NS };
	return 0;
}
