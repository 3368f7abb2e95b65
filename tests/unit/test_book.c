/* SPDX-License-Identifier: BSD-3-Clause
 *
 * test_book.c - the books a sender uses: when a new one is seen, what is not believed, and what stays in use meanwhile. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vectors.h"

#include "book.h"
#include "process.h"

enum { NOW = 1000, TICK = 10, PROBE = 1000, THREADS = 4, BOOKS = 3000 };

static struct config config;
static struct md_codebook made;
static struct md_snapshot snapshot;
static char folder[] = "/tmp/mdbook.XXXXXX", path[256];
static void *image;
static uint32_t tick = 1;

/* Every octet of every code, and of the key, is the number's lowest: whatever is torn shows. */
static void make(struct md_snapshot *to, const char *domain, uint32_t number, int64_t from, int64_t until)
{
	memset(&made, 0, sizeof made);
	strcpy(made.domain, domain);
	made.book = number;
	made.not_before = from, made.not_after = until;
	for (unsigned i = 0; i < 5; i++) {
		memset(made.code[i].code, (int)number, MD_CODE_LEN);
		made.code[i].meaning = (struct md_meaning){ .role = MD_ROLE_MIDDLE, .p = 2 };
	}
	made.codes = 5;
	made.key[0] = (struct md_book_key){ .key = { .keyid = (uint8_t)number, .len = 16, .cover = 64 }, .not_before = from,
		.not_after = until };
	memset(made.key[0].key.key, (int)number, 16);
	made.keys = 1;
	md_codebook_index(&made);
	assert_int_equal(md_snapshot_make(to, &made), 0);
}

static void publish(uint32_t number, int64_t from, int64_t until)
{
	make(&snapshot, "one", number, from, until);
	md_image_fill(image, &snapshot);
	md_image_commit(image);
}

/* A file that is mapped to be written; in its place if it is there. */
static void *file_new(void)
{
	char fresh[300];
	void *map;
	int fd;

	snprintf(fresh, sizeof fresh, "%s.new", path);
	fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, MD_IMAGE_SIZE), 0);
	map = mmap(NULL, MD_IMAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(map != MAP_FAILED);
	close(fd);
	md_image_format(map);
	assert_int_equal(rename(fresh, path), 0);
	return map;
}

static int begin(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	strcpy(config.publish_dir, folder);
	strcpy(config.domain[0], "one");
	strcpy(config.domain[1], "two");
	config.domains = 2;
	snprintf(path, sizeof path, "%s/one.book", folder);
	process_start();
	process_is_new();
	return book_start(&config);
}

static int end(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

/* The number of the book in use after some time, or minus the reason. */
static int used(uint32_t later, int64_t now)
{
	struct book book = { 0 };
	enum md_aside why;
	int number;

	tick += later;
	why = book_pin(0, now, tick, &book);
	if (why != MD_ASIDE_COUNT)
		return -(int)why;
	number = (int)book.snapshot->book;
	assert_non_null(book.key);
	assert_int_equal(book.key->keyid, (uint8_t)number);
	book_let_go(&book);
	return number;
}

static void book_is_seen_when_the_file_appears(void **state)
{
	(void)state;
	assert_int_equal(used(0, NOW), -MD_A_NO_BOOK);
	image = file_new();
	assert_int_equal(used(TICK, NOW), -MD_A_NO_BOOK);
	publish(1, 0, NOW + 100);
	assert_int_equal(used(TICK, NOW), -MD_A_NO_BOOK); /* the name was looked for just before */
	assert_int_equal(used(PROBE, NOW), 1);
}

static void next_book_is_seen_within_a_tick(void **state)
{
	(void)state;
	publish(2, 0, NOW + 100);
	assert_int_equal(used(TICK - 1, NOW), 1);
	assert_int_equal(used(1, NOW), 2);
}

static void book_counts_from_its_beginning_to_its_end(void **state)
{
	(void)state;
	publish(3, NOW, NOW + 10);
	assert_int_equal(used(TICK, NOW - 2), -MD_A_NO_BOOK);
	assert_int_equal(used(TICK, NOW - 1), 3); /* the clock was read just before */
	assert_int_equal(used(TICK, NOW), 3);
	assert_int_equal(used(TICK, NOW + 9), 3);
	assert_int_equal(used(TICK, NOW + 10), -MD_A_BOOK_EXPIRED);
	publish(4, NOW, NOW + 1000);
	assert_int_equal(used(TICK, NOW + 10), 4);
}

/* An expired book is looked past at once, however long nothing was sent. */
static void first_packet_after_a_rest_takes_the_new_book(void **state)
{
	(void)state;
	publish(5, NOW, NOW + 2000);
	assert_int_equal(used(60 * PROBE, NOW + 1500), 5);
}

static void another_domain_has_none(void **state)
{
	struct book book = { 0 };

	(void)state;
	assert_int_equal(book_pin(1, NOW, tick, &book), MD_A_NO_BOOK);
	assert_null(book.pin);
	book_let_go(&book);
}

static void book_of_another_domain_is_not_believed(void **state)
{
	(void)state;
	make(&snapshot, "two", 6, 0, NOW + 100);
	md_image_fill(image, &snapshot);
	md_image_commit(image);
	assert_int_equal(used(TICK, NOW), 5);
}

static void damage_is_not_believed_and_the_next_book_is(void **state)
{
	(void)state;
	make(&snapshot, "one", 7, 0, NOW + 100);
	md_image_fill(image, &snapshot);
	md_image_commit(image);
	((uint8_t *)image)[MD_IMAGE_HEAD + 500] ^= 1;
	((uint8_t *)image)[MD_IMAGE_HEAD + MD_IMAGE_SLOT + 500] ^= 1;
	assert_int_equal(used(TICK, NOW), 5);
	publish(8, 0, NOW + 100);
	assert_int_equal(used(TICK, NOW), 8);
}

static void withdrawn_book_is_used_to_its_end(void **state)
{
	(void)state;
	md_image_fill(image, NULL);
	md_image_commit(image);
	assert_int_equal(used(TICK, NOW), 8);
	assert_int_equal(used(TICK, NOW + 100), -MD_A_BOOK_EXPIRED);
	publish(9, 0, NOW + 1000);
	assert_int_equal(used(TICK, NOW), 9);
}

static void file_in_its_place_is_seen_within_a_second(void **state)
{
	(void)state;
	munmap(image, MD_IMAGE_SIZE);
	image = file_new();
	publish(10, 0, NOW + 100); /* generation 1 again */
	assert_int_equal(used(PROBE, NOW), 10);
}

static void file_cut_short_is_survived(void **state)
{
	(void)state;
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(used(TICK, NOW), 10);
	assert_int_equal(used(PROBE, NOW), 10);
	munmap(image, MD_IMAGE_SIZE);
	image = file_new();
	publish(11, 0, NOW + 100);
	assert_int_equal(used(PROBE, NOW), 11);
	assert_int_equal(truncate(path, MD_IMAGE_HEAD + 100), 0); /* head there, slots gone */
	assert_int_equal(used(TICK, NOW), 11);
	munmap(image, MD_IMAGE_SIZE);
	image = file_new();
	publish(12, 0, NOW + 100);
	assert_int_equal(used(PROBE, NOW), 12);
}

static void pinned_book_stays_what_it_is(void **state)
{
	struct book held[4] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		publish(20 + i, 0, NOW + 100);
		tick += TICK;
		assert_int_equal(book_pin(0, NOW, tick, &held[i]), MD_ASIDE_COUNT);
	}
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(held[i].snapshot->book, 20 + i);
		assert_int_equal(held[i].snapshot->code[4][0], 20 + i);
	}
	publish(24, 0, NOW + 100);
	assert_int_equal(used(TICK, NOW), 23); /* no room for another */
	book_let_go(&held[1]);
	book_let_go(&held[1]); /* once is enough */
	assert_int_equal(used(TICK, NOW), 24);
	for (uint32_t i = 0; i < 4; i++)
		book_let_go(&held[i]);
}

static void key_mark_tells_keys_apart(void **state)
{
	struct book a = { 0 }, b = { 0 };

	(void)state;
	publish(30, 0, NOW + 100);
	tick += TICK;
	assert_int_equal(book_pin(0, NOW, tick, &a), MD_ASIDE_COUNT);
	make(&snapshot, "one", 31, 0, NOW + 200);
	snapshot.key[0].keyid = 30;
	memset(snapshot.key[0].key, 30, 16);
	md_image_fill(image, &snapshot);
	md_image_commit(image);
	tick += TICK;
	assert_int_equal(book_pin(0, NOW, tick, &b), MD_ASIDE_COUNT);
	assert_int_equal(b.snapshot->book, 31);
	assert_true(a.mark == b.mark && a.mark);
	book_let_go(&b);
	snapshot.key[0].key[15] ^= 1;
	md_image_fill(image, &snapshot);
	md_image_commit(image);
	tick += TICK;
	assert_int_equal(book_pin(0, NOW, tick, &b), MD_ASIDE_COUNT);
	assert_true(a.mark != b.mark);
	book_let_go(&a);
	book_let_go(&b);
}

static _Atomic uint32_t clock_now;
static _Atomic bool over;

static void *reader(void *wrong)
{
	uint32_t last = 0;

	while (!atomic_load(&over)) {
		struct book book = { 0 };
		uint32_t n;

		if (book_pin(0, NOW, atomic_load(&clock_now), &book) != MD_ASIDE_COUNT) {
			*(bool *)wrong = true;
			continue;
		}
		n = book.snapshot->book;
		for (unsigned i = 0; i < 5; i++)
			for (unsigned k = 0; k < MD_CODE_LEN; k++)
				if (book.snapshot->code[i][k] != (uint8_t)n)
					*(bool *)wrong = true;
		if (n < last || book.key->keyid != (uint8_t)n || book.key->key[15] != (uint8_t)n)
			*(bool *)wrong = true;
		last = n;
		book_let_go(&book);
	}
	return NULL;
}

static void threads_never_see_a_torn_book(void **state)
{
	pthread_t thread[THREADS];
	bool wrong[THREADS] = { false };

	(void)state;
	publish(1000, 0, NOW + 100);
	atomic_store(&clock_now, tick += PROBE);
	assert_int_equal(used(0, NOW), 1000);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, reader, &wrong[i]), 0);
	for (uint32_t n = 1001; n < 1000 + BOOKS; n++) {
		publish(n, 0, NOW + 100);
		atomic_store(&clock_now, tick += TICK);
	}
	atomic_store(&over, true);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		assert_false(wrong[i]);
	}
	assert_int_equal(used(TICK, NOW), 1000 + BOOKS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(book_is_seen_when_the_file_appears),
		cmocka_unit_test(next_book_is_seen_within_a_tick),
		cmocka_unit_test(book_counts_from_its_beginning_to_its_end),
		cmocka_unit_test(first_packet_after_a_rest_takes_the_new_book),
		cmocka_unit_test(another_domain_has_none),
		cmocka_unit_test(book_of_another_domain_is_not_believed),
		cmocka_unit_test(damage_is_not_believed_and_the_next_book_is),
		cmocka_unit_test(withdrawn_book_is_used_to_its_end),
		cmocka_unit_test(file_in_its_place_is_seen_within_a_second),
		cmocka_unit_test(file_cut_short_is_survived),
		cmocka_unit_test(pinned_book_stays_what_it_is),
		cmocka_unit_test(key_mark_tells_keys_apart),
		cmocka_unit_test(threads_never_see_a_torn_book),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
