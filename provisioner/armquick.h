/* SPDX-License-Identifier: BSD-3-Clause
 *
 * armquick.h - the patch in a form that asks the kernel less, because it reads its own types. That takes Linux 6.2 with a
 * description of them (BTF); where it cannot be had, the form that needs neither stays. */
#ifndef PROVISION_ARMQUICK_H
#define PROVISION_ARMQUICK_H

struct bpf_object;

/* Loads the program that arm_next leads to, with the maps of the object, which is loaded. A descriptor, or -errno. */
int armquick_load(const struct bpf_object *maps);

#endif
