/* SPDX-License-Identifier: BSD-3-Clause */
/* rule: 56 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process.h"
#include "table.h"

struct record {
	struct slot slot;
	uint32_t key, body;
};

static unsigned forgotten;

static bool equal(const void *record, const void *key)
{
	return ((const struct record *)record)->key == *(const uint32_t *)key;
}

static void fill(void *record, const void *argument)
{
	((struct record *)record)->key = *(const uint32_t *)argument;
}

static void forget(void *record)
{
	(void)record;
	forgotten++;
}

static struct record *add(struct table *table, uint32_t key, uint32_t now)
{
	struct table_news news;

	/* Few different hashes, so that chains are long. */
	return table_add(table, key % 7, &key, now, fill, &key, &news);
}

static struct record *find(struct table *table, uint32_t key, uint32_t now)
{
	return table_find(table, key % 7, &key, now);
}

static struct table make(uint32_t capacity)
{
	struct table table;

	forgotten = 0;
	assert_int_equal(table_make(&table, capacity, sizeof(struct record), equal, forget), 0);
	return table;
}

static void what_was_added_is_found(void **state)
{
	struct table table = make(50);

	(void)state;
	for (uint32_t i = 0; i < 50; i++)
		table_let_go(add(&table, i, 1000 + i));
	for (uint32_t i = 0; i < 50; i++) {
		struct record *r = find(&table, i, 2000);

		assert_non_null(r);
		assert_int_equal(r->key, i);
		table_let_go(r);
	}
	assert_null(find(&table, 50, 2000));
	assert_int_equal(table_count(&table), 50);
	assert_int_equal(forgotten, 0);
}

static void adding_again_finds_the_first(void **state)
{
	struct table table = make(4);
	struct record *a = add(&table, 1, 1), *b = add(&table, 1, 2);

	(void)state;
	assert_ptr_equal(a, b);
	assert_int_equal(table_count(&table), 1);
}

static void the_oldest_makes_room(void **state)
{
	struct table table = make(10);

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		table_let_go(add(&table, i, 1000 + i));
	table_let_go(find(&table, 0, 5000)); /* in use again: 1 is the oldest now */
	table_let_go(add(&table, 10, 5001));
	assert_null(find(&table, 1, 5002));
	for (uint32_t i = 0; i < 11; i++)
		if (i != 1)
			table_let_go(find(&table, i, 5003));
	assert_int_equal(forgotten, 1);
}

static void what_is_pinned_is_not_forgotten(void **state)
{
	struct table table = make(3);
	struct record *first = add(&table, 0, 1);

	(void)state;
	table_let_go(add(&table, 1, 2));
	table_let_go(add(&table, 2, 3));
	table_let_go(add(&table, 3, 4));
	assert_int_equal(first->key, 0);
	assert_ptr_equal(find(&table, 0, 5), first);
	assert_null(find(&table, 1, 5));
}

static void a_table_in_full_use_refuses(void **state)
{
	struct table table = make(2);

	(void)state;
	assert_non_null(add(&table, 0, 1));
	assert_non_null(add(&table, 1, 1));
	assert_null(add(&table, 2, 1));
	assert_int_equal(forgotten, 0);
}

static void a_clock_set_back_does_not_make_records_immortal(void **state)
{
	struct table table = make(2);

	(void)state;
	table_let_go(add(&table, 0, 4000000));
	table_let_go(add(&table, 1, 4000000));
	table_let_go(add(&table, 2, 400000)); /* an hour earlier */
	table_let_go(add(&table, 3, 400001));
	assert_non_null(find(&table, 3, 400002));
	assert_int_equal(forgotten, 2);
}

static void a_claim_left_behind_is_taken_over(void **state)
{
	_Atomic uint32_t claim = 0;

	(void)state;
	assert_true(claim_take(&claim, 10000));
	assert_false(claim_take(&claim, 10000));
	assert_false(claim_take(&claim, 11900));
	assert_true(claim_take(&claim, 12100));
	claim_drop(&claim);
	assert_true(claim_take(&claim, 12101));
}

static void a_child_begins_empty(void **state)
{
	struct table table = make(8);
	int status;
	pid_t pid;

	(void)state;
	assert_non_null(add(&table, 5, 1)); /* stays pinned, as by another thread of the parent */
	pid = fork();
	if (pid == 0) {
		bool good = process_is_new() && !process_is_new() && !find(&table, 5, 2) && table_count(&table) == 0 &&
			add(&table, 5, 2) && find(&table, 5, 3);

		_exit(good ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_non_null(find(&table, 5, 4));
}

static void random_numbers_differ_in_a_child(void **state)
{
	uint64_t mine, childs = 0;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	if (fork() == 0) {
		process_is_new();
		childs = process_random();
		_exit(write(ends[1], &childs, sizeof(childs)) == sizeof(childs) ? 0 : 1);
	}
	mine = process_random();
	assert_int_equal(read(ends[0], &childs, sizeof(childs)), sizeof(childs));
	wait(NULL);
	assert_true(mine != childs);
}

/* Threads add and find overlapping keys in a table much too small; each looks whether what it pinned stays what it is. */
static struct table shared;
static _Atomic unsigned wrong, found;

static void *stir(void *argument)
{
	uint32_t x = (uint32_t)(uintptr_t)argument * 2654435761u | 1;

	for (uint32_t i = 0; i < 60000; i++) {
		struct record *r;
		uint32_t key;

		x = x * 1664525u + 1013904223u;
		key = x >> 25;
		r = i & 1 ? find(&shared, key, i / 100) : add(&shared, key, i / 100);
		if (!r)
			continue;
		found++;
		if (r->key != key)
			wrong++;
		table_let_go(r);
	}
	return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
	pthread_t thread[6];

	(void)state;
	shared = make(40);
	for (uintptr_t i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, stir, (void *)i), 0);
	for (int i = 0; i < 6; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(wrong, 0);
	assert_true(found > 100000);
	assert_true(table_count(&shared) <= 40);
}

/* Threads add the same new keys at the same time: there must be one record for each in the end. */
static _Atomic uint32_t turn;
static struct record *made[4][2000];

static void *race(void *argument)
{
	unsigned me = (unsigned)(uintptr_t)argument;

	for (uint32_t key = 0; key < 2000; key++) {
		turn++;
		while (turn < 4 * (key + 1))
			;
		made[me][key] = add(&shared, key, 1000);
	}
	return NULL;
}

static void a_key_never_gets_two_records(void **state)
{
	pthread_t thread[4];

	(void)state;
	shared = make(9000);
	for (uintptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, race, (void *)i), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	for (int key = 0; key < 2000; key++)
		for (int i = 0; i < 4; i++)
			assert_ptr_equal(made[i][key], made[0][key]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_never_gets_two_records),
		cmocka_unit_test(what_was_added_is_found),
		cmocka_unit_test(adding_again_finds_the_first),
		cmocka_unit_test(the_oldest_makes_room),
		cmocka_unit_test(what_is_pinned_is_not_forgotten),
		cmocka_unit_test(a_table_in_full_use_refuses),
		cmocka_unit_test(a_clock_set_back_does_not_make_records_immortal),
		cmocka_unit_test(a_claim_left_behind_is_taken_over),
		cmocka_unit_test(a_child_begins_empty),
		cmocka_unit_test(random_numbers_differ_in_a_child),
		cmocka_unit_test(threads_do_not_disturb_each_other),
	};

	if (process_start() != 0 || !process_is_new())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
