/* SPDX-License-Identifier: BSD-3-Clause
 *
 * test_router_flows.c - what the router remembers of flows, for how long, and how much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../demo/router/flows.h"

enum { LIMIT = 2 << 16, TICKS = 65536 };

static struct flows *table(size_t most)
{
	struct flows *flows = flows_new(most, MD_REPLAY_MIN, LIMIT, 12345);

	assert_non_null(flows);
	return flows;
}

static struct md_tuple tuple(unsigned n)
{
	struct md_tuple t = { .version = 4, .src = { 192, 0, 2, 1 }, .dst = { 203, 0, (uint8_t)(n >> 8), (uint8_t)n },
		.sport = 40000, .dport = 50000 };

	return t;
}

static struct flow *get(struct flows *flows, unsigned n, uint64_t ms)
{
	struct md_tuple t = tuple(n);
	struct flow *f = flows_get(flows, &t, false, ms);

	assert_non_null(f);
	return f;
}

static bool there(struct flows *flows, unsigned n)
{
	struct md_tuple t = tuple(n);

	return flows_find(flows, &t, false) != NULL;
}

static struct flow_note note(struct flow *f, uint16_t seq, uint8_t counter, uint64_t ms)
{
	struct md_metadata meta = { .option = MD_MED, .counter = counter, .seq = seq, .ts = (uint32_t)(ms * TICKS / 1000) };
	struct moment now = { 0, (uint32_t)(ms * TICKS / 1000), ms };

	return flows_note(f, &meta, 100, &now);
}

static enum md_reason fresh(struct flows *flows, struct flow *f, uint16_t seq, uint32_t ts, uint32_t now)
{
	struct md_metadata meta = { .option = MD_MED, .seq = seq, .ts = ts };

	return flows_fresh(flows, f, &meta, now);
}

static void a_flow_is_found_again(void **state)
{
	struct flows *flows = table(1000);
	struct flow *f[1000];
	struct md_tuple t;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		f[i] = get(flows, i, 1);
	for (unsigned i = 0; i < 1000; i++)
		assert_ptr_equal(get(flows, i, 2), f[i]);
	t = tuple(7);
	assert_null(flows_find(flows, &t, true)); /* the same addresses inline are another flow */
	t.sport++;
	assert_null(flows_find(flows, &t, false));
	assert_int_equal(flows_totals(flows).begun, 1000);
	flows_free(flows);
}

static void the_flow_idle_longest_makes_room(void **state)
{
	struct flows *flows = table(3);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		note(get(flows, i, i), 1, 1, i);
	get(flows, 0, 10); /* now 1 is the oldest */
	get(flows, 3, 11);
	assert_true(there(flows, 0));
	assert_false(there(flows, 1));
	assert_true(there(flows, 2));
	assert_true(there(flows, 3));
	assert_int_equal(flows_totals(flows).flows, 3);
	assert_int_equal(flows_totals(flows).evicted, 1);
	assert_int_equal(flows_totals(flows).evicted_busy, 1);
	get(flows, 4, 10000); /* 2 has been idle long enough: nothing is lost with it */
	assert_int_equal(flows_totals(flows).evicted, 2);
	assert_int_equal(flows_totals(flows).evicted_busy, 1);
	flows_free(flows);
}

static void what_evicted_flows_counted_stays_in_the_totals(void **state)
{
	struct flows *flows = table(1);
	struct flow *f = get(flows, 1, 0);
	struct flows_totals t;

	(void)state;
	note(f, 1, 1, 0);
	note(f, 5, 2, 0);  /* 2, 3, 4 missing */
	note(f, 3, 2, 0);  /* late */
	note(f, 3, 2, 0);  /* repeated */
	f = get(flows, 2, 1);
	note(f, 1, 1, 1);
	note(f, 3, 1, 1);
	t = flows_totals(flows);
	assert_int_equal(t.flows, 1);
	assert_int_equal(t.mdus, 3);
	assert_int_equal(t.loss.lost, 3);
	assert_int_equal(t.loss.late, 1);
	assert_int_equal(t.loss.repeated, 1);
	flows_free(flows);
}

static void churn_stays_within_bounds(void **state)
{
	struct flows *flows = table(64);

	(void)state;
	for (unsigned i = 0; i < 60000; i++)
		note(get(flows, i, i), 1, 1, i);
	assert_int_equal(flows_totals(flows).flows, 64);
	assert_int_equal(flows_totals(flows).evicted, 60000 - 64);
	assert_int_equal(flows_totals(flows).mdus, 60000);
	flows_free(flows);
}

static void an_mdu_begins_with_a_value_not_in_memory(void **state)
{
	struct flows *flows = table(1);
	struct flow *f = get(flows, 1, 0);

	(void)state;
	assert_true(note(f, 1, 200, 0).mdu_new);
	assert_false(note(f, 2, 200, 0).mdu_new);
	assert_true(note(f, 3, 201, 0).mdu_new);
	assert_false(note(f, 4, 200, 0).mdu_new); /* MDUs overlap */
	assert_true(note(f, 5, 0, 0).mdu_new);
	assert_int_equal(f->mdus, 3);
	flows_free(flows);
}

static void an_mdu_is_forgotten_after_a_second_without_a_packet(void **state)
{
	struct flows *flows = table(1);
	struct flow *f = get(flows, 1, 5000);

	(void)state;
	assert_true(note(f, 1, 9, 5000).mdu_new);
	assert_false(note(f, 2, 9, 6000).mdu_new); /* exactly one second is not more than one */
	assert_false(note(f, 3, 9, 6900).mdu_new); /* each packet begins the second anew */
	assert_true(note(f, 4, 9, 7901).mdu_new);
	flows_free(flows);
}

static void an_mdu_is_forgotten_after_128_newer_ones(void **state)
{
	struct flows *flows = table(1);
	struct flow *f = get(flows, 1, 0);
	uint16_t seq = 0;

	(void)state;
	note(f, seq++, 0, 0);
	for (unsigned i = 1; i <= 127; i++)
		assert_true(note(f, seq++, (uint8_t)i, 0).mdu_new);
	assert_false(note(f, seq++, 0, 0).mdu_new); /* 127 newer */
	assert_true(note(f, seq++, 128, 0).mdu_new);
	assert_true(note(f, seq++, 0, 0).mdu_new);  /* 128 newer */
	flows_free(flows);
}

static void a_stream_has_no_mdus(void **state)
{
	struct md_metadata meta = { .option = MD_MED, .s = 1, .seq = 1, .ts = 1 };
	struct moment now = { 0, 1, 1 };
	struct flows *flows = table(1);

	(void)state;
	assert_false(flows_note(get(flows, 1, 1), &meta, 100, &now).mdu_new);
	meta.s = 0;
	meta.option = MD_OFC;
	assert_false(flows_note(get(flows, 1, 1), &meta, 100, &now).mdu_new);
	flows_free(flows);
}

static void idle_state_is_freed_after_four_seconds_and_its_figures_stay(void **state)
{
	struct flows *flows = table(1);
	struct flow *f = get(flows, 1, 1000);

	(void)state;
	note(f, 1, 1, 1000);
	note(f, 4, 1, 1000);
	flows_expire(flows, 5000);
	assert_non_null(f->live);
	flows_expire(flows, 5002);
	assert_null(f->live);
	assert_int_equal(f->packets, 2);
	assert_int_equal(flow_loss(f).lost, 2);
	assert_ptr_equal(get(flows, 1, 5003), f);
	assert_int_equal(note(f, 30000, 1, 5003).track, MD_TRACK_NEXT); /* a gap that says nothing about loss */
	assert_int_equal(flow_loss(f).lost, 2);
	assert_int_equal(f->packets, 3);
	flows_free(flows);
}

static void a_long_limit_keeps_the_replay_table_for_twice_as_long(void **state)
{
	struct flows *flows = flows_new(1, MD_REPLAY_MIN, 10 << 16, 1);
	struct flow *f;

	(void)state;
	assert_non_null(flows);
	f = get(flows, 1, 0);
	flows_expire(flows, 20000);
	assert_non_null(f->live);
	flows_expire(flows, 20002);
	assert_null(f->live);
	flows_free(flows);
}

/* Expiry is by age, so a flow that got a packet meanwhile must not hide behind one that did not. */
static void only_idle_flows_expire(void **state)
{
	struct flows *flows = table(8);
	struct flow *a = get(flows, 1, 0), *b = get(flows, 2, 0), *c = get(flows, 3, 0);

	(void)state;
	get(flows, 2, 3000);
	flows_expire(flows, 5000);
	assert_null(a->live);
	assert_non_null(b->live);
	assert_null(c->live);
	flows_expire(flows, 9000);
	assert_null(b->live);
	flows_free(flows);
}

static void replays_are_told_per_flow(void **state)
{
	struct flows *flows = table(2);
	struct flow *a = get(flows, 1, 0), *b = get(flows, 2, 0);

	(void)state;
	assert_int_equal(fresh(flows, a, 7, 1000, 1000), MD_R_NONE);
	assert_int_equal(fresh(flows, a, 7, 1000, 1000), MD_R_REPLAY);
	assert_int_equal(fresh(flows, b, 7, 1000, 1000), MD_R_NONE);
	assert_int_equal(fresh(flows, a, 8, 1000, 1000), MD_R_NONE);
	assert_int_equal(fresh(flows, a, 9, 1000, 1000 + LIMIT + 1), MD_R_STALE);
	flows_free(flows);
}

static void without_a_flow_only_the_time_is_judged(void **state)
{
	struct flows *flows = table(1);

	(void)state;
	assert_int_equal(fresh(flows, NULL, 7, 1000, 1000), MD_R_NONE);
	assert_int_equal(fresh(flows, NULL, 7, 1000, 1000), MD_R_NONE);
	assert_int_equal(fresh(flows, NULL, 7, 0, 1000), MD_R_STALE);
	assert_int_equal(fresh(flows, NULL, 7, 1000, 1000 + LIMIT + 1), MD_R_STALE);
	flows_free(flows);
}

/* RFC 3550, section 6.4.1: J += (|D| - J) / 16. */
static void jitter_follows_rfc3550(void **state)
{
	static const struct {
		uint32_t sent, arrived;
		double jitter;
	} row[] = {
		{ 1000, 5000, 0 },
		{ 2000, 6000, 0 },         /* as far apart as they were sent */
		{ 3000, 7160, 10 },        /* 160 late: 160 / 16 */
		{ 4000, 8000, 19.375 },    /* 160 early against the one before */
		{ 0, 9999, 19.375 },       /* no time */
		{ 5000, 9000, 18.1640625 },
	};
	struct flows *flows = table(1);
	struct flow *f = get(flows, 1, 0);

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct md_metadata meta = { .option = MD_MED, .seq = (uint16_t)i, .ts = row[i].sent };
		struct moment now = { 0, row[i].arrived, 0 };

		flows_note(f, &meta, 100, &now);
		assert_true(f->jitter > row[i].jitter - 1e-9 && f->jitter < row[i].jitter + 1e-9);
	}
	flows_free(flows);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_is_found_again),
		cmocka_unit_test(the_flow_idle_longest_makes_room),
		cmocka_unit_test(what_evicted_flows_counted_stays_in_the_totals),
		cmocka_unit_test(churn_stays_within_bounds),
		cmocka_unit_test(an_mdu_begins_with_a_value_not_in_memory),
		cmocka_unit_test(an_mdu_is_forgotten_after_a_second_without_a_packet),
		cmocka_unit_test(an_mdu_is_forgotten_after_128_newer_ones),
		cmocka_unit_test(a_stream_has_no_mdus),
		cmocka_unit_test(idle_state_is_freed_after_four_seconds_and_its_figures_stay),
		cmocka_unit_test(a_long_limit_keeps_the_replay_table_for_twice_as_long),
		cmocka_unit_test(only_idle_flows_expire),
		cmocka_unit_test(replays_are_told_per_flow),
		cmocka_unit_test(without_a_flow_only_the_time_is_judged),
		cmocka_unit_test(jitter_follows_rfc3550),
	};

	return cmocka_run_group_tests_name("router flows", tests, NULL, NULL);
}
