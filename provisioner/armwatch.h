/* SPDX-License-Identifier: BSD-3-Clause
 *
 * armwatch.h - keeps the egress patch where it belongs while the daemon runs: on interfaces that come later, in network
 * namespaces whose senders ask, and where somebody else took it off. */
#ifndef PROVISION_ARMWATCH_H
#define PROVISION_ARMWATCH_H

#include <ev.h>

#include "config.h"

struct armwatch;

/* Begins if the configuration says so; a kernel that refuses is asked again later. NULL: nothing is to be done, or no
 * memory. What is in the kernel stays when the watch ends. */
struct armwatch *armwatch_start(struct ev_loop *loop, const struct config *config);
void armwatch_stop(struct armwatch *watch);

#endif
