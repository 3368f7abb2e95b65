/* SPDX-License-Identifier: BSD-3-Clause */
/* rule: 78 */
#include <errno.h>
#include <unistd.h>

#include "config_text.h"

#define DIGITS "000102030405060708090a0b0c0d0e0f"

static const char *with_key(const char *path, const char *rest)
{
	static char text[512];

	snprintf(text, sizeof text, "[auth]\nkeyid = 7\nkey_file = %s\n%s", path, rest);
	return text;
}

static void key_file_is_read(void **state)
{
	static const char *const texts[] = { DIGITS, DIGITS "\n", "000102030405060708090A0B0C0D0E0F\n" };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		const char *path = file(texts[i], 0600);
		const struct config *c = good(with_key(path, "cover = 64\nalgorithm = hmac-sha1-96\nnat = yes\n"));

		assert_true(c->has_key && c->key.nat);
		assert_string_equal(c->key_file, path);
		assert_int_equal(c->key.keyid, 7);
		assert_int_equal(c->key.algorithm, MD_HMAC_SHA1_96);
		assert_int_equal(c->key.cover, 64);
		assert_int_equal(c->key.len, 16);
		for (unsigned k = 0; k < 16; k++)
			assert_int_equal(c->key.key[k], k);
		assert_int_equal(errors.warnings, 0);
		unlink(path);
	}
}

static void key_has_16_to_64_octets(void **state)
{
	const char *path = file(DIGITS DIGITS DIGITS DIGITS "\n", 0600);

	(void)state;
	assert_int_equal(good(with_key(path, ""))->key.len, 64);
	unlink(path);
}

static void bad_key_file_is_not_quoted(void **state)
{
	static const char *const texts[] = { "", "\n", "0", DIGITS "0", "000102030405060708090a0b0c0d0e", DIGITS "\n\n",
		DIGITS "\r\n", " " DIGITS, "0001020304050607 08090a0b0c0d0e0f", "000102030405060708090a0b0c0d0e0g",
		DIGITS DIGITS DIGITS DIGITS "00", DIGITS "\n" DIGITS "\n" };
	char want[256];

	(void)state;
	for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
		const char *path = file(texts[i], 0600);

		snprintf(want, sizeof want, "[auth] key_file: expected one line of 32 to 128 hex digits in %s", path);
		bad(with_key(path, ""), 3, want);
		unlink(path);
	}
}

static void key_file_that_cannot_be_read_is_named(void **state)
{
	(void)state;
	bad(with_key("/nonexistent/key", ""), 3,
		"[auth] key_file: expected a file that can be read, found /nonexistent/key: No such file or directory");
	bad(with_key("/dev/zero", ""), 3, "[auth] key_file: expected a file that can be read, found /dev/zero: not a regular file");
	bad(with_key("/tmp", ""), 3, "[auth] key_file: expected a file that can be read, found /tmp: Is a directory");
	bad(with_key("key", ""), 3, "[auth] key_file: expected a path from / on, found \"key\"");
}

static void key_file_is_passed_over_without_auth(void **state)
{
	(void)state;
	assert_false(good("[auth]\nauth = off\nkey_file = /nonexistent\n" ROUTER ROUTE)->has_key);
}

static void key_file_of_others_is_a_warning(void **state)
{
	static const struct { unsigned mode; const char *what; } modes[] = {
		{ 0644, "can be read by every user" }, { 0640, "can be read by its group" },
		{ 0620, "can be written by others than its owner" },
	};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		const char *path = file(DIGITS, modes[i].mode);

		good(with_key(path, ""));
		assert_int_equal(errors.warnings, 1);
		assert_int_equal(errors.warning[0].line, 3);
		assert_non_null(strstr(errors.warning[0].text, modes[i].what));
		unlink(path);
	}
}

static void auth_off_and_idle_routers_are_warnings(void **state)
{
	(void)state;
	good(NOAUTH ROUTER);
	assert_int_equal(errors.warnings, 2);
	assert_string_equal(errors.warning[0].text, "[router r]: no route leads to it");
	assert_int_equal(errors.warning[1].line, 2);
}

static void token_is_read_from_the_key_or_from_a_file(void **state)
{
	static const uint8_t want[] = { 0, 0, 0, 1, 0xc0, 0xff };
	const char *path = file("00000001C0FF\n", 0600);
	char text[512];

	(void)state;
	good(NOAUTH ROUTER ROUTE "token = 00000001c0ff\ntoken_count = 5\ntoken_interval = 60\n");
	assert_int_equal(config.route[0].token_len, 6);
	assert_int_equal(config.route[0].token_count, 5);
	assert_int_equal(config.route[0].token_interval, 60);
	assert_memory_equal(config.route[0].token, want, 6);
	snprintf(text, sizeof text, NOAUTH ROUTER ROUTE "token_file = %s\n", path);
	assert_int_equal(good(text)->route[0].token_len, 6);
	assert_memory_equal(config.route[0].token, want, 6);
	strcat(text, "token = 0000000111\n");
	bad(text, 9, "[route a]: expected token or token_file, found both");
	unlink(path);
}

static void bad_token_is_not_quoted(void **state)
{
	static char text[4000];
	char want[256];
	const char *path;

	(void)state;
	bad(NOAUTH ROUTER ROUTE "token = 00000001\n", 9, "[route a] token: expected 5 to 1024 octets as hex digits");
	bad(NOAUTH ROUTER ROUTE "token = secretsecret\n", 9, "[route a] token: expected 5 to 1024 octets as hex digits");
	snprintf(text, sizeof text, NOAUTH ROUTER ROUTE "token = %0*d\n", 2048, 0);
	assert_int_equal(good(text)->route[0].token_len, 1024);
	snprintf(text, sizeof text, NOAUTH ROUTER ROUTE "token = %0*d\n", 2050, 0);
	bad(text, 9, "[route a] token: expected 5 to 1024 octets as hex digits");
	path = file("00000001", 0600);
	snprintf(text, sizeof text, NOAUTH ROUTER ROUTE "token_file = %s\n", path);
	snprintf(want, sizeof want, "[route a] token_file: expected one line of 10 to 2048 hex digits in %s", path);
	bad(text, 9, want);
	unlink(path);
}

static void file_is_read_as_its_text_is(void **state)
{
	const char *path = file(NOAUTH ROUTER ROUTE, 0600);

	(void)state;
	assert_int_equal(config_read(path, &config, &errors), 0);
	assert_int_equal(config.routes, 1);
	unlink(path);
}

static void unreadable(const char *path, int err, const char *text)
{
	assert_int_equal(config_read(path, &config, &errors), err);
	assert_int_equal(errors.count, 1);
	assert_int_equal(errors.error[0].line, 0);
	assert_string_equal(errors.error[0].text, text);
}

static void file_that_cannot_be_read_is_an_error_of_line_0(void **state)
{
	const char *path = file("", 0600);

	(void)state;
	unreadable("/nonexistent", -ENOENT, "expected a file that can be read, found: No such file or directory");
	unreadable("/tmp", -EISDIR, "expected a file that can be read, found: Is a directory");
	unreadable("/dev/null", -ENOTSUP, "expected a file that can be read, found: not a regular file");
	assert_int_equal(truncate(path, CONFIG_FILE_MAX + 1), 0);
	unreadable(path, -EFBIG, "expected a file of at most 1 MiB, found: File too large");
	unlink(path);
}

static void fifo_does_not_make_it_wait(void **state)
{
	const char *path = file("", 0600);

	(void)state;
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	unreadable(path, -ENOTSUP, "expected a file that can be read, found: not a regular file");
	unlink(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_file_is_read),
		cmocka_unit_test(key_has_16_to_64_octets),
		cmocka_unit_test(bad_key_file_is_not_quoted),
		cmocka_unit_test(key_file_that_cannot_be_read_is_named),
		cmocka_unit_test(key_file_is_passed_over_without_auth),
		cmocka_unit_test(key_file_of_others_is_a_warning),
		cmocka_unit_test(auth_off_and_idle_routers_are_warnings),
		cmocka_unit_test(token_is_read_from_the_key_or_from_a_file),
		cmocka_unit_test(bad_token_is_not_quoted),
		cmocka_unit_test(file_is_read_as_its_text_is),
		cmocka_unit_test(file_that_cannot_be_read_is_an_error_of_line_0),
		cmocka_unit_test(fifo_does_not_make_it_wait),
	};

	return cmocka_run_group_tests_name("config files", tests, NULL, NULL);
}
