/* SPDX-License-Identifier: BSD-3-Clause */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

bool log_verbose;

/* One write(), so that lines of two processes do not mix. */
__attribute__((format(printf, 1, 0))) static void line(const char *format, va_list values)
{
	char text[1024] = "mdprovisiond: ";
	int saved = errno, n = vsnprintf(text + 14, sizeof(text) - 15, format, values);
	size_t len = 14 + (n < 0 ? 0 : (size_t)n);

	if (len > sizeof(text) - 2)
		len = sizeof(text) - 2;
	text[len++] = '\n';
	if (write(2, text, len) < 0)
		errno = saved; /* nobody is left to be told */
	errno = saved;
}

void log_error(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	line(format, values);
	va_end(values);
}

void log_info(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	if (log_verbose)
		line(format, values);
	va_end(values);
}

char *log_plain(char *to, size_t room, const char *from)
{
	size_t i = 0;

	for (; i + 1 < room && from[i]; i++)
		to[i] = from[i] >= 0x20 && from[i] < 0x7f ? from[i] : '?';
	to[i] = '\0';
	return to;
}
