/* SPDX-License-Identifier: BSD-3-Clause
 *
 * memory.h - whether we may look where the application points.
 *
 * A bad pointer makes the kernel answer EFAULT; it must not make us crash the host. So every page is shown to the kernel
 * before we read it, and believed for a quarter of a second. */
#ifndef MD_MEMORY_H
#define MD_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether len octets can be read, or written. Cheap where the pages were asked about lately, a system call each where
 * not. Leaves errno alone. */
bool memory_readable(const void *at, size_t len);
bool memory_writable(void *at, size_t len);

/* The time goes on, in milliseconds: old answers grow stale. */
void memory_tick(uint32_t now);

#endif
