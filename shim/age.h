/* SPDX-License-Identifier: BSD-3-Clause
 *
 * age.h - how long ago something was, in milliseconds of a clock that comes round every 49 days.
 *
 * Every thread reads the clock for itself and once per call, so what another one noted may be a little later than "now"; that
 * is no age of 49 days. */
#ifndef MD_AGE_H
#define MD_AGE_H

#include <stdbool.h>
#include <stdint.h>

enum { AGE_AHEAD = 1000 }; /* no thread is further behind another, but one that was stopped */

/* To be noted where 0 says "never". */
static inline uint32_t age_note(uint32_t now)
{
	return now ? now : UINT32_MAX;
}

static inline bool age_below(uint32_t now, uint32_t since, uint32_t limit)
{
	return now - since + AGE_AHEAD < limit + AGE_AHEAD;
}

#endif
