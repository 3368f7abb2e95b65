/* SPDX-License-Identifier: BSD-3-Clause
 *
 * patch.h - the lease of engine "patch": what the kernel agreed to cut off, of which socket. */
#ifndef MD_EGRESS_PATCH_H
#define MD_EGRESS_PATCH_H

#include <mdshim/arm.h>

#include "../egress.h"

/* Asks the kernel to cut areas of these forms off what the socket sends. 0 or -errno. */
int patch_ask(int fd, const struct md_arm_form *form, unsigned forms);

/* As struct engine has them: with a lease, if need be a new one; and if there is one already. */
int patch_arm(struct sock *sock, const struct view *view, const struct parcel *parcel, uint32_t now, void **handle);
void *patch_ready(struct sock *sock, const struct slip *slip, uint32_t now);

/* The tunnel's socket that sends datagrams like the parcel, or NULL. */
struct outlet_tunnel *patch_tunnel(struct sock *sock, const struct parcel *parcel);

/* Whether the kernel agreed to cut off such areas, and those of a train's segments too. */
bool patch_takes_trains(struct sock *sock, const struct parcel *parcel, uint32_t now);

/* It refused one: it is asked again after a while. */
void patch_no_trains(struct sock *sock, const struct parcel *parcel, uint32_t now);

#endif
