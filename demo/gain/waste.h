/* SPDX-License-Identifier: BSD-3-Clause
 *
 * waste.h - why airtime was spent on frames that were not shown in time. */
#ifndef GAIN_WASTE_H
#define GAIN_WASTE_H

#include "arm.h"

enum waste {
	WASTE_FORCED,            /* late key frames that no queue could have brought in time: had they found the link free, they would be late */
	WASTE_KEY,               /* other late key frames */
	WASTE_LATE,              /* other frames that came whole, but late themselves */
	WASTE_ORPHAN,            /* came whole and in time, but not what they refer to */
	WASTE_PART,              /* begun, never finished */
	WASTE_CAUSES
};

extern const char *const waste_names[WASTE_CAUSES]; /* as members of JSON */

/* When each key frame would have arrived on a free link, from its capture; INT64_MAX: no key frame. The caller frees it; NULL: no
 * memory. */
int64_t *waste_alone(const struct capture *capture, const struct frames *frames, const struct trace *trace, int64_t skip, int64_t delay);

/* Share of the airtime of all frames by cause; the sum is all that is wasted. Without r->alone nothing counts as forced. */
void waste_shares(double share[WASTE_CAUSES], const struct frames *frames, const struct arm_result *r, int64_t budget);

#endif
