/* SPDX-License-Identifier: BSD-3-Clause
 *
 * test_mint.c - books as they are made: shares that follow use, rules kept, keys that overlap and KeyIDs that rest. */
#include <stdlib.h>
#include <string.h>

#include "../../provisioner/mint.h"
#include "vectors.h"

static struct md_codebook book, before;
static uint64_t use[MD_MEANINGS];

static const struct domain_config standard = {
	.name = "cap1", .ofc = true, .epoch = 600, .lead = 120, .overlap = 30, .codes = 2048, .colours = 4, .streams = 4,
	.meaning = { { 1, 1, 1 }, { 2, 1, 1 }, { 0, 2, 0 } }, .meanings = 3, .stream = { { 0, 2, 0 } }, .stream_meanings = 1,
	.key_life = 14400, .cover = 64,
};

static void shares_follow_use_with_a_floor(void **state)
{
	uint64_t of[6] = { 0, 1, 100, 1000, 5000, 10000 };
	uint16_t codes[6];
	unsigned sum = 0;

	(void)state;
	assert_true(mint_share(of, 6, 2048, codes));
	for (int i = 0; i < 6; i++) {
		assert_true(codes[i] >= MD_BOOK_SET);
		sum += codes[i];
	}
	assert_in_range(sum, 1900, 2048);
	for (int i = 3; i < 6; i++) /* use per code is alike above the floor */
		assert_true(of[i] / codes[i] * 2 > of[3] / codes[3] && of[i] / codes[i] < 2 * (of[3] / codes[3]));
	assert_false(mint_share(of, 6, 29, codes));
	assert_true(mint_share(of, 6, 30, codes));
	memset(of, 0, sizeof of);
	assert_true(mint_share(of, 6, 60, codes));
	assert_int_equal(codes[0], 10);
}

/* Whatever was measured, use per code of any two sets above the floor differs by less than a factor of 2. */
static void shares_are_even_for_any_use(void **state)
{
	uint64_t seed = random_seed(), of[100];
	uint16_t codes[100];

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < 200; round++) {
		double low = 1e300, high = 0;
		unsigned sum = 0;

		for (int i = 0; i < 100; i++)
			of[i] = random_next(&seed) >> (random_next(&seed) % 40 + 24);
		assert_true(mint_share(of, 100, 4096, codes));
		for (int i = 0; i < 100; i++) {
			double each = (double)of[i] / codes[i];

			sum += codes[i];
			if (codes[i] <= MD_BOOK_SET)
				continue;
			low = each < low ? each : low;
			high = each > high ? each : high;
		}
		assert_true(high < 2 * low || high == 0);
		assert_true(sum <= 4096);
	}
}

static void a_book_keeps_the_rules(void **state)
{
	struct keyring ring = { .last = 255 };
	struct mint mint = { .config = &standard, .book = 1, .now = 1000, .not_before = 1000, .not_after = 1600 };
	struct md_book_faults faults = { 0 };

	(void)state;
	assert_int_equal(mint_book(&mint, &ring, &book), 0);
	md_codebook_check(&book, false, &faults);
	assert_int_equal(faults.reasons, 0);
	assert_in_range(book.codes, 1900, 2048);
	assert_int_equal(md_codebook_colours(&book), 4);
	assert_int_equal(book.keys, 1);
	assert_int_equal(book.key[0].key.keyid, 0);
	assert_int_equal(book.key[0].key.cover, 64);
}

static void frequent_meanings_get_more_codes(void **state)
{
	struct keyring ring = { .last = 255 };
	struct mint mint = { .config = &standard, .book = 1, .now = 1000, .not_before = 1000, .not_after = 1600, .use = use };
	struct md_meaning middle = { .role = MD_ROLE_MIDDLE, .d = 1, .p = 1, .l = 1 }, only = { .role = MD_ROLE_ONLY, .d = 1, .p = 1, .l = 1 };
	unsigned first;

	(void)state;
	memset(use, 0, sizeof use);
	use[md_meaning_number(&middle)] = 9000;
	use[md_meaning_number(&only)] = 1000; /* of all colours together */
	assert_int_equal(mint_book(&mint, &ring, &book), 0);
	assert_in_range(md_codebook_set(&book, md_meaning_number(&middle), &first), 1200, 1800);
	for (only.colour = 0; only.colour < 4; only.colour++)
		assert_in_range(md_codebook_set(&book, md_meaning_number(&only), &first), 30, 60);
}

static void a_med_domain_has_keys_only(void **state)
{
	struct keyring ring = { .last = 7 };
	struct domain_config med = standard;
	struct mint mint = { .config = &med, .book = 1, .now = 1000, .not_before = 1000, .not_after = 1600 };

	(void)state;
	med.ofc = false;
	assert_int_equal(mint_book(&mint, &ring, &book), 0);
	assert_int_equal(book.codes, 0);
	assert_int_equal(book.keys, 1);
	assert_int_equal(book.key[0].key.keyid, 8);
}

/* A month of epochs: there is always a valid key, the next one is known an epoch ahead, and a KeyID rests 65536 s. */
static void keys_overlap_and_keyids_rest(void **state)
{
	struct keyring ring = { .last = 255 };
	int64_t ended[256] = { 0 }, begun[256] = { 0 };
	const struct md_codebook *last = NULL;

	(void)state;
	for (int64_t i = 0, from = 100000; i < 4000; i++, from += 570) {
		struct mint mint = { .config = &standard, .book = (uint32_t)i + 1, .now = from - 90 + 90 * !i, .not_before = from,
			.not_after = from + 600, .before = last };
		int64_t until = 0;

		assert_int_equal(mint_book(&mint, &ring, &book), 0);
		for (uint32_t k = 0; k < book.keys; k++) {
			const struct md_book_key *key = &book.key[k];
			uint8_t id = key->key.keyid;

			until = key->not_before <= from && key->not_after > until ? key->not_after : until;
			if (begun[id] != key->not_before && ended[id])
				assert_true(key->not_before >= ended[id] + MD_KEYID_REST);
			begun[id] = key->not_before;
			ended[id] = key->not_after;
		}
		assert_true(until > from + 30);
		if (until < from + 1170) /* its end is near: the successor is here */
			assert_true(book.keys >= 2);
		before = book;
		last = &before;
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_follow_use_with_a_floor),
		cmocka_unit_test(shares_are_even_for_any_use),
		cmocka_unit_test(a_book_keeps_the_rules),
		cmocka_unit_test(frequent_meanings_get_more_codes),
		cmocka_unit_test(a_med_domain_has_keys_only),
		cmocka_unit_test(keys_overlap_and_keyids_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
