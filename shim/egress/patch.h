/* SPDX-License-Identifier: BSD-3-Clause
 *
 * patch.h - what gso.c has to know of the engine "patch". */
#ifndef MD_EGRESS_PATCH_H
#define MD_EGRESS_PATCH_H

#include "../egress.h"

/* The tunnel's socket that sends datagrams like the parcel, or NULL. */
struct outlet_tunnel *patch_tunnel(struct sock *sock, const struct parcel *parcel);

/* Whether the kernel agreed to cut off such areas, and those of a train's segments too. */
bool patch_takes_trains(struct sock *sock, const struct parcel *parcel, uint32_t now);

/* It refused one: it is asked again after a while. */
void patch_no_trains(struct sock *sock, const struct parcel *parcel, uint32_t now);

#endif
