/* SPDX-License-Identifier: BSD-3-Clause
 *
 * memory.h - whether we may look where the application points.
 *
 * A bad pointer makes the kernel answer EFAULT; it must not make us crash the host. So every page is shown to the kernel
 * before we read it, and believed for a quarter of a second. */
#ifndef MD_MEMORY_H
#define MD_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usually.h"

enum { MEMORY_PAGE_BITS = 12, MEMORY_PAGES = 1024 };

/* By page number: the page, the epoch in which it was asked about, and whether it could be written. One word each, so that
 * threads never see half an answer. */
extern _Atomic uint64_t memory_known[MEMORY_PAGES];
extern _Atomic uint32_t memory_epoch;

bool memory_ask(const void *at, size_t len, bool writable);

/* Whether the page was asked about in this epoch, and could be read at least. */
static inline bool memory_page_known(uint64_t page)
{
	uint64_t good = page << 25 | (uint64_t)atomic_load_explicit(&memory_epoch, memory_order_relaxed) << 1;
	uint64_t word = atomic_load_explicit(&memory_known[page % MEMORY_PAGES], memory_order_relaxed);

	return (word ^ good) <= 1 && page;
}

/* Whether len octets can be read, or written. Cheap where the pages were asked about lately and are two at most, a system
 * call each where not. Leaves errno alone. */
static inline bool memory_readable(const void *at, size_t len)
{
	uint64_t first = (uintptr_t)at >> MEMORY_PAGE_BITS, last = ((uintptr_t)at + len - 1) >> MEMORY_PAGE_BITS;

	if (usually(len && last - first <= 1 && memory_page_known(first) && (last == first || memory_page_known(last))))
		return true;
	return memory_ask(at, len, false);
}

static inline bool memory_writable(void *at, size_t len)
{
	return memory_ask(at, len, true);
}

/* The same, but every page is shown to the kernel now: for memory that somebody else may take away (a file that is cut). */
bool memory_now(const void *at, size_t len, bool writable);

/* The time goes on, in milliseconds: old answers grow stale. */
void memory_tick(uint32_t now);

#endif
