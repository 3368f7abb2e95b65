/* SPDX-License-Identifier: BSD-3-Clause
 *
 * log.h - lines for the operator, on standard error. Never a code, a key, a token, or the body of an offer; whatever comes
 * from outside goes through log_plain(). */
#ifndef PROVISION_LOG_H
#define PROVISION_LOG_H

#include <stdbool.h>
#include <stddef.h>

extern bool log_verbose; /* log_info() speaks */

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A copy of at most room - 1 printable ASCII characters. */
char *log_plain(char *to, size_t room, const char *from);

#endif
