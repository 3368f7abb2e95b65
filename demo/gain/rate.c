/* SPDX-License-Identifier: BSD-3-Clause */
#include "rate.h"

#include <string.h>

static const double keep = 0.85, loss_hold = 0.02, loss_most = 0.10;

static struct rate_interval *back(struct rate *r, unsigned n)
{
	return &r->ring[(r->now + RATE_MEMORY - n) % RATE_MEMORY];
}

static void empty(struct rate_interval *i)
{
	*i = (struct rate_interval){ .delay = INT64_MAX };
}

void rate_begin(struct rate *r, double bits, double least, double most, int64_t now)
{
	memset(r, 0, sizeof(*r));
	r->bits = bits;
	r->least = least;
	r->most = most;
	r->heard = r->decreased = now;
	r->standing = -1;
	for (unsigned i = 0; i < RATE_MEMORY; i++)
		empty(&r->ring[i]);
}

void rate_arrived(struct rate *r, int64_t sent, int64_t arrived, size_t octets, int64_t now)
{
	struct rate_interval *i = back(r, 0);

	if (arrived - sent < i->delay)
		i->delay = arrived - sent;
	i->received++;
	i->octets += octets;
	r->heard = now;
}

void rate_lost(struct rate *r)
{
	back(r, 0)->lost++;
}

static void measure(struct rate *r)
{
	int64_t least = INT64_MAX;
	unsigned received = 0, lost = 0;
	size_t octets = 0;

	for (unsigned i = 0; i < RATE_MEMORY; i++)
		if (r->ring[i].delay < least)
			least = r->ring[i].delay;
	for (unsigned i = 0; i < RATE_SECOND; i++) {
		received += back(r, i)->received;
		lost += back(r, i)->lost;
		octets += i < RATE_SECOND / 2 ? back(r, i)->octets : 0;
	}
	r->standing = back(r, 0)->delay == INT64_MAX ? -1 : back(r, 0)->delay - least;
	r->loss = received + lost ? (double)lost / (received + lost) : 0;
	r->arriving = (double)octets * 8 * 2;
}

static void decrease(struct rate *r, int64_t now)
{
	double to = r->arriving * keep;

	if (now - r->decreased < RATE_PAUSE)
		return;
	if (to > r->bits * keep)
		to = r->bits * keep;
	if (to < r->bits / 2)
		to = r->bits / 2;
	r->bits = to;
	r->decreased = now;
	r->decreases++;
}

double rate_decide(struct rate *r, int64_t now)
{
	measure(r);
	if (r->standing > RATE_DELAY_MOST || r->loss > loss_most || now - r->heard > RATE_SILENCE)
		decrease(r, now);
	else if (r->standing >= 0 && r->standing <= RATE_DELAY_HOLD && r->loss <= loss_hold)
		r->bits += RATE_STEP;
	if (r->bits < r->least)
		r->bits = r->least;
	if (r->bits > r->most)
		r->bits = r->most;
	r->now = (r->now + 1) % RATE_MEMORY;
	empty(back(r, 0));
	return r->bits;
}
