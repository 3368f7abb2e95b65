/* SPDX-License-Identifier: BSD-3-Clause
 *
 * follow.c - in the place of shim/follow.c: no datagram follows another. See lane.c beside. */
#include "follow.h"
#include "held.h"

void follow_lead(struct call *call, const struct packet *packet)
{
	(void)call, (void)packet;
}

void follow_end(struct run *run)
{
	(void)run;
}

bool follow(struct call *call, struct packet *packet, enum md_aside *why)
{
	(void)call, (void)packet, (void)why;
	return false;
}

bool follow_message(struct call *call, const struct msghdr *msg, struct packet *packet, enum md_aside *why)
{
	(void)call, (void)msg, (void)packet, (void)why;
	return false;
}
