/* SPDX-License-Identifier: BSD-3-Clause */
/* rule: 76 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"

static char path[64], other[64], text[8192];

static int two_names(void **state)
{
	(void)state;
	snprintf(path, sizeof path, "/tmp/test_log.%d", (int)getpid());
	snprintf(other, sizeof other, "/tmp/test_log.%d.other", (int)getpid());
	return 0;
}

static int no_files(void **state)
{
	(void)state;
	log_open(NULL);
	unlink(path);
	unlink(other);
	return 0;
}

static const char *content(const char *of)
{
	int fd = open(of, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* The descriptor that is open on the file. */
static int descriptor(const char *of)
{
	struct stat want, st;

	assert_int_equal(stat(of, &want), 0);
	for (int fd = 1023; fd > 2; fd--)
		if (fstat(fd, &st) == 0 && st.st_dev == want.st_dev && st.st_ino == want.st_ino)
			return fd;
	return -1;
}

static void line_names_the_program_and_the_process(void **state)
{
	char want[64];

	(void)state;
	log_open(path);
	log_line("%s %d", "text", 5);
	log_line("more");
	snprintf(want, sizeof want, "mdshim[%d]: text 5\nmdshim[%d]: more\n", (int)getpid(), (int)getpid());
	assert_string_equal(content(path), want);
}

static void file_is_appended_to(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		log_open(path);
		log_line("x");
	}
	assert_int_equal(strlen(content(path)) % 2, 0);
	assert_non_null(strstr(strstr(content(path), "x\n") + 2, "x\n"));
}

static void nothing_is_written_without_a_log(void **state)
{
	(void)state;
	log_open("");
	log_line("x");
	log_open("/nonexistent/log");
	log_line("x");
	log_open("/tmp");
	log_line("x");
}

static void descriptor_is_high_and_not_inherited(void **state)
{
	int fd;

	(void)state;
	log_open(path);
	fd = descriptor(path);
	assert_in_range(fd, 200, 1023);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static void stolen_descriptor_is_never_written_to(void **state)
{
	int fd, theirs;

	(void)state;
	log_open(path);
	fd = descriptor(path);
	theirs = open(other, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(dup2(theirs, fd), fd);
	log_line("x");
	assert_string_equal(content(other), "");
	close(fd);
	log_line("x");
	assert_string_equal(content(path), "");
	close(theirs);
}

static void long_lines_are_cut_and_stay_one_line(void **state)
{
	(void)state;
	log_open(path);
	log_line("%0*d", 5000, 0);
	log_line("a\nb\x1b[1m%c", '\t');
	content(path);
	assert_int_equal(strcspn(text, "\n"), 479);
	assert_string_equal(strrchr(text, ':'), ": a?b?[1m?\n");
}

static void pipe_that_is_full_or_unread_is_passed_over(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	ends[0] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	log_open(path);
	for (unsigned i = 0; i < 5000; i++)
		log_line("%0*d", 300, 0); /* more than a pipe holds */
	close(ends[0]);
	log_line("x"); /* SIGPIPE would end us */
}

static void errno_is_left_alone(void **state)
{
	(void)state;
	errno = 77;
	log_open("/nonexistent/log");
	log_line("x");
	log_open(path);
	log_line("x");
	assert_int_equal(errno, 77);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(line_names_the_program_and_the_process, no_files),
		cmocka_unit_test_teardown(file_is_appended_to, no_files),
		cmocka_unit_test_teardown(nothing_is_written_without_a_log, no_files),
		cmocka_unit_test_teardown(descriptor_is_high_and_not_inherited, no_files),
		cmocka_unit_test_teardown(stolen_descriptor_is_never_written_to, no_files),
		cmocka_unit_test_teardown(long_lines_are_cut_and_stay_one_line, no_files),
		cmocka_unit_test_teardown(pipe_that_is_full_or_unread_is_passed_over, no_files),
		cmocka_unit_test_teardown(errno_is_left_alone, no_files),
	};

	return cmocka_run_group_tests_name("log", tests, two_names, NULL);
}
