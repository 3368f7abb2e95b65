/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fields.c - arithmetic of the fields: burst quantum, time, sequence (wire format, section 4). */
#include <mdshim/wire.h>

enum {
	CLOCK_BACK = 2 * 65536, /* ticks for which a clock that was set back is not believed */
	CLOCK_REPEATS = 64
};

uint8_t md_burst_quantum(uint64_t octets, uint32_t unit)
{
	uint64_t units;

	if (!unit)
		unit = MD_BQ_UNIT;
	units = octets / unit + (octets % unit != 0);
	return units > UINT8_MAX ? UINT8_MAX : (uint8_t)units;
}

uint32_t md_ntp_short(int64_t sec, uint32_t nsec)
{
	uint64_t seconds = (uint64_t)sec + 2208988800u; /* from 1970 to 1900, RFC 5905 */

	return (uint32_t)(seconds << 16) | (uint32_t)(((uint64_t)nsec << 16) / 1000000000u);
}

uint32_t md_ntp_send(uint32_t ts)
{
	return ts ? ts : 1;
}

int32_t md_ntp_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

int32_t md_seq_delta(uint16_t newer, uint16_t last)
{
	return (int16_t)(uint16_t)(newer - last);
}

static uint32_t move_on(struct md_clock *clock, uint32_t to)
{
	*clock = (struct md_clock){ .last = md_ntp_send(to), .repeats = 1 };
	return clock->last;
}

/* Whether a clock that shows an earlier time than before may still be waited for. */
static bool hold(struct md_clock *clock, uint32_t now)
{
	if (!clock->back || md_ntp_diff(now, clock->back) < 0)
		clock->back = now;
	return md_ntp_diff(now, clock->back) < CLOCK_BACK;
}

uint32_t md_clock_next(struct md_clock *clock, uint32_t now)
{
	int32_t diff;

	now = md_ntp_send(now);
	diff = md_ntp_diff(now, clock->last);
	if (!clock->last || diff > 0 || (diff < 0 && !hold(clock, now)))
		return move_on(clock, now);
	if (!diff)
		clock->back = 0;
	if (clock->repeats < CLOCK_REPEATS) {
		clock->repeats++;
		return clock->last;
	}
	/* The receiver's replay window tells rounds of the Sequence Number apart by the Timestamp (section 4.6). */
	clock->last = md_ntp_send(clock->last + 1);
	clock->repeats = 1;
	return clock->last;
}
