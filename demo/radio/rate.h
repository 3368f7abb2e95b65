/* SPDX-License-Identifier: BSD-3-Clause
 *
 * rate.h - what the link carries while something waits for it: a mean with exponential memory, of that time only. */
#ifndef RADIO_RATE_H
#define RADIO_RATE_H

#include <math.h>
#include <stdint.h>

/* Zero at first. */
struct rate {
	double busy, carried;
	double value;            /* octets a microsecond, 0: not known */
};

/* octets were carried in the span that ended now; memory, span: microseconds. A long pause counts as its end does, no more. */
static inline void rate_note(struct rate *r, double memory, double span, double octets)
{
	double keep = exp(-span / memory), weight = memory * (1 - keep);

	r->busy = r->busy * keep + weight;
	r->carried = r->carried * keep + octets * weight / span;
	r->value = r->carried / r->busy;
}

#endif
