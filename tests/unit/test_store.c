/* SPDX-License-Identifier: BSD-3-Clause
 *
 * test_store.c - the provisioner's books on disk: whole or not there, wherever a file was torn or altered; and for its user
 * alone. Also what is read of senders' counters. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mdshim/usage.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../provisioner/store.h"
#include "../../provisioner/usage.h"
#include "vectors.h"

static char folder[64];
static unsigned loaded;
static struct stored last;

static int begin(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/mdstore.XXXXXX");
	loaded = 0;
	return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
	char path[400];
	DIR *d = opendir(folder);
	struct dirent *e;

	(void)state;
	while (d && (e = readdir(d))) {
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		unlink(path);
	}
	closedir(d);
	return rmdir(folder);
}

static void each(void *context, struct stored *s)
{
	(void)context;
	loaded++;
	last = *s;
	free(s->text);
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void write_one(void)
{
	static char text[] = "{\"a\":1}";
	struct stored s = { .state = BOOK_ACCEPTED, .book = 7, .text = text, .len = 7, .accepts = 1, .accepted = { "edge1" } };

	assert_int_equal(store_book(folder, "cap1", &s), 0);
}

static void what_is_stored_is_loaded(void **state)
{
	unsigned damaged;
	struct stat st;

	(void)state;
	write_one();
	assert_int_equal(stat(path_of("cap1.7.book"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(store_load(folder, "cap1", each, NULL, &damaged), 0);
	assert_int_equal(loaded, 1);
	assert_int_equal(damaged, 0);
	assert_int_equal(last.book, 7);
	assert_int_equal(last.state, BOOK_ACCEPTED);
	assert_string_equal(last.accepted[0], "edge1");
	assert_int_equal(store_load(folder, "cap", each, NULL, &damaged), 0); /* another domain's */
	assert_int_equal(loaded, 1);
	store_forget(folder, "cap1", 7);
	assert_int_equal(access(path_of("cap1.7.book"), F_OK), -1);
}

/* Cut at every length, and one bit altered at every octet: never believed, always removed and counted. */
static void a_torn_or_altered_file_is_removed(void **state)
{
	char whole[1024];
	ssize_t len;
	int fd;

	(void)state;
	write_one();
	fd = open(path_of("cap1.7.book"), O_RDONLY);
	len = read(fd, whole, sizeof whole);
	close(fd);
	assert_in_range(len, 80, sizeof whole - 1);
	for (ssize_t i = 0; i < 2 * len; i++) {
		unsigned damaged;
		ssize_t n = i < len ? i : len;

		whole[i % len] ^= i < len ? 0 : 1;
		fd = open(path_of("cap1.7.book"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
		assert_int_equal(write(fd, whole, (size_t)n), n);
		close(fd);
		whole[i % len] ^= i < len ? 0 : 1;
		assert_int_equal(store_load(folder, "cap1", each, NULL, &damaged), 0);
		assert_int_equal(loaded, 0);
		assert_int_equal(damaged, 1);
		assert_int_equal(access(path_of("cap1.7.book"), F_OK), -1);
	}
}

/* Killed while a retired book was overwritten: removed, and no damage. */
static void a_half_erased_file_is_no_damage(void **state)
{
	static const char zero[100];
	unsigned damaged;
	int fd;

	(void)state;
	write_one();
	fd = open(path_of("cap1.7.book"), O_WRONLY);
	assert_int_equal(write(fd, zero, 50), 50);
	close(fd);
	assert_int_equal(store_load(folder, "cap1", each, NULL, &damaged), 0);
	assert_int_equal(loaded, 0);
	assert_int_equal(damaged, 0);
	assert_int_equal(access(path_of("cap1.7.book"), F_OK), -1);
}

static void the_domain_is_remembered_and_damage_is_not_believed(void **state)
{
	struct keyring ring = { .last = 9, .ended = { [5] = 1234567 } }, back = { 0 };
	uint32_t book = 0;
	int64_t made = 0;

	(void)state;
	assert_int_equal(store_domain_load(folder, "cap1", &book, &made, &back), 0);
	assert_int_equal(book, 0);
	assert_int_equal(store_domain(folder, "cap1", 4000000000u, 77, &ring), 0);
	assert_int_equal(store_domain_load(folder, "cap1", &book, &made, &back), 0);
	assert_true(book == 4000000000u);
	assert_int_equal(made, 77);
	assert_memory_equal(&ring, &back, sizeof ring);
	assert_int_equal(truncate(path_of("cap1.domain"), 100), 0);
	book = 3;
	assert_int_equal(store_domain_load(folder, "cap1", &book, &made, &back), 0);
	assert_int_equal(book, 3);
}

static void a_folder_belongs_to_one(void **state)
{
	int one, two;

	(void)state;
	assert_int_equal(store_open(folder, &one), 0);
	assert_int_equal(store_open(folder, &two), -EBUSY);
	close(one);
	assert_int_equal(store_open(folder, &two), 0);
	close(two);
}

static void usage_write(const char *name, const struct md_usage *u, size_t len)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, u, len), (ssize_t)len);
	close(fd);
}

/* Sums of all files, told as what was added since the last look; what is none of ours adds nothing. */
static void use_is_what_was_added(void **state)
{
	static struct md_usage u = { .magic = MD_USAGE_MAGIC, .version = MD_USAGE_VERSION, .size = sizeof u };
	static struct usage look;

	(void)state;
	memset(&look, 0, sizeof look);
	u.count[3] = 10;
	usage_write("1.usage", &u, sizeof u);
	usage_write("2.usage", &u, sizeof u);
	usage_write("3.usage", &u, sizeof u - 1);
	usage_write("4.other", &u, sizeof u);
	usage_look(&look, folder);
	assert_int_equal(look.use[3], 20);
	assert_int_equal(look.files, 2);
	assert_int_equal(look.bad, 1);
	u.count[3] = 25;
	u.count[4] = UINT64_MAX; /* rubbish */
	usage_write("1.usage", &u, sizeof u);
	usage_look(&look, folder);
	assert_int_equal(look.use[3], 15);
	assert_int_equal(look.total, 15);
	unlink(path_of("1.usage")); /* less than before */
	usage_look(&look, folder);
	assert_int_equal(look.total, 0);
	u.magic++;
	usage_write("2.usage", &u, sizeof u);
	usage_look(&look, folder);
	assert_int_equal(look.bad, 2);
	usage_look(&look, "/nonexistent");
	assert_int_equal(look.total, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_stored_is_loaded, begin, end),
		cmocka_unit_test_setup_teardown(a_torn_or_altered_file_is_removed, begin, end),
		cmocka_unit_test_setup_teardown(a_half_erased_file_is_no_damage, begin, end),
		cmocka_unit_test_setup_teardown(the_domain_is_remembered_and_damage_is_not_believed, begin, end),
		cmocka_unit_test_setup_teardown(a_folder_belongs_to_one, begin, end),
		cmocka_unit_test_setup_teardown(use_is_what_was_added, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
