/* SPDX-License-Identifier: BSD-3-Clause
 *
 * test_snapshot.c - the published image: what is written is read, what is torn, cut or rubbish is not believed. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <mdshim/snapshot.h>

#include "vectors.h"

static struct md_codebook book;
static struct md_snapshot made, taken;
static MD_ALIGNED(16) uint8_t map[MD_IMAGE_SIZE];

/* All roles in two colours for three meanings, and a stream; n codes in each set. */
static void book_make(uint32_t number, unsigned n)
{
	static const uint8_t dpl[3][3] = { { 1, 1, 1 }, { 0, 2, 0 }, { 3, 3, 2 } };
	uint64_t seed = number;
	uint32_t i = 0;

	memset(&book, 0, sizeof book);
	strcpy(book.domain, "cap1-csp1");
	book.book = number;
	book.not_before = 100, book.not_after = 700;
	for (unsigned k = 0; k < 3 * 8 * n; k++) {
		struct md_code *c = &book.code[i++];

		random_fill(&seed, c->code, sizeof c->code);
		c->meaning = (struct md_meaning){ .role = k / n % 4 & 3, .colour = k / n / 4 % 2 & 1, .d = dpl[k / n / 8][0],
			.p = dpl[k / n / 8][1], .l = dpl[k / n / 8][2] };
	}
	for (unsigned k = 0; k < n; k++) {
		random_fill(&seed, book.code[i].code, MD_CODE_LEN);
		book.code[i++].meaning = (struct md_meaning){ .s = 1, .stream = 7, .p = 2 };
	}
	book.codes = i;
	for (i = 0; i < 3; i++) {
		book.key[i] = (struct md_book_key){ .key = { .keyid = (uint8_t)(i + 1), .len = 16, .cover = 64 },
			.not_before = 100 + 100 * i, .not_after = 400 + 100 * i };
		random_fill(&seed, book.key[i].key.key, 16);
	}
	book.keys = 3;
	md_codebook_index(&book);
	assert_int_equal(md_snapshot_make(&made, &book), 0);
}

static void publish(void)
{
	md_image_fill(map, &made);
	md_image_commit(map);
}

static int fresh(void **state)
{
	(void)state;
	memset(map, 0, sizeof map);
	md_image_format(map);
	book_make(1, 5);
	publish();
	return 0;
}

static int take(uint64_t *generation)
{
	return md_image_take(map, sizeof map, generation, &taken);
}

static void what_was_published_is_taken(void **state)
{
	uint64_t generation;

	(void)state;
	assert_int_equal(take(&generation), 0);
	assert_int_equal(generation, 1);
	assert_memory_equal(&made, &taken, sizeof made);
	for (uint32_t i = 2; i < 9; i++) {
		book_make(i, 5 + i);
		publish();
		assert_int_equal(md_image_generation(map), i);
		assert_int_equal(take(&generation), 0);
		assert_int_equal(taken.book, i);
	}
	assert_true(md_image_format(map));
	assert_int_equal(take(&generation), 0);
}

static void nothing_is_taken_from_an_empty_image_or_a_short_one(void **state)
{
	uint64_t generation;

	(void)state;
	for (size_t len = 0; len < MD_IMAGE_SIZE; len += 1021) {
		struct blob cut = blob_copy(map, len);

		assert_int_equal(md_image_take(cut.at, cut.len, &generation, &taken), MD_E_REFUSED);
		blobs_free(NULL);
	}
	memset(map, 0, sizeof map);
	assert_int_equal(take(&generation), MD_E_REFUSED);
	assert_false(md_image_format(map));
	assert_int_equal(take(&generation), MD_E_REFUSED);
	assert_int_equal(generation, 0);
}

static void a_book_taken_out_of_force_is_not_taken(void **state)
{
	uint64_t generation;

	(void)state;
	md_image_fill(map, NULL);
	md_image_commit(map);
	assert_int_equal(take(&generation), MD_E_REFUSED);
	assert_int_equal(generation, 2);
	publish();
	assert_int_equal(take(&generation), 0);
}

static void a_writer_that_dies_before_the_word_moves_changes_nothing(void **state)
{
	struct md_snapshot *before = malloc(sizeof *before);
	uint64_t generation;

	(void)state;
	assert_non_null(before);
	*before = made;
	book_make(2, 6);
	md_image_fill(map, &made);
	assert_int_equal(take(&generation), 0);
	assert_int_equal(generation, 1);
	assert_memory_equal(before, &taken, sizeof taken);
	/* A slot half filled, at every place: a later writer fills it again. */
	for (size_t at = MD_IMAGE_HEAD; at < MD_IMAGE_SIZE / 2; at += 4096)
		memset(map + at, 0xff, 512);
	assert_int_equal(take(&generation), 0);
	book_make(3, 6);
	publish();
	assert_int_equal(take(&generation), 0);
	assert_int_equal(taken.book, 3);
	free(before);
}

static void every_changed_octet_of_the_slot_shows(void **state)
{
	size_t at = MD_IMAGE_HEAD + MD_IMAGE_SLOT, used = sizeof(struct md_snapshot) + 24;
	uint64_t seed = random_seed(), generation;

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	for (int i = 0; i < 1000; i++) {
		size_t octet = i < 200 ? (size_t)i : random_next(&seed) % used;
		uint8_t bit = (uint8_t)(1u << random_next(&seed) % 8);

		map[at + octet] ^= bit;
		assert_int_equal(take(&generation), MD_E_REFUSED);
		map[at + octet] ^= bit;
	}
	assert_int_equal(take(&generation), 0);
}

/* What a slot with a right digest could still say. */
static void a_well_summed_lie_is_refused(void **state)
{
	uint64_t generation;

	(void)state;
#define LIE(change)                                                      \
	do {                                                             \
		book_make(2, 5);                                         \
		change;                                                  \
		publish();                                               \
		assert_int_equal(take(&generation), MD_E_REFUSED);       \
	} while (0)
	LIE(made.codes = MD_BOOK_CODES + 1);
	LIE(made.codes++);
	LIE(made.sets = MD_SNAPSHOT_SETS + 1);
	LIE(made.sets--);
	LIE(made.keys = MD_SNAPSHOT_KEYS + 1);
	LIE(made.set[3].first++);
	LIE(made.set[3].count = 0);
	LIE(made.set[3].meaning = made.set[2].meaning);
	LIE(made.set[made.sets - 1].count = 65535);
	LIE(made.set[made.sets - 1].meaning = 8191);
	LIE(made.set[0].meaning = 0);
	LIE(memset(made.domain, 'a', sizeof made.domain));
	LIE(made.domain[0] = 0);
	LIE(made.domain[0] = '/');
	LIE(made.key[1].len = 65);
	LIE(made.key[1].len = 15);
	LIE(made.key[1].cover = 63);
	LIE(made.key[1].algorithm = 2);
	LIE(made.not_before = made.not_after);
	LIE(made.colours = 5);
	LIE(made.book = 0);
}

static void rubbish_is_refused(void **state)
{
	uint64_t seed = random_seed(), generation;

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	for (int i = 0; i < 50; i++) {
		random_fill(&seed, map + (i % 2 ? 64 : 0), sizeof map / 2);
		assert_int_equal(take(&generation), MD_E_REFUSED);
	}
}

/* --- Picking -------------------------------------------------------------------------------------------------------- */

static struct md_meaning decoded(const uint8_t *code)
{
	const struct md_code *c = md_codebook_find(&book, code, false);

	assert_non_null(c);
	return c->meaning;
}

static void a_pick_means_what_was_asked(void **state)
{
	uint64_t generation;

	(void)state;
	assert_int_equal(take(&generation), 0);
	for (uint32_t i = 0; i < book.codes; i++) {
		struct md_meaning m = book.code[i].meaning, got;

		for (uint64_t r = 0; r <= UINT32_MAX; r += 0x10000001) {
			const uint8_t *code = md_snapshot_pick(&taken, &m, (uint32_t)r);

			assert_non_null(code);
			got = decoded(code);
			if (!m.s && m.role == MD_ROLE_ONLY)
				got.colour = m.colour;
			assert_memory_equal(&got, &m, sizeof m);
		}
	}
}

static void the_whole_of_a_set_is_used(void **state)
{
	struct md_meaning only = { .role = MD_ROLE_ONLY, .d = 1, .p = 1, .l = 1 };
	uint64_t generation;
	unsigned first, n;
	bool used[64] = { false };

	(void)state;
	assert_int_equal(take(&generation), 0);
	n = md_snapshot_set(&taken, &only, &first);
	assert_int_equal(n, 10); /* two colours together */
	for (uint64_t r = 0; r <= UINT32_MAX; r += 0x1000001) {
		const uint8_t *code = md_snapshot_pick(&taken, &only, (uint32_t)r);

		used[(size_t)(code - taken.code[first]) / MD_CODE_LEN] = true;
	}
	for (unsigned i = 0; i < n; i++)
		assert_true(used[i]);
	assert_ptr_equal(md_snapshot_pick(&taken, &only, UINT32_MAX), taken.code[first + n - 1]);
}

static void a_meaning_the_book_lacks_is_said_without_information(void **state)
{
	struct md_meaning m = { .role = MD_ROLE_MIDDLE, .colour = 1, .d = 2, .p = 1, .l = 1 }, got;
	struct md_meaning stream = { .s = 1, .stream = 8, .p = 2 };
	uint64_t generation;

	(void)state;
	assert_int_equal(take(&generation), 0);
	got = decoded(md_snapshot_pick(&taken, &m, 5));
	assert_int_equal(got.role, MD_ROLE_MIDDLE);
	assert_int_equal(got.colour, 1);
	assert_int_equal(got.d * 100 + got.p * 10 + got.l, 20);
	m.colour = 3;
	assert_null(md_snapshot_pick(&taken, &m, 5));
	assert_null(md_snapshot_pick(&taken, &stream, 5));
	stream.stream = 7, stream.p = 1;
	assert_non_null(md_snapshot_pick(&taken, &stream, 5));
	m.p = 0;
	m.colour = 4;
	assert_null(md_snapshot_pick(&taken, &m, 5));
}

static void the_latest_key_that_is_valid_signs(void **state)
{
	static const struct { int64_t now; int keyid, next; } want[] = { { 99, -1, 0 }, { 100, 1, 2 }, { 199, 1, 2 }, { 200, 2, 3 },
		{ 300, 3, 3 }, { 599, 3, 3 }, { 600, -1, 0 } };
	uint64_t generation;
	uint8_t next;

	(void)state;
	assert_int_equal(take(&generation), 0);
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		const struct md_snapshot_key *k = md_snapshot_key(&taken, want[i].now, &next);

		assert_int_equal(k ? k->keyid : -1, want[i].keyid);
		if (k)
			assert_int_equal(next, want[i].next);
	}
	assert_false(md_snapshot_usable(&taken, 99));
	assert_true(md_snapshot_usable(&taken, 100));
	assert_false(md_snapshot_usable(&taken, 700));
}

/* --- Writer and readers at once ----------------------------------------------------------------------------------------- */

enum { READERS = 3, ROUNDS = 300 };
static atomic_bool done;
static atomic_uint started;

static void *reader(void *context)
{
	struct md_snapshot *mine = malloc(sizeof *mine);
	uint64_t generation, last = 0;
	uintptr_t good = 0, wrong = 0;
	bool over;

	(void)context;
	started++;
	do {
		over = done;
		if (!over && md_image_generation(map) == last)
			continue;
		if (md_image_take(map, sizeof map, &generation, mine) == 0) {
			good++;
			/* Every part tells which book it is of. */
			wrong += mine->codes != 25u * (5 + mine->book % 7) || generation < last;
			wrong += mine->book != generation;
		}
		last = generation;
	} while (!over);
	free(mine);
	return (void *)(wrong ? 0 : good);
}

static void readers_beside_a_writer_see_whole_books(void **state)
{
	pthread_t thread[READERS];
	void *good;

	(void)state;
	memset(map, 0, sizeof map);
	md_image_format(map);
	done = false;
	started = 0;
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, reader, NULL), 0);
	while (started < READERS)
		;
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		book_make(i, 5 + i % 7);
		publish();
	}
	done = true;
	for (int i = 0; i < READERS; i++) {
		assert_int_equal(pthread_join(thread[i], &good), 0);
		assert_true((uintptr_t)good >= 1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_published_is_taken, fresh),
		cmocka_unit_test_setup(nothing_is_taken_from_an_empty_image_or_a_short_one, fresh),
		cmocka_unit_test_setup(a_book_taken_out_of_force_is_not_taken, fresh),
		cmocka_unit_test_setup(a_writer_that_dies_before_the_word_moves_changes_nothing, fresh),
		cmocka_unit_test_setup(every_changed_octet_of_the_slot_shows, fresh),
		cmocka_unit_test_setup(a_well_summed_lie_is_refused, fresh),
		cmocka_unit_test_setup(rubbish_is_refused, fresh),
		cmocka_unit_test_setup(a_pick_means_what_was_asked, fresh),
		cmocka_unit_test_setup(the_whole_of_a_set_is_used, fresh),
		cmocka_unit_test_setup(a_meaning_the_book_lacks_is_said_without_information, fresh),
		cmocka_unit_test_setup(the_latest_key_that_is_valid_signs, fresh),
		cmocka_unit_test_setup(readers_beside_a_writer_see_whole_books, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
