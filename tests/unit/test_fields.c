/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mdshim/track.h>

#include "vectors.h"

/* --- Cases of timestamp.json and burst.json --------------------------------------------------------------- */

static void time_is_converted(void **state)
{
	const struct vector_case *c = *state;
	uint32_t ts = md_ntp_short(vec_int(c->in, "unix_sec"), (uint32_t)vec_int(c->in, "unix_nsec"));

	assert_int_equal(ts, vec_int(c->out, "ts"));
	assert_int_equal(md_ntp_send(ts), vec_int(c->out, "sent"));
}

/* Ticks as a decimal number of microseconds, exactly: one tick is 10^6 / 65536, ten decimals are enough. */
static void print_microseconds(char *text, size_t room, int32_t ticks)
{
	uint64_t size = ticks < 0 ? -(uint64_t)(int64_t)ticks : (uint64_t)ticks;
	char *end;

	snprintf(text, room, "%s%llu.%010llu", ticks < 0 ? "-" : "", (unsigned long long)(size * 1000000 >> 16),
		(unsigned long long)((size * 1000000 & 0xffff) * 10000000000u >> 16));
	end = text + strlen(text);
	while (end[-1] == '0')
		*--end = 0;
	if (end[-1] == '.')
		*--end = 0;
}

static void times_are_subtracted(void **state)
{
	const struct vector_case *c = *state;
	int32_t ticks = md_ntp_diff((uint32_t)vec_int(c->in, "a"), (uint32_t)vec_int(c->in, "b"));
	char text[40];

	assert_int_equal(ticks, vec_int(c->out, "ticks"));
	print_microseconds(text, sizeof text, ticks);
	assert_string_equal(text, vec_text(c->out, "microseconds"));
}

static void octets_become_a_quantum(void **state)
{
	const struct vector_case *c = *state;

	assert_int_equal(md_burst_quantum((uint64_t)vec_int(c->in, "octets"), (uint32_t)vec_int(c->in, "unit")),
		vec_int(c->out, "bq"));
}

/* Section 4.4: a call with one wrapped datagram of the flow says nothing about a burst. */
static void call_becomes_a_quantum(void **state)
{
	const struct vector_case *c = *state;
	const json_t *sizes = vec_member(c->in, "inner_sizes");
	uint64_t octets = 0;

	for (size_t i = 0; i < json_array_size(sizes); i++)
		octets += (uint64_t)json_integer_value(json_array_get(sizes, i));
	if (json_array_size(sizes) < 2)
		octets = 0;
	assert_int_equal(md_burst_quantum(octets, (uint32_t)vec_int(c->in, "unit")), vec_int(c->out, "bq"));
}

/* --- Cases of sequence.json ------------------------------------------------------------------------------- */

static void numbers_are_compared(void **state)
{
	const struct vector_case *c = *state;

	assert_int_equal(md_seq_delta((uint16_t)vec_int(c->in, "new"), (uint16_t)vec_int(c->in, "last")),
		vec_int(c->out, "delta"));
}

static void losses_are_counted(void **state)
{
	const struct vector_case *c = *state;
	const json_t *sequence = vec_member(c->in, "sequence");
	struct md_track t = { 0 };

	for (size_t i = 0; i < json_array_size(sequence); i++)
		md_track(&t, (uint16_t)json_integer_value(json_array_get(sequence, i)));
	assert_int_equal(t.packets, json_array_size(sequence));
	assert_int_equal(t.lost, vec_int(c->out, "lost"));
	assert_int_equal(t.late, vec_int(c->out, "late"));
	assert_int_equal(t.repeated, vec_int(c->out, "repeated"));
	assert_int_equal(t.highest, vec_int(c->out, "highest"));
}

static void replays_are_found(void **state)
{
	const struct vector_case *c = *state;
	const json_t *packets = vec_member(c->in, "packets"), *want = vec_member(c->out, "verdicts");
	struct md_replay r = { .window = (uint32_t)vec_int(c->in, "window") };

	r.limit = (uint32_t)vec_int(c->in, "limit_seconds") << 16;
	r.slot = calloc(r.window, sizeof *r.slot);
	assert_non_null(r.slot);
	for (size_t i = 0; i < json_array_size(packets); i++) {
		const json_t *p = json_array_get(packets, i);
		enum md_reason reason = md_replay(&r, (uint16_t)vec_int(p, "seq"), (uint32_t)vec_int(p, "ts"),
			(uint32_t)vec_int(p, "now"));

		assert_string_equal(reason == MD_R_NONE ? "accept" : md_reason_name(reason),
			json_string_value(json_array_get(want, i)));
	}
	free(r.slot);
}

/* --- The clock of a flow ---------------------------------------------------------------------------------- */

static void clock_repeats_itself_64_times_at_most(void **state)
{
	struct md_clock clock = { 0 };

	(void)state;
	for (int i = 0; i < 64; i++)
		assert_int_equal(md_clock_next(&clock, 1000), 1000);
	for (int i = 0; i < 64; i++)
		assert_int_equal(md_clock_next(&clock, 1000), 1001);
	assert_int_equal(md_clock_next(&clock, 1000), 1002);
	assert_int_equal(md_clock_next(&clock, 1003), 1003);
}

static void clock_never_says_that_there_is_no_time(void **state)
{
	struct md_clock clock = { 0 };

	(void)state;
	assert_int_equal(md_clock_next(&clock, 0), 1);
	clock = (struct md_clock){ 0 };
	for (int i = 0; i < 64; i++)
		assert_int_equal(md_clock_next(&clock, 0xffffffff), 0xffffffff);
	assert_int_equal(md_clock_next(&clock, 0xffffffff), 1);
}

static void clock_that_was_set_back_is_waited_for(void **state)
{
	struct md_clock clock = { 0 };

	(void)state;
	assert_int_equal(md_clock_next(&clock, 100000), 100000);
	assert_int_equal(md_clock_next(&clock, 99999), 100000);
	assert_int_equal(md_clock_next(&clock, 40000), 100000);
	assert_int_equal(md_clock_next(&clock, 99999), 100000);
	assert_int_equal(md_clock_next(&clock, 100000), 100000);
	assert_int_equal(md_clock_next(&clock, 100001), 100001);
}

static void clock_that_was_set_back_by_hours_is_believed_after_two_seconds(void **state)
{
	struct md_clock clock = { 0 };

	(void)state;
	assert_int_equal(md_clock_next(&clock, 0x10000000), 0x10000000);
	assert_int_equal(md_clock_next(&clock, 0x01000000), 0x10000000);
	assert_int_equal(md_clock_next(&clock, 0x0101ffff), 0x10000000);
	assert_int_equal(md_clock_next(&clock, 0x01020000), 0x01020000);
	assert_int_equal(md_clock_next(&clock, 0x01020001), 0x01020001);
}

static void clock_that_is_set_back_twice_is_held_again(void **state)
{
	struct md_clock clock = { 0 };

	(void)state;
	md_clock_next(&clock, 0x10000000);
	assert_int_equal(md_clock_next(&clock, 0x0f000000), 0x10000000);
	assert_int_equal(md_clock_next(&clock, 0x01000000), 0x10000000);
	assert_int_equal(md_clock_next(&clock, 0x01010000), 0x10000000);
	assert_int_equal(md_clock_next(&clock, 0x01020000), 0x01020000);
}

static void clock_goes_on_across_the_end_of_its_range(void **state)
{
	struct md_clock clock = { 0 };

	(void)state;
	assert_int_equal(md_clock_next(&clock, 0xfffffff0), 0xfffffff0);
	assert_int_equal(md_clock_next(&clock, 0x00000010), 0x00000010);
	assert_int_equal(md_clock_next(&clock, 0xfffffff8), 0x00000010);
}

/* --- Tracking at its limits ------------------------------------------------------------------------------- */

static void gaps_beyond_the_memory_stay_lost(void **state)
{
	struct md_track t = { 0 };

	(void)state;
	md_track(&t, 0);
	assert_int_equal(md_track(&t, 2000), MD_TRACK_AHEAD);
	assert_int_equal(t.lost, 1999);
	assert_int_equal(md_track(&t, 975), MD_TRACK_REPEATED); /* forgotten */
	assert_int_equal(md_track(&t, 976), MD_TRACK_LATE);
	assert_int_equal(md_track(&t, 1999), MD_TRACK_LATE);
	assert_int_equal(t.lost, 1997);
	assert_int_equal(md_track(&t, 2001), MD_TRACK_NEXT);
	for (uint16_t i = 977; i < 1999; i++)
		assert_int_equal(md_track(&t, i), MD_TRACK_LATE);
	assert_int_equal(t.lost, 975);
	assert_int_equal(t.gaps, 0);
}

static void gap_of_the_round_before_is_not_filled(void **state)
{
	struct md_track t = { 0 };

	(void)state;
	md_track(&t, 0);
	md_track(&t, 2); /* 1 is lost */
	for (uint32_t i = 3; i < 65536 + 3; i++)
		assert_int_equal(md_track(&t, (uint16_t)i), MD_TRACK_NEXT);
	assert_int_equal(md_track(&t, 1), MD_TRACK_REPEATED);
	assert_int_equal(t.lost, 1);
}

/* A plain model: which numbers of the last half round are missing. */
static void tracking_agrees_with_a_plain_model(void **state)
{
	static bool missing[65536];
	uint64_t start = random_seed(), seed = start, lost = 0, late = 0;
	struct md_track t = { 0 };
	uint16_t highest = 7;

	(void)state;
	memset(missing, 0, sizeof missing);
	md_track(&t, highest);
	for (int i = 0; i < 100000; i++) {
		int32_t step = (int32_t)(random_next(&seed) % 40) - 30;
		uint16_t seq = (uint16_t)(highest + (step > 3 ? 1 : step));

		for (uint16_t n = (uint16_t)(highest + 1); md_seq_delta(seq, n) > 0; n++)
			missing[n] = true, lost++;
		if (md_seq_delta(seq, highest) > 0) {
			highest = seq;
			missing[(uint16_t)(highest - 40)] = false; /* out of reach of this test */
		} else if (missing[seq]) {
			missing[seq] = false, late++, lost--;
		}
		md_track(&t, seq);
		if (t.lost != lost || t.late != late || t.highest != highest)
			fail_msg("MD_SEED=%#llx, step %d", (unsigned long long)start, i);
	}
}

static void replay_without_a_table_accepts_nothing(void **state)
{
	struct md_replay r = { .limit = 2 << 16 };

	(void)state;
	assert_int_equal(md_replay(&r, 1, 100, 100), MD_R_REPLAY);
}

int main(void)
{
	static const struct vector_op ops[] = {
		{ "timestamp", "encode", time_is_converted }, { "timestamp", "diff", times_are_subtracted },
		{ "burst", "quantum", octets_become_a_quantum }, { "burst", "call", call_becomes_a_quantum },
		{ "sequence", "delta", numbers_are_compared }, { "sequence", "track", losses_are_counted },
		{ "sequence", "replay", replays_are_found },
	};
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(clock_repeats_itself_64_times_at_most),
		cmocka_unit_test(clock_never_says_that_there_is_no_time),
		cmocka_unit_test(clock_that_was_set_back_is_waited_for),
		cmocka_unit_test(clock_that_was_set_back_by_hours_is_believed_after_two_seconds),
		cmocka_unit_test(clock_that_is_set_back_twice_is_held_again),
		cmocka_unit_test(clock_goes_on_across_the_end_of_its_range),
		cmocka_unit_test(gaps_beyond_the_memory_stay_lost),
		cmocka_unit_test(gap_of_the_round_before_is_not_filled),
		cmocka_unit_test(tracking_agrees_with_a_plain_model),
		cmocka_unit_test(replay_without_a_table_accepts_nothing),
	};

	return VECTORS_RUN("fields", ops, more);
}
