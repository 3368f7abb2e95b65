/* SPDX-License-Identifier: BSD-3-Clause
 *
 * xsklease.h - the AF_XDP socket that the provisioner lends this process, if it does (mdshim/xsk.h). One for the process; used
 * under its claim. */
#ifndef MD_EGRESS_XSKLEASE_H
#define MD_EGRESS_XSKLEASE_H

#include "../outlet.h"
#include "xskring.h"

enum xsklease_stage { XSKLEASE_NONE, XSKLEASE_ASKED, XSKLEASE_MAPPED, XSKLEASE_REFUSED };

/* All zero: none. */
struct xsklease {
	_Atomic uint32_t claim;
	uint8_t stage;               /* enum xsklease_stage */
	uint32_t since;              /* milliseconds, when it was asked for, or refused */
	int error;                   /* and why: it is not asked for again for a while */
	struct loan line;            /* the connection, which stays open */
	struct xskring ring;
	uint32_t beat, beat_at;      /* the last, and when it was noticed, milliseconds */
	uint32_t named;              /* routers by bit */
	bool down;                   /* the interface did not take the last datagram */
	_Atomic uint32_t used;       /* when it was asked about last, milliseconds */
};

/* What to send a datagram for that router with, whose tunnel that is: *to receives the link address of the
 * next hop. 0; -EAGAIN, it is being asked for, or only this router cannot be reached; or -errno, there is none: as the
 * provisioner said it, -EADDRINUSE, -EHOSTUNREACH and their like. Waits for nothing. */
int xsklease_ready(struct xsklease *lease, unsigned router, const struct outlet_tunnel *tunnel, uint32_t now, uint8_t to[static 6]);

/* Gives it back. */
void xsklease_drop(struct xsklease *lease);

#endif
