/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control.h - the control messages of one send call: what they ask, and whether we can carry it over. Pure. */
#ifndef MD_CONTROL_H
#define MD_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <mdshim/hints.h>

enum { CONTROL_MAX = 512 }; /* octets of control data that are looked at */

struct control {
	bool foreign;            /* something that is not carried over: send natively */
	bool broken;             /* lengths the kernel will refuse */
	bool has_segment, has_source, has_tos, has_ttl;
	uint16_t segment;        /* UDP_SEGMENT */
	uint8_t version;         /* of source */
	uint8_t source[16];      /* IP_PKTINFO, IPV6_PKTINFO */
	uint32_t interface;      /* of the same message, 0 = none */
	uint8_t tos, ttl;        /* IP_TOS or IPV6_TCLASS; IP_TTL or IPV6_HOPLIMIT */
	uint8_t bad_hints;       /* with values that must not be sent */
	struct md_hint hint;     /* of the application; given 0: none */
};

void control_read(const struct msghdr *msg, struct control *control);

/* Copies the control messages but UDP_SEGMENT and hints, for a segment that goes out by itself. Returns the length, or -1 if it
 * does not fit room. */
long control_without_segment(const struct msghdr *msg, void *dst, size_t room);

#endif
