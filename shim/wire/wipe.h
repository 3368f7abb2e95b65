/* SPDX-License-Identifier: BSD-3-Clause
 *
 * wipe.h - takes a secret off the stack. */
#ifndef MD_WIRE_WIPE_H
#define MD_WIRE_WIPE_H

#include <stddef.h>
#include <string.h>

static inline void wipe(void *secret, size_t len)
{
	memset(secret, 0, len);
	__asm__ __volatile__("" : : "r"(secret) : "memory"); /* or the compiler leaves out a store that nobody reads */
}

#endif
