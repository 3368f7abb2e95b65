/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>

#include "real.h"
#include "usually.h"

enum { PAGE_BITS = MEMORY_PAGE_BITS, ADDRESS_BITS = 47, EPOCH_BITS = 8, EPOCH_MASK = 0xffffff, WRITABLE = 1 };

_Atomic uint64_t memory_known[MEMORY_PAGES];
_Atomic uint32_t memory_epoch;

void memory_tick(uint32_t now)
{
	uint32_t e = (now >> EPOCH_BITS) & EPOCH_MASK;

	if (seldom(atomic_load_explicit(&memory_epoch, memory_order_relaxed) != e))
		atomic_store_explicit(&memory_epoch, e, memory_order_relaxed);
}

/* The kernel reads a signal set from the address and then refuses the call, since there is no such way to change the
 * mask: the cheapest question about a page that changes nothing. */
static bool kernel_reads(uint64_t page)
{
	return raw_call(SYS_rt_sigprocmask, -1, (long)(page << PAGE_BITS), 0, 8, 0, 0) != -EFAULT;
}

/* The kernel adds 0 to the word at the address, atomically. At our own word nobody waits; at the other one somebody would be
 * woken if it happened to hold the number compared with, which does no harm: whoever waits for a futex looks again. */
static bool kernel_writes(uint64_t page)
{
	static _Atomic uint32_t nobody;
	long nothing = FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0x555);

	return raw_call(SYS_futex, (long)&nobody, FUTEX_WAKE_OP_PRIVATE, 0, 0, (long)(page << PAGE_BITS), nothing) !=
		-EFAULT;
}

static bool ask(uint64_t page, unsigned writable)
{
	uint32_t now = atomic_load_explicit(&memory_epoch, memory_order_relaxed);
	uint64_t good = page << 25 | (uint64_t)now << 1, word;
	_Atomic uint64_t *slot = &memory_known[page % MEMORY_PAGES];

	word = atomic_load_explicit(slot, memory_order_relaxed);
	if (word == (good | WRITABLE) || (!writable && word == good))
		return true;
	if (writable ? !kernel_writes(page) : !kernel_reads(page))
		return false;
	atomic_store_explicit(slot, good | writable, memory_order_relaxed);
	return true;
}

__attribute__((noinline, cold)) bool memory_ask(const void *where, size_t len, bool writable)
{
	uintptr_t at = (uintptr_t)where;

	if (!len)
		return true;
	if (at >> PAGE_BITS == 0 || at >> ADDRESS_BITS || len >> ADDRESS_BITS || (at + len - 1) >> ADDRESS_BITS)
		return false;
	for (uint64_t page = at >> PAGE_BITS; page <= (at + len - 1) >> PAGE_BITS; page++)
		if (!ask(page, writable))
			return false;
	return true;
}

bool memory_now(const void *at, size_t len, bool writable)
{
	uint64_t last = ((uintptr_t)at + len - 1) >> PAGE_BITS;

	for (uint64_t page = (uintptr_t)at >> PAGE_BITS; page <= last; page++)
		if (writable ? !kernel_writes(page) : !kernel_reads(page))
			return false;
	return true;
}
