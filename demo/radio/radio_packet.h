/* SPDX-License-Identifier: BSD-3-Clause
 *
 * radio_packet.h - one packet on its way over the radio link, and what the router knows of it.
 *
 * Times are microseconds of any clock that does not go back, the same for a whole link. */
#ifndef RADIO_PACKET_H
#define RADIO_PACKET_H

#include <stdbool.h>
#include <stdint.h>

/* Where the packet stands in its MDU, as far as the marks say: MED has no start and no end flag, OFC has both. */
enum radio_role { RADIO_ROLE_NONE, RADIO_START, RADIO_MIDDLE, RADIO_END, RADIO_ONLY };

struct radio_marks {
	bool known;              /* there are marks that may be believed, and they speak of an MDU */
	bool coloured;           /* OFC: name is a colour; else MED: name is the Counter */
	uint8_t name, role;      /* role: enum radio_role */
	uint8_t d, p, l;         /* 0: no information */
	uint32_t burst;          /* octets of the burst the packet belongs to, 0: not said */
};

/* The caller owns it. From radio_queue.put() until it comes back by get() or drop() it belongs to the queue. */
struct radio_packet {
	struct radio_packet *next; /* of whoever holds it */
	void *owner;             /* the caller's */
	int64_t arrived;
	uint32_t size;           /* octets the radio has to carry: the IP packet */
	uint32_t flow;           /* a number for addresses and ports; packets of one flow have the same */
	uint8_t dscp;
	struct radio_marks marks;
};

#endif
