/* SPDX-License-Identifier: BSD-3-Clause
 *
 * armlink.h - the patch on one interface of the network namespace that we are in; part of arm. */
#ifndef PROVISION_ARMLINK_H
#define PROVISION_ARMLINK_H

#include <stdbool.h>
#include <stdint.h>

/* Attaches the program to everything that leaves by the interface, by a link pinned at path (ARM_TCX) or, where the kernel
 * has none or clsact is asked for, by a filter (ARM_CLSACT). enum arm_hook or -errno. */
int armlink_attach(int program, uint32_t index, const char *path, bool clsact);

/* Whether what was attached so still is. */
bool armlink_holds(int hook, uint32_t index, const char *path, int program);

/* Takes it off. */
void armlink_detach(int hook, uint32_t index, const char *path);

#endif
