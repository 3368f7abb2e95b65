/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process.h - what belongs to this process alone and must not live on in a forked child. */
#ifndef MD_PROCESS_H
#define MD_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usually.h"

/* Memory that is zero at first and zero again in every child that has a copy of it (fork, _Fork, clone without
 * CLONE_VM), so that a claim held by another thread of the parent cannot outlive it. Touched pages only cost. NULL if
 * there is none. Only from the constructor. */
void *process_memory(size_t len);

/* Draws the seed. 0 or -errno. Only from the constructor. */
int process_start(void);

/* Whether this process was seen before, in memory that is wiped at fork; and what process_is_new() does if not. */
extern _Atomic uint32_t *process_known;
bool process_begins(void);

/* True if this process has forked away since the last call that returned true, once for each process: then the caller
 * puts its house in order. Cheap: one load. */
static inline bool process_is_new(void)
{
	return seldom(!atomic_load_explicit(process_known, memory_order_acquire)) && process_begins();
}

/* 64 random bits from a generator of 128, seeded by the system anew in every process. Good enough to choose codes and numbers
 * with, not to make keys. Async-signal-safe. */
uint64_t process_random(void);

#endif
