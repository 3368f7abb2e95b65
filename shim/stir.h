/* SPDX-License-Identifier: BSD-3-Clause
 *
 * stir.h - a hash of words, salted: clients choose their ports and addresses and must not choose our buckets. */
#ifndef MD_STIR_H
#define MD_STIR_H

#include <stdint.h>

static inline uint64_t stir(uint64_t x, uint64_t y, uint64_t salt)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)(x ^ 0x9e3779b97f4a7c15u) * (y ^ salt);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#endif
