/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <rate.h>

/* An interval of reports: n packets of 1250 octets that took this long, and some lost. */
static double interval(struct rate *r, int64_t *now, unsigned n, int64_t delay, unsigned lost)
{
	*now += RATE_INTERVAL;
	for (unsigned i = 0; i < n; i++)
		rate_arrived(r, *now - 50000, *now - 50000 + delay, 1250, *now);
	for (unsigned i = 0; i < lost; i++)
		rate_lost(r);
	return rate_decide(r, *now);
}

static void a_free_way_adds_200_kbits_a_second(void **state)
{
	struct rate r;
	int64_t now = 0;

	(void)state;
	rate_begin(&r, 1e6, 1e5, 5e6, 0);
	for (int i = 0; i < 10; i++)
		interval(&r, &now, 10, 30000, 0);
	assert_true(fabs(r.bits - 1.2e6) < 1);
	assert_int_equal(r.decreases, 0);
	for (int i = 0; i < 1000; i++)
		interval(&r, &now, 10, 30000, 0);
	assert_true(r.bits <= 5e6 && r.bits > 4.99e6);
}

static void clocks_need_not_agree(void **state)
{
	struct rate r;
	int64_t now = 0;

	(void)state;
	rate_begin(&r, 1e6, 1e5, 5e6, 0);
	interval(&r, &now, 10, -7000000000, 0);
	assert_int_equal(r.standing, 0);
	interval(&r, &now, 10, -7000000000 + 15000, 0);
	assert_int_equal(r.standing, 15000);
	assert_int_equal(r.decreases, 0);
}

static void a_standing_queue_lowers_it_to_what_arrives(void **state)
{
	struct rate r;
	int64_t now = 0;

	(void)state;
	rate_begin(&r, 1.2e6, 1e5, 5e6, 0);
	for (int i = 0; i < 10; i++)
		interval(&r, &now, 10, 30000, 0); /* 1 Mbit/s */
	interval(&r, &now, 10, 30000 + RATE_DELAY_MOST + 1, 0);
	assert_int_equal(r.decreases, 1);
	assert_true(fabs(r.bits - 0.85e6) < 1);
	/* The next is not before the first can have shown. */
	interval(&r, &now, 10, 30000 + RATE_DELAY_MOST + 1, 0);
	interval(&r, &now, 10, 30000 + RATE_DELAY_MOST + 1, 0);
	assert_int_equal(r.decreases, 1);
	interval(&r, &now, 10, 30000 + RATE_DELAY_MOST + 1, 0);
	assert_int_equal(r.decreases, 2);
}

static void between_the_limits_it_stays(void **state)
{
	struct rate r;
	int64_t now = 0;

	(void)state;
	rate_begin(&r, 1e6, 1e5, 5e6, 0);
	interval(&r, &now, 10, 30000, 0);
	assert_true(fabs(r.bits - 1.02e6) < 1);
	interval(&r, &now, 10, 30000 + RATE_DELAY_HOLD + 1, 0);
	assert_true(fabs(r.bits - 1.02e6) < 1);
	interval(&r, &now, 29, 30000, 2); /* 2 of 51 */
	assert_true(fabs(r.loss - 2. / 51) < 1e-9);
	assert_true(fabs(r.bits - 1.02e6) < 1);
}

static void loss_above_a_tenth_lowers_it(void **state)
{
	struct rate r;
	int64_t now = 0;

	(void)state;
	rate_begin(&r, 1e6, 1e5, 5e6, 0);
	for (int i = 0; i < 5; i++)
		interval(&r, &now, 20, 30000, i == 4 ? 13 : 0);
	assert_int_equal(r.decreases, 1);
	assert_true(r.bits < 1e6);
}

static void silence_halves_it_at_most_and_never_below_the_least(void **state)
{
	struct rate r;
	int64_t now = 0;

	(void)state;
	rate_begin(&r, 1e6, 1e5, 5e6, 0);
	interval(&r, &now, 10, 30000, 0);
	for (int i = 0; i < 4; i++)
		interval(&r, &now, 0, 0, 0);
	assert_int_equal(r.decreases, 0);
	interval(&r, &now, 0, 0, 0);
	assert_int_equal(r.decreases, 1);
	assert_true(r.bits >= 1.02e6 / 2 - 1 && r.bits <= 1.02e6 * 0.85);
	for (int i = 0; i < 100; i++)
		interval(&r, &now, 0, 0, 0);
	assert_true(fabs(r.bits - 1e5) < 1);
}

/* A route that became longer is no queue for ever. */
static void the_least_delay_is_forgotten_after_ten_seconds(void **state)
{
	struct rate r;
	int64_t now = 0;

	(void)state;
	rate_begin(&r, 1e6, 1e5, 5e6, 0);
	interval(&r, &now, 10, 30000, 0);
	for (int i = 0; i < RATE_MEMORY - 1; i++)
		interval(&r, &now, 10, 130000, 0);
	assert_int_equal(r.standing, 100000);
	interval(&r, &now, 10, 130000, 0);
	assert_int_equal(r.standing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_free_way_adds_200_kbits_a_second),
		cmocka_unit_test(clocks_need_not_agree),
		cmocka_unit_test(a_standing_queue_lowers_it_to_what_arrives),
		cmocka_unit_test(between_the_limits_it_stays),
		cmocka_unit_test(loss_above_a_tenth_lowers_it),
		cmocka_unit_test(silence_halves_it_at_most_and_never_below_the_least),
		cmocka_unit_test(the_least_delay_is_forgotten_after_ten_seconds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
