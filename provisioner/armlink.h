/* SPDX-License-Identifier: BSD-3-Clause
 *
 * armlink.h - the patch on one interface of the network namespace that we are in; part of arm. */
#ifndef PROVISION_ARMLINK_H
#define PROVISION_ARMLINK_H

#include <stdbool.h>
#include <stdint.h>

enum armlink_way { ARMLINK_OUT, ARMLINK_IN };

/* Attaches the program to everything that leaves by the interface, or that comes in by it, by a link pinned at path (ARM_TCX)
 * or, where the kernel has none or clsact is asked for, by a filter (ARM_CLSACT). enum arm_hook or -errno. */
int armlink_attach(int program, uint32_t index, enum armlink_way way, const char *path, bool clsact);

/* Whether what was attached so still is. */
bool armlink_holds(int hook, uint32_t index, enum armlink_way way, const char *path, int program);

/* Takes it off. */
void armlink_detach(int hook, uint32_t index, enum armlink_way way, const char *path);

#endif
