/* SPDX-License-Identifier: BSD-3-Clause
 *
 * config_text.h - texts of configurations, read and compared. */
#ifndef TESTS_CONFIG_TEXT_H
#define TESTS_CONFIG_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "config.h"

#define NOAUTH "[auth]\nauth = off\n"
#define ROUTER "[router r]\naddress = 192.0.2.1\nport = 4000\n"
#define ROUTE "[route a]\ndestination = 10.0.0.0/8\nrouter = r\n"

static struct config config;
static struct config_errors errors;

static inline int parse(const char *text)
{
	return config_parse(text, strlen(text), &config, &errors);
}

/* Reads a text that must be good. */
static inline const struct config *good(const char *text)
{
	if (parse(text) != 0)
		fail_msg("line %d: %s\nin:\n%s", errors.error[0].line, errors.error[0].text, text);
	assert_int_equal(errors.count, 0);
	return &config;
}

/* Reads a text that must have exactly this error. */
static inline void bad(const char *text, int line, const char *error)
{
	static const struct config zero;

	assert_int_equal(parse(text), -22);
	assert_string_equal(errors.error[0].text, error);
	assert_int_equal(errors.error[0].line, line);
	assert_int_equal(errors.count, 1);
	assert_memory_equal(&config, &zero, sizeof config); /* nothing of it is left to be used */
}

/* A file of our own with this text; its path is good until the next call. */
static inline const char *file(const char *text, unsigned mode)
{
	static char path[64];
	FILE *f;

	snprintf(path, sizeof path, "/tmp/test_config.XXXXXX");
	f = fdopen(mkstemp(path), "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

#endif
