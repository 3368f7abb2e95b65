/* SPDX-License-Identifier: BSD-3-Clause
 *
 * log.h - one line now and then, for whoever asked for it; never from the send path. */
#ifndef MD_LOG_H
#define MD_LOG_H

/* Opens the log: "stderr" or the path of a file, which is appended to and made if it is missing. "" and NULL: none. Only
 * at start. A log that cannot be opened is none: a media server does not fail for it. */
void log_open(const char *where);

/* Writes "mdshim[PID]: ...\n" in one call, cut at 480 octets; nothing without a log, nor if the descriptor is not ours any
 * more or the line would have to wait. Never blocks, leaves errno alone, may be called from a signal handler as far as
 * the format keeps to %s, %d, %u, %x, %c and their long forms. The format is a literal. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
