/* SPDX-License-Identifier: BSD-3-Clause
 *
 * toll.h - what of a flow's airtime went to MDUs that came too late, and so the price of sending more of that kind: the
 * more was wasted, the surer a chain has to be of its recovery. For mdu_flow.c. */
#ifndef RADIO_TOLL_H
#define RADIO_TOLL_H

#include <math.h>
#include <stdint.h>

/* Zero at first. */
struct toll {
	double late, all;        /* octets sent, with exponential memory */
	int64_t at;
};

/* Octets were sent; so many, of these or of earlier ones, turned out to be too late. */
static inline void toll_note(struct toll *t, double all, double late, int64_t now)
{
	static const double memory = 60e6; /* microseconds */
	double keep = t->at ? exp(-(double)(now - t->at) / memory) : 0;

	t->at = now;
	t->all = t->all * keep + all;
	t->late = t->late * keep + late;
}

/* How many octets have to come in time for each that is sent late: 0 to dearest. */
static inline double toll_price(const struct toll *t)
{
	static const double limit = 0.15, at_limit = 2, dearest = 1.75;
	double share = t->all > 0 ? t->late / t->all / limit : 0;

	return fmin(at_limit * share * share, dearest);
}

#endif
