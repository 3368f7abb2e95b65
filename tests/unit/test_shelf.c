/* SPDX-License-Identifier: BSD-3-Clause
 *
 * test_shelf.c - the books a router keeps: which offers are taken, which two are kept, in memory and over a restart. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../demo/router/keys.h"
#include "../../demo/router/shelf.h"
#include "../../provisioner/bookjson.h"
#include "../../demo/router/lend.h"
#include "vectors.h"

static char folder[64];
static struct keys *keys;
static struct shelf *shelf;
static uint64_t seed;

/* A stream meaning of five codes and a key: code[0] is the book's number. */
static char *document(uint32_t number, int64_t from, int64_t to, size_t *len)
{
	static struct md_codebook book;

	memset(&book, 0, sizeof book);
	strcpy(book.domain, "cap1");
	book.book = number;
	book.not_before = from;
	book.not_after = to;
	for (book.codes = 0; book.codes < MD_BOOK_SET; book.codes++) {
		struct md_code *c = &book.code[book.codes];

		c->meaning = (struct md_meaning){ .s = 1, .stream = 3, .p = 2 };
		c->code[0] = (uint8_t)number;
		c->code[15] = (uint8_t)(book.codes + 1);
	}
	book.keys = 1;
	book.key[0].key = (struct md_key){ .keyid = (uint8_t)number, .algorithm = MD_AES_128_CMAC_96, .len = 16, .cover = 64 };
	book.key[0].key.key[0] = (uint8_t)number;
	book.key[0].not_before = from;
	book.key[0].not_after = to;
	md_codebook_index(&book);
	return bookjson_write(&book, len);
}

static int offered(uint32_t number, int64_t from, int64_t to, struct md_book_faults *faults)
{
	size_t len;
	char *text = document(number, from, to, &len);
	uint32_t read;
	int err;

	memset(faults, 0, sizeof *faults);
	err = shelf_offer(shelf, text, len, faults, &read);
	assert_int_equal(read, err ? read : number);
	bookjson_free(text, len);
	return err;
}

static bool decodes(uint32_t number)
{
	struct md_metadata meta = { .code = { (uint8_t)number, [15] = 1 } };
	struct md_meaning meaning;
	bool found;

	shelf_lock(shelf);
	found = shelf_find(shelf, &meta, &meaning);
	shelf_unlock(shelf);
	assert_true(!found || (meaning.s == 1 && meaning.stream == 3 && meaning.p == 2));
	return found;
}

static int begin(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/mdshelf.XXXXXX");
	seed = random_seed();
	keys = keys_new(16, seed, &lend_libcrypto);
	return mkdtemp(folder) && keys && shelf_open(&shelf, folder, "cap1", false, keys, time(NULL)) == 0 ? 0 : -1;
}

static int end(void **state)
{
	char path[400];
	DIR *d = opendir(folder);
	struct dirent *e;

	(void)state;
	shelf_close(shelf);
	keys_free(keys);
	while (d && (e = readdir(d))) {
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		unlink(path);
	}
	closedir(d);
	return rmdir(folder);
}

static bool refused(uint32_t number, int64_t from, int64_t to, enum md_book_reason reason)
{
	struct md_book_faults faults;

	return offered(number, from, to, &faults) == -EINVAL && faults.reasons == 1u << reason;
}

static void the_newest_two_are_kept(void **state)
{
	struct md_book_faults faults;
	int64_t now = time(NULL);
	char path[128];
	struct stat st;

	(void)state;
	for (uint32_t i = 1; i <= 3; i++)
		assert_int_equal(offered(i, now, now + 600, &faults), 0);
	assert_false(decodes(1));
	assert_true(decodes(2));
	assert_true(decodes(3));
	assert_int_equal(offered(3, now, now + 600, &faults), 0); /* the very same again */
	assert_int_equal(shelf_counts(shelf).repeated, 1);
	assert_true(refused(1, now, now + 600, MD_B_BOOK_OLD));
	assert_true(refused(4, now - 600, now, MD_B_EXPIRED));
	snprintf(path, sizeof path, "%s/cap1.1.book", folder);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof path, "%s/cap1.3.book", folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void a_restart_loses_nothing(void **state)
{
	struct md_book_faults faults;
	int64_t now = time(NULL);
	char path[128];

	(void)state;
	for (uint32_t i = 7; i <= 8; i++)
		assert_int_equal(offered(i, now, now + 600, &faults), 0);
	shelf_close(shelf);
	assert_int_equal(shelf_open(&shelf, folder, "cap1", false, keys, time(NULL)), 0);
	assert_true(decodes(7) && decodes(8));
	assert_true(refused(6, now, now + 600, MD_B_BOOK_OLD));
	shelf_close(shelf);
	snprintf(path, sizeof path, "%s/cap1.8.book", folder);
	assert_int_equal(truncate(path, 200), 0);
	assert_int_equal(shelf_open(&shelf, folder, "cap1", false, keys, time(NULL)), 0);
	assert_true(decodes(7));
	assert_false(decodes(8));
	assert_int_equal(shelf_counts(shelf).damaged, 1);
	assert_true(refused(8, now, now + 600, MD_B_BOOK_OLD)); /* the number outlives the book */
}

/* Killed between the book and the number: the book counts. */
static void a_book_without_its_number_is_there(void **state)
{
	struct md_book_faults faults;
	int64_t now = time(NULL);
	char path[128];

	(void)state;
	assert_int_equal(offered(5, now, now + 600, &faults), 0);
	shelf_close(shelf);
	snprintf(path, sizeof path, "%s/cap1.highest", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(shelf_open(&shelf, folder, "cap1", false, keys, time(NULL)), 0);
	assert_true(decodes(5));
	assert_int_equal(offered(5, now, now + 600, &faults), 0);
	assert_true(refused(4, now, now + 600, MD_B_BOOK_OLD));
}

/* A recording is read with the books of its time, however old it is. */
static void books_of_another_time_are_judged_by_that_time(void **state)
{
	struct md_book_faults faults;
	int64_t now = time(NULL);
	char path[128];

	(void)state;
	assert_int_equal(offered(5, now, now + 600, &faults), 0);
	snprintf(path, sizeof path, "%s/cap1.5.book", folder);
	shelf_close(shelf);
	assert_int_equal(shelf_open(&shelf, folder, "cap1", false, keys, now + 600), 0);
	assert_true(decodes(5)); /* the allowance for clocks */
	shelf_close(shelf);
	assert_int_equal(shelf_open(&shelf, folder, "cap1", false, keys, now + 600 + MD_BOOK_GRACE), 0);
	assert_false(decodes(5));
	assert_int_equal(access(path, F_OK), -1);
}

static void what_is_over_is_forgotten(void **state)
{
	struct md_book_faults faults;
	struct shelf_book kept[2];
	int64_t now = time(NULL);
	char path[128];

	(void)state;
	assert_int_equal(offered(1, now, now + 100, &faults), 0);
	assert_int_equal(offered(2, now, now + 50, &faults), 0);
	shelf_sweep(shelf, now + 50 + MD_BOOK_GRACE - 1);
	assert_int_equal(shelf_books(shelf, kept), 2);
	shelf_sweep(shelf, now + 50 + MD_BOOK_GRACE);
	assert_int_equal(shelf_books(shelf, kept), 1);
	assert_int_equal(kept[0].book, 1);
	assert_true(decodes(1));
	snprintf(path, sizeof path, "%s/cap1.2.book", folder);
	assert_int_equal(access(path, F_OK), -1);
	shelf_sweep(shelf, now + 100 + MD_BOOK_GRACE);
	assert_int_equal(shelf_books(shelf, kept), 0);
	assert_true(refused(2, now, now + 600, MD_B_BOOK_OLD));
}

/* A router that was given a KeyID cannot believe what is signed with another key of that number. */
static void a_key_of_the_command_line_is_not_taken_over(void **state)
{
	struct md_key own = { .keyid = 5, .algorithm = MD_AES_128_CMAC_96, .len = 16, .cover = 64, .key = { 77 } };
	struct md_book_faults faults;
	int64_t now = time(NULL);

	(void)state;
	assert_int_equal(keys_add(keys, &own), 0);
	assert_true(refused(5, now, now + 600, MD_B_KEY_CONFLICT));
	assert_int_equal(offered(6, now, now + 600, &faults), 0);
	assert_true(decodes(6));
	own.keyid = 7;
	own.key[0] = 7; /* the very key that the book will bring */
	assert_int_equal(keys_add(keys, &own), 0);
	assert_int_equal(offered(7, now, now + 600, &faults), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_newest_two_are_kept, begin, end),
		cmocka_unit_test_setup_teardown(a_restart_loses_nothing, begin, end),
		cmocka_unit_test_setup_teardown(a_book_without_its_number_is_there, begin, end),
		cmocka_unit_test_setup_teardown(books_of_another_time_are_judged_by_that_time, begin, end),
		cmocka_unit_test_setup_teardown(what_is_over_is_forgotten, begin, end),
		cmocka_unit_test_setup_teardown(a_key_of_the_command_line_is_not_taken_over, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
