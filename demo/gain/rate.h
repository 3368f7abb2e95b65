/* SPDX-License-Identifier: BSD-3-Clause
 *
 * rate.h - the sender's congestion controller in the closed loop: additive increase, multiplicative decrease, on the transport-wide
 * feedback of the client (RTCP, draft-holmer-rmcat-transport-wide-cc-extensions). Pure.
 *
 * Ten times a second, after what was reported since the last time:
 *
 *     standing delay > 60 ms, or loss > 10 % of the last second, or nothing heard for 400 ms:
 *         what arrived in the last half second, times 0.85; but not below half of the old rate, and not twice in 300 ms
 *     standing delay > 20 ms, or loss > 2 %:    as it is
 *     else:                                     plus 20 kbit/s, that is 200 kbit/s in a second
 *
 * Standing delay: the least one-way delay of those reported, before the least of the last ten seconds. Factor and loss limits are those of
 * Google's controller (draft-ietf-rmcat-gcc-02, sections 5.5 and 6); its filter of the delay's gradient is not here. */
#ifndef GAIN_RATE_H
#define GAIN_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Intervals in a second, and of ten seconds. */
enum { RATE_INTERVAL = 100000, RATE_SECOND = 10, RATE_MEMORY = 100, RATE_DELAY_HOLD = 20000, RATE_DELAY_MOST = 60000,
	RATE_SILENCE = 400000, RATE_PAUSE = 300000, RATE_STEP = 20000 };

struct rate {
	double bits, least, most; /* bit/s */
	struct rate_interval {
		int64_t delay;       /* least, INT64_MAX: none reported */
		unsigned received, lost;
		size_t octets;
	} ring[RATE_MEMORY];
	unsigned now;            /* place in the ring that is being filled */
	int64_t heard, decreased; /* last report of a packet that arrived; last decrease */
	int64_t standing;        /* of the last decision, microseconds; -1: nothing reported */
	double loss, arriving;   /* of the last second; of the last half, bit/s */
	unsigned decreases;
};

void rate_begin(struct rate *r, double bits, double least, double most, int64_t now);

/* One packet of a report, in microseconds of two clocks that run alike. */
void rate_arrived(struct rate *r, int64_t sent, int64_t arrived, size_t octets, int64_t now);
void rate_lost(struct rate *r);

/* To be called each RATE_INTERVAL: the new rate. */
double rate_decide(struct rate *r, int64_t now);

#endif
