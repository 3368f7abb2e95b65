/* SPDX-License-Identifier: BSD-3-Clause */
#include "process.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include "real.h"

/* In memory that the kernel wipes at fork; atfork handlers would not be run by _Fork and raw clone. */
struct mine {
	_Atomic uint32_t known;  /* 0: this process has not been seen yet */
	_Atomic uint64_t drawn;  /* random numbers drawn so far */
	_Atomic uint64_t salt, pepper;
};

static struct mine *mine;
_Atomic uint32_t *process_known;
static uint64_t seed;            /* the ancestor's, mixed with what tells its children apart */

static uint64_t mix(uint64_t x)  /* the finaliser of splitmix64 */
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

void *process_memory(size_t len)
{
	void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	if (madvise(memory, len, MADV_WIPEONFORK) != 0) {
		munmap(memory, len);
		return NULL;
	}
	return memory;
}

int process_start(void)
{
	mine = process_memory(sizeof(*mine));
	if (!mine)
		return -ENOMEM;
	process_known = &mine->known;
	if (raw_call(SYS_getrandom, (long)&seed, sizeof(seed), 0, 0, 0, 0) != sizeof(seed))
		return -EIO;
	return 0;
}

bool process_begins(void)
{
	uint64_t fresh[2] = { 0, 0 };
	struct timespec now = { 0 };
	uint32_t unknown = 0;

	if (!atomic_compare_exchange_strong(&mine->known, &unknown, 1))
		return false;
	/* What the system draws is enough; the rest is for a child where a filter forbids it to be asked. */
	raw_call(SYS_getrandom, (long)fresh, sizeof(fresh), GRND_NONBLOCK, 0, 0, 0);
	clock_gettime(CLOCK_REALTIME, &now);
	atomic_store(&mine->pepper, fresh[1] ^ mix(seed));
	atomic_store(&mine->salt, fresh[0] ^ mix(seed ^ (uint64_t)raw_call(SYS_getpid, 0, 0, 0, 0, 0, 0) << 32 ^
		(uint64_t)now.tv_sec * 1000000000u ^ (uint64_t)now.tv_nsec));
	return true;
}

uint64_t process_random(void)
{
	uint64_t n = atomic_fetch_add_explicit(&mine->drawn, 1, memory_order_relaxed);

	return mix(mix(atomic_load_explicit(&mine->salt, memory_order_relaxed) + n * 0x9e3779b97f4a7c15u) ^
		atomic_load_explicit(&mine->pepper, memory_order_relaxed));
}
