/* SPDX-License-Identifier: BSD-3-Clause
 *
 * armpair.h - a pair of interfaces (veth) of ours in the network namespace that we are in: what is given to the first comes
 * out of the second, in segments if it was a train. An operator knows it by its names, mdshim-gsoN and mdshim-segN, and by
 * its alias. */
#ifndef PROVISION_ARMPAIR_H
#define PROVISION_ARMPAIR_H

#include <stdint.h>

struct armpair {
	uint32_t in, out; /* the interfaces' numbers */
};

/* Finds our pair, or makes it, and brings it up. alias: whose it is. 0 or -errno. */
int armpair_make(const char *alias, struct armpair *pair);

/* Takes our pair away, if there is one. */
void armpair_remove(const char *alias);

#endif
