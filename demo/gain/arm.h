/* SPDX-License-Identifier: BSD-3-Clause
 *
 * arm.h - one playing of a capture over the link: a trace, a policy, a seed. */
#ifndef GAIN_ARM_H
#define GAIN_ARM_H

#include "frames.h"

#include <radio_link.h>

struct arm_setting {
	const struct radio_queue_policy *policy;
	struct radio_queue_options queue;
	const struct trace *trace;
	int64_t skip, delay;
	bool tcp;                /* with a competing TCP flow */
	void (*see)(void *context, int64_t now, size_t octets); /* what waits, at each arrival; may be NULL */
	void *context;
};

struct arm_result {
	int64_t *done, *when;    /* of each frame: arrival of its last packet, and when it can be decoded; INT64_MAX: never */
	int64_t *alone;          /* of each key frame: when it would have arrived on a free link; NULL: not known */
	unsigned *carried;       /* of each frame: octets that took airtime */
	size_t dropped;          /* packets */
	double tcp_bits;         /* bit/s */
};

/* 0, or -1 without memory. */
int arm_play(struct arm_result *out, const struct capture *capture, const struct frames *frames, enum codec codec,
	const struct arm_setting *s);
void arm_free(struct arm_result *r);

#endif
