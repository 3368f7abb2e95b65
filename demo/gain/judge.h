/* SPDX-License-Identifier: BSD-3-Clause
 *
 * judge.h - what an arm was worth to the viewer. */
#ifndef GAIN_JUDGE_H
#define GAIN_JUDGE_H

#include "arm.h"
#include "pictures.h"
#include "waste.h"

#include <jansson.h>

enum { JUDGE_FIRST = 150000, JUDGE_SECOND = 60000, JUDGE_FREEZE = 5 };

struct verdict {
	double in_time, in_time_60; /* share of all frames: could be decoded within 150 ms and 60 ms of being sent */
	double decodable;        /* share of all frames that could be decoded at any time */
	double frozen;           /* share of time in which the picture stood still for five frames or more */
	double p50, p95, p99;    /* milliseconds, of the frames that arrived whole */
	double keys;             /* share of key frames that arrived whole */
	double wasted;           /* share of the airtime that went to frames not shown in time */
	double waste[WASTE_CAUSES]; /* the same by cause; their sum is wasted */
	double ssim;             /* mean over all places of the film, frozen pictures repeated */
	unsigned damaged;        /* pictures the decoder made otherwise than from the whole stream: should be 0 */
	double usable[101];      /* centiles of the delay until a frame could be decoded, milliseconds; of those that ever could */
};

/* shown[n]: place of the picture that the viewer sees at place n, or -1. Room for all frames. clean: of the whole stream. */
int judge_arm(struct verdict *v, const struct frames *frames, enum codec codec, const struct arm_result *r,
	const struct pictures *source, const struct pictures *clean, int *shown);

/* As an object; the caller owns it. */
json_t *judge_json(const struct verdict *v, uint64_t seed);

#endif
