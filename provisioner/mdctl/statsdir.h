/* SPDX-License-Identifier: BSD-3-Clause
 *
 * statsdir.h - where the counters are. */
#ifndef MDCTL_STATSDIR_H
#define MDCTL_STATSDIR_H

enum { STATSDIR_MAX = 256 };

/* stats_dir of the configuration that the shim would read, /run/mdshim if there is none or it does not say. */
void statsdir_find(char dir[STATSDIR_MAX]);

#endif
