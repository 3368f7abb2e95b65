/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The sample configuration and the manual against the table of keys; texts that nobody would write. */
#include "config_text.h"

enum { ROOM = 32768 };

static char sample[ROOM], open_sample[ROOM];

static void slurp(const char *path, char text[static ROOM])
{
	FILE *f = fopen(path, "r");
	size_t n;

	if (!f)
		fail_msg("%s cannot be opened; tests run in the top folder", path);
	n = fread(text, 1, ROOM - 1, f);
	fclose(f);
	assert_in_range(n, 1, ROOM - 2);
	text[n] = '\0';
}

/* Copies the sample with the key file of the tests; if all, with keys and sections behind "#" opened. */
static void adapt(char *to, bool all)
{
	static const char key[] = "key_file = /etc/mdshim/auth.key\n";

	for (const char *line = sample; *line;) {
		size_t len = strcspn(line, "\n") + 1;

		if (all && line[0] == '#' && line[1] != ' ' && line[1] != '\n')
			line++, len--;
		if (strncmp(line, key, sizeof key - 1) == 0)
			to += sprintf(to, "key_file = %s\n", getenv("TEST_KEY_FILE"));
		else if (strncmp(line, "token_file", 10) != 0)
			to += sprintf(to, "%.*s", (int)len, line);
		line += len;
	}
}

static int read_sample(void **state)
{
	(void)state;
	slurp("shim.conf.example", sample);
	setenv("TEST_KEY_FILE", file("000102030405060708090a0b0c0d0e0f\n", 0600), 1);
	adapt(open_sample, true);
	return 0;
}

static int remove_key(void **state)
{
	(void)state;
	return remove(getenv("TEST_KEY_FILE"));
}

static void sample_is_good_as_it_is(void **state)
{
	static char text[ROOM];

	(void)state;
	adapt(text, false);
	good(text);
	assert_int_equal(errors.warnings, 0);
	assert_int_equal(config.routes, 1);
}

static void sample_is_good_with_every_key(void **state)
{
	(void)state;
	good(open_sample);
}

/* Whether the section of the sample has a line with that key, commented out or not. */
static unsigned lines_with(const char *text, const char *section, const char *name)
{
	unsigned n = 0;
	bool here = false;

	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		const char *at = line + (*line == '#');
		size_t len = strlen(*at == '[' ? section : name);

		if (*at == '[')
			here = strncmp(at + 1, section, len) == 0 && (at[1 + len] == ']' || at[1 + len] == ' ');
		else if (here && strncmp(at, name, len) == 0 && at[len] == ' ' && at[len + 1] == '=')
			n++;
	}
	return n;
}

static void sample_has_every_key_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < config_key_count; i++) {
		const char *name = strcmp(config_keys[i].name, "N") == 0 ? "96" : config_keys[i].name;

		if (lines_with(sample, config_keys[i].section, name) != 1)
			fail_msg("shim.conf.example: [%s] %s is not there once", config_keys[i].section, name);
	}
}

static void sample_shows_the_defaults(void **state)
{
	static struct config defaults;

	(void)state;
	defaults = *good("");
	good(open_sample);
	assert_string_equal(config.stats_dir, defaults.stats_dir);
	assert_string_equal(config.publish_dir, defaults.publish_dir);
	assert_string_equal(config.broker_socket, defaults.broker_socket);
	assert_int_equal(config.engines, defaults.engines);
	assert_memory_equal(config.engine, defaults.engine, sizeof config.engine);
	assert_int_equal(config.enabled, defaults.enabled);
	assert_int_equal(config.flows, defaults.flows);
	assert_int_equal(config.sockets, defaults.sockets);
	assert_int_equal(config.auth, defaults.auth);
	assert_int_equal(config.key.cover, defaults.key.cover);
	assert_int_equal(config.key.keyid, defaults.key.keyid);
	assert_int_equal(config.key.algorithm, defaults.key.algorithm);
	assert_int_equal(config.ids.form, defaults.ids.form);
	assert_int_equal(config.ids.med_exid, defaults.ids.med_exid);
	assert_int_equal(config.ids.ofc_exid, defaults.ids.ofc_exid);
	assert_int_equal(config.ids.token_exid, defaults.ids.token_exid);
	assert_int_equal(config.ids.legacy16, defaults.ids.legacy16);
	assert_int_equal(config.bq_unit, defaults.bq_unit);
	assert_int_equal(config.reading.h265_don, defaults.reading.h265_don);
	assert_int_equal(config.stun_responses, defaults.stun_responses);
	assert_memory_equal(config.policy[0].row, defaults.policy[0].row, sizeof config.policy[0].row);
	assert_int_equal(config.router[0].mtu, 1500);
	assert_int_equal(config.route[0].token_count, 3);
	assert_int_equal(config.route[0].mode, MODE_TUNNEL);
}

static void manual_explains_every_key(void **state)
{
	static char manual[ROOM];
	char want[64];

	(void)state;
	slurp("shim/shim.conf.5", manual);
	for (unsigned i = 0; i < config_key_count; i++) {
		snprintf(want, sizeof want, "\n.BR %s \" = ", config_keys[i].name);
		if (!strstr(manual, want))
			fail_msg("shim.conf.5: [%s] %s is not explained", config_keys[i].section, config_keys[i].name);
	}
}

static void mangled_texts_are_read_to_their_end(void **state)
{
	static const char *const spice[] = { "[", "]", "=", "\n", "\r", ";", "#", ",", "/", "-", "\\", "\"", "route", "ffff", "9999999999" };
	static char text[ROOM + 64];
	uint64_t seed = 88172645463325252;
	size_t len = strlen(open_sample);

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		size_t n = len;

		memcpy(text, open_sample, len);
		for (unsigned i = 0; i < 1 + round % 5; i++) {
			const char *s = spice[(seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17) % 15];
			size_t at = (seed >> 20) % n;

			if (seed & 1)
				memcpy(text + at, s, strlen(s));
			else if (seed & 2)
				memmove(text + at, text + at + 1, n - at);
			else
				text[at] = (char)(seed >> 11);
			n = seed % 37 ? n : at + 1;
		}
		int err = config_parse(text, n, &config, &errors);

		assert_true(err == (errors.count ? -22 : 0));
		for (unsigned i = 0; i < errors.count && i < CONFIG_ERRORS; i++)
			assert_in_range(strlen(errors.error[i].text), 10, CONFIG_MESSAGE - 1);
	}
}

static void every_beginning_of_the_sample_is_read(void **state)
{
	static char text[ROOM];
	size_t len;

	(void)state;
	adapt(text, false);
	len = strlen(text);
	for (size_t n = 0; n < len; n += 7) {
		char *cut = malloc(n + 1); /* of this size, so that a sanitizer sees one octet too many */

		assert_non_null(cut);
		memcpy(cut, text, n);
		(void)config_parse(cut, n, &config, &errors);
		assert_true(n == 0 || text[n - 1] == '\n' || errors.count > 0);
		free(cut);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sample_is_good_as_it_is),
		cmocka_unit_test(sample_is_good_with_every_key),
		cmocka_unit_test(sample_has_every_key_once),
		cmocka_unit_test(sample_shows_the_defaults),
		cmocka_unit_test(manual_explains_every_key),
		cmocka_unit_test(mangled_texts_are_read_to_their_end),
		cmocka_unit_test(every_beginning_of_the_sample_is_read),
	};

	return cmocka_run_group_tests_name("config sample", tests, read_sample, remove_key);
}
