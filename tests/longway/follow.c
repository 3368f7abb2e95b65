/* SPDX-License-Identifier: BSD-3-Clause
 *
 * follow.c - in the place of shim/follow.c: no datagram follows another. See lane.c beside. */
#include "follow.h"
#include "held.h"

void follow_lead(struct call *call, const struct packet *packet)
{
	(void)call, (void)packet;
}

void follow_end(struct lead *lead)
{
	(void)lead;
}

bool follow(struct call *call, struct packet *packet, unsigned at, bool segment, enum md_aside *why)
{
	(void)call, (void)packet, (void)at, (void)segment, (void)why;
	return false;
}

bool follow_message(struct call *call, struct packet *packet)
{
	(void)call, (void)packet;
	return false;
}

bool follow_would(struct call *call, struct packet *packet)
{
	(void)call, (void)packet;
	return false;
}
