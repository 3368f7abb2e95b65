/* SPDX-License-Identifier: BSD-3-Clause
 *
 * live.h - asks a running process why its datagrams are marked as they are, by the mapped file of its counters. */
#ifndef MD_LIVE_H
#define MD_LIVE_H

#include "say.h"

/* Whether an argument is the number of a process. */
bool live_is_pid(const char *text);

/* Prints what becomes of the datagrams of process pid, until count of them were shown (0: without end) or it ends. dir: of
 * the counters. how->config, if any, was read from config_path; it is set to NULL here where the process may have read
 * another one. NULL, or what is wrong. */
const char *live_explain(const char *dir, const char *pid, unsigned long count, const char *config_path, struct saying *how);

#endif
