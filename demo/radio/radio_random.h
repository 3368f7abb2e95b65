/* SPDX-License-Identifier: BSD-3-Clause
 *
 * radio_random.h - numbers that are the same for the same seed, everywhere (splitmix64, Steele et al., OOPSLA 2014). */
#ifndef RADIO_RANDOM_H
#define RADIO_RANDOM_H

#include <math.h>
#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 <= x < 1 */
static inline double random_unit(uint64_t *state)
{
	return (double)(random_next(state) >> 11) * 0x1p-53;
}

/* 0..n-1; n at least 1 */
static inline unsigned random_below(uint64_t *state, unsigned n)
{
	return (unsigned)(random_unit(state) * n);
}

/* Exponentially distributed, mean 1. */
static inline double random_wait(uint64_t *state)
{
	return -log(1 - random_unit(state));
}

/* Normally distributed, mean 0, deviation 1 (Box and Muller). */
static inline double random_normal(uint64_t *state)
{
	double r = sqrt(2 * random_wait(state));

	return r * cos(6.283185307179586 * random_unit(state));
}

#endif
