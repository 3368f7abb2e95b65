/* SPDX-License-Identifier: BSD-3-Clause */
#include "usage.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include <mdshim/usage.h>

#include "age.h"
#include "ledger.h"
#include "memory.h"
#include "process.h"
#include "table.h"

enum { SETTLE_MS = 100 };

/* In memory that is wiped at fork, so that nothing is counted twice. */
struct tallies {
	_Atomic uint32_t claim, settled;
	_Atomic uint32_t count[MD_MEANINGS];
	_Atomic uint64_t touched[MD_MEANINGS / 64];
};

static struct tallies *tallies;
static struct md_usage *usage;

static void introduce(void *map, const void *argument)
{
	struct md_usage *u = map;

	(void)argument;
	u->version = MD_USAGE_VERSION;
	u->pid = getpid();
	u->size = sizeof(*u);
	u->magic = MD_USAGE_MAGIC;
}

int usage_open(const char *dir)
{
	struct tallies *mine = process_memory(sizeof(*mine));
	void *map;
	int err;

	if (!mine)
		return -ENOMEM;
	err = ledger_open(dir, ".usage", sizeof(*usage), introduce, NULL, &map);
	if (err)
		return err;
	usage = map;
	tallies = mine;
	return 0;
}

static void settle_one(unsigned meaning)
{
	uint32_t n = atomic_exchange_explicit(&tallies->count[meaning], 0, memory_order_relaxed);

	if (n && memory_now(&usage->count[meaning], sizeof(usage->count[meaning]), true))
		__atomic_fetch_add(&usage->count[meaning], n, __ATOMIC_RELAXED);
}

static __attribute__((noinline)) void settle(uint32_t now)
{
	if (!claim_try(&tallies->claim, now))
		return;
	for (unsigned i = 0; i < MD_MEANINGS / 64; i++)
		for (uint64_t left = atomic_exchange_explicit(&tallies->touched[i], 0, memory_order_relaxed); left;
			left &= left - 1)
			settle_one(i * 64 + (unsigned)__builtin_ctzll(left));
	atomic_store_explicit(&tallies->settled, age_note(now), memory_order_relaxed);
	claim_drop(&tallies->claim);
}

void usage_count(int meaning, uint32_t now)
{
	uint64_t bit;

	if (!tallies || meaning < 0)
		return;
	bit = (uint64_t)1 << meaning % 64;
	atomic_fetch_add_explicit(&tallies->count[meaning], 1, memory_order_relaxed);
	if (!(atomic_load_explicit(&tallies->touched[meaning / 64], memory_order_relaxed) & bit))
		atomic_fetch_or_explicit(&tallies->touched[meaning / 64], bit, memory_order_relaxed);
	if (!age_below(now, atomic_load_explicit(&tallies->settled, memory_order_relaxed), SETTLE_MS))
		settle(now);
}
