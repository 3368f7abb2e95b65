// SPDX-License-Identifier: BSD-3-Clause
// Texts for whoever wrote shim.conf: collected, not printed.
#include <stdarg.h>
#include <string.h>

#include "config_parse.h"

static void keep(struct config_message *m, int line, va_list parts)
{
	size_t at = 0;

	for (const char *s = va_arg(parts, const char *); s; s = va_arg(parts, const char *))
		while (*s && at < sizeof m->text - 1)
			m->text[at++] = *s++;
	m->text[at] = '\0';
	m->line = line;
}

void parse_error(struct parse *p, int line, ...)
{
	va_list parts;

	va_start(parts, line);
	if (p->errors->count < CONFIG_ERRORS)
		keep(&p->errors->error[p->errors->count], line, parts);
	p->errors->count++;
	va_end(parts);
}

void parse_warning(struct parse *p, int line, ...)
{
	va_list parts;

	va_start(parts, line);
	if (p->errors->warnings < CONFIG_WARNINGS)
		keep(&p->errors->warning[p->errors->warnings], line, parts);
	p->errors->warnings++;
	va_end(parts);
}

const char *quoted(const char *found, char text[static 72])
{
	size_t n = 0;

	for (; n < 64 && found[n]; n++)
		text[n] = (unsigned char)found[n] < 0x20 || found[n] == 0x7f || found[n] == '"' ? '?' : found[n];
	strcpy(text + n, found[n] ? "..." : "");
	return text;
}

enum parsed parse_expected(struct parse *p, const char *expected, const char *found)
{
	char text[72];

	parse_error(p, p->line, p->label, " ", p->key, ": expected ", expected, ", found \"", quoted(found, text), "\"", NULL);
	return REPORTED;
}

void parse_sort(struct parse *p)
{
	unsigned n = p->errors->count < CONFIG_ERRORS ? p->errors->count : CONFIG_ERRORS;
	struct config_message *m = p->errors->error, taken;

	for (unsigned i = 1; i < n; i++) {
		unsigned to = i;

		while (to > 0 && m[to - 1].line > m[i].line)
			to--;
		taken = m[i];
		memmove(&m[to + 1], &m[to], (i - to) * sizeof *m);
		m[to] = taken;
	}
}
