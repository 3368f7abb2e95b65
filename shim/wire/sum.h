/* SPDX-License-Identifier: BSD-3-Clause
 *
 * sum.h - ones' complement sums in words as the CPU loads them (RFC 1071, section 2). */
#ifndef MD_WIRE_SUM_H
#define MD_WIRE_SUM_H

#include <stdint.h>
#include <string.h>

static inline uint64_t sum_add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? sum + 1 : sum;
}

static inline uint64_t sum_load(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

/* Each time both halves are added to each other: the upper one of the result has the carry of the lower. */
static inline uint16_t sum_fold(uint64_t sum)
{
	uint32_t half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);

	return (uint16_t)((half + (half << 16 | half >> 16)) >> 16);
}

#endif
