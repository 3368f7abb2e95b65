/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The octets below were put together by hand from the figures of 3GPP TS 29.281 (5.1-1, 5.2.1-1) and TS 38.415 (5.5.2.1-1, DL
 * PDU SESSION INFORMATION; 6.5.2.1-1, DL PDU SET INFORMATION). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sets.h>

static void octets_are(const struct gtpu_set *set, size_t len, const char *hex)
{
	uint8_t is[GTPU_MOST];
	char text[2 * GTPU_MOST + 1] = "";
	size_t n = gtpu_write(is, 0x01020304, 9, set, len);

	for (size_t i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", is[i]);
	assert_string_equal(text, hex);
}

static void header_without_a_set(void **state)
{
	struct gtpu_set set = { .known = false };

	(void)state;
	/* 34: version 1, GTP, E. ff: G-PDU. Length: 8 octets and the PDU. 85: container of one unit: type 0; QFI 9; no next. */
	octets_are(&set, 1200, "34ff04b8" "01020304" "00000085" "01000900");
}

static void header_with_a_set(void **state)
{
	struct gtpu_set set = { .known = true, .number = 0x2a5, .place = 3, .importance = 2 };

	(void)state;
	/* 04: two units: type 0, no flags; QFI 9 (001001) and PSSN 1010100101; PSI 2; PSN 3; padding; no next. */
	octets_are(&set, 1200, "34ff04c0" "01020304" "00000085" "01000904" "020026a5" "02030000");
	set.end = true;
	octets_are(&set, 1200, "34ff04c0" "01020304" "00000085" "01000904" "020426a5" "02030000");
	set.burst_end = true;
	octets_are(&set, 1200, "34ff04c0" "01020304" "00000085" "01000904" "020c26a5" "02030000");
}

static void header_with_a_set_of_known_size(void **state)
{
	struct gtpu_set set = { .known = true, .number = 1023, .place = 255, .importance = 15, .end = true, .size = 0x010203 };

	(void)state;
	octets_are(&set, 40, "34ff003c" "01020304" "00000085" "01000904" "030627ff" "0fff0102" "03000000");
}

static struct radio_packet packet(uint32_t flow, bool coloured, uint8_t name, uint8_t role, uint8_t d, uint8_t p)
{
	struct radio_packet out = { .flow = flow, .size = 500 };

	out.marks = (struct radio_marks){ .known = true, .coloured = coloured, .name = name, .role = role, .d = d, .p = p };
	return out;
}

static void is(struct sets *sets, struct radio_packet p, unsigned number, unsigned place, unsigned importance, bool end, unsigned size)
{
	struct gtpu_set s = sets_note(sets, &p);

	assert_true(s.known);
	assert_int_equal(s.number, number);
	assert_int_equal(s.place, place);
	assert_int_equal(s.importance, importance);
	assert_int_equal(s.end, end);
	assert_int_equal(s.size, size);
}

static void counters_become_sets(void **state)
{
	static struct sets sets;

	(void)state;
	is(&sets, packet(1, false, 200, 0, 1, 1), 0, 0, 1, false, 0);
	is(&sets, packet(1, false, 200, 0, 1, 1), 0, 1, 1, false, 0);
	is(&sets, packet(2, false, 200, 0, 2, 1), 1, 0, 2, false, 0); /* of another flow */
	is(&sets, packet(1, false, 201, 0, 3, 2), 2, 0, 8, false, 0);
	is(&sets, packet(1, false, 200, 0, 1, 1), 0, 2, 1, false, 0); /* sets overlap */
	is(&sets, packet(1, false, 202, 0, 3, 3), 3, 0, 15, false, 0);
	is(&sets, packet(1, false, 203, 0, 0, 0), 4, 0, 0, false, 0);
	is(&sets, packet(1, false, 204, 0, 0, 2), 5, 0, 8, false, 0);
}

static void colours_become_sets_with_ends(void **state)
{
	static struct sets sets;

	(void)state;
	is(&sets, packet(1, true, 0, RADIO_START, 2, 1), 0, 0, 2, false, 0);
	is(&sets, packet(1, true, 0, RADIO_MIDDLE, 2, 1), 0, 1, 2, false, 0);
	is(&sets, packet(1, true, 0, RADIO_END, 2, 1), 0, 2, 2, true, 0);
	is(&sets, packet(1, true, 0, RADIO_MIDDLE, 2, 1), 1, 0, 2, false, 0); /* behind the end: another one */
	is(&sets, packet(1, true, 3, RADIO_ONLY, 1, 1), 2, 0, 1, true, 500);
	is(&sets, packet(1, true, 0, RADIO_START, 2, 1), 3, 0, 2, false, 0);
}

static void numbers_and_places_stay_in_their_fields(void **state)
{
	static struct sets sets;
	struct radio_packet none = { .flow = 1 };

	(void)state;
	assert_false(sets_note(&sets, &none).known);
	for (unsigned i = 0; i < 1024; i++)
		is(&sets, packet(i, false, 1, 0, 2, 1), i, 0, 2, false, 0);
	is(&sets, packet(5000, false, 1, 0, 2, 1), 0, 0, 2, false, 0);
	for (unsigned i = 1; i < 300; i++)
		is(&sets, packet(5000, false, 1, 0, 2, 1), 0, i < 255 ? i : 255, 2, false, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_without_a_set),
		cmocka_unit_test(header_with_a_set),
		cmocka_unit_test(header_with_a_set_of_known_size),
		cmocka_unit_test(counters_become_sets),
		cmocka_unit_test(colours_become_sets_with_ends),
		cmocka_unit_test(numbers_and_places_stay_in_their_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
