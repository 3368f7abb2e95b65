/* SPDX-License-Identifier: BSD-3-Clause
 *
 * oracle.h - the bound for every policy: how many frames the best schedule brings in time that knows the whole trace and the
 * whole film beforehand. */
#ifndef GAIN_ORACLE_H
#define GAIN_ORACLE_H

#include "frames.h"

#include <radio_trace.h>

struct oracle_setting {
	const struct trace *trace;
	int64_t skip, delay;     /* as in radio_link_open(); the film begins at 0 */
	int64_t budget;          /* a frame is in time when it can be decoded so long after its first packet's arrival, microseconds */
	bool alone;              /* as if no frame referred to another: what capacity alone would allow */
};

/* The share of all frames, or -1 without memory. */
double oracle_in_time(const struct capture *capture, const struct frames *frames, enum codec codec, const struct oracle_setting *s);

#endif
