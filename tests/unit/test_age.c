/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "age.h"

/* One thread's clock is read before another's, and what that one notes is not 49 days old. */
static void what_is_noted_ahead_is_young(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		const uint32_t now[] = { 5000, 0, UINT32_MAX, UINT32_MAX - 3 };

		assert_true(age_below(now[i], now[i], 1));
		assert_true(age_below(now[i], now[i] + 1, 1));
		assert_true(age_below(now[i], now[i] + AGE_AHEAD, 20));
		assert_true(age_below(now[i], now[i] - 19, 20));
		assert_false(age_below(now[i], now[i] - 20, 20));
		assert_false(age_below(now[i], now[i] - 86400000, 20));
		assert_false(age_below(now[i], now[i] - 2u * 1000000000u, 3000));
	}
}

static void a_note_is_never_0_and_never_later(void **state)
{
	(void)state;
	assert_int_equal(age_note(1), 1);
	assert_int_equal(age_note(2), 2);
	assert_int_equal(age_note(UINT32_MAX), UINT32_MAX);
	assert_true(age_note(0) != 0);
	assert_true(0 - age_note(0) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_noted_ahead_is_young),
		cmocka_unit_test(a_note_is_never_0_and_never_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
