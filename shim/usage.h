/* SPDX-License-Identifier: BSD-3-Clause
 *
 * usage.h - how often each meaning was wanted, for the provisioner (mdshim/usage.h).
 *
 * Counted in memory of our own, and added to the process's file every tenth of a second: that may be cut short by somebody,
 * and is shown to the kernel just before it is touched. */
#ifndef MD_SHIM_USAGE_H
#define MD_SHIM_USAGE_H

#include <stdint.h>

/* 0 or -errno: then nothing is counted. Only from the constructor. */
int usage_open(const char *dir);

/* One packet with the meaning of that number, or a number that is none. now is in milliseconds. */
void usage_count(int meaning, uint32_t now);

#endif
