/* SPDX-License-Identifier: BSD-3-Clause
 *
 * gtpu.h - what the router knows of a packet, for a radio access network: the header of a G-PDU with a PDU Session
 * Container and a PDU Set Information Container (3GPP TS 29.281, section 5; TS 38.415, sections 5.5.2.1 and 6.5.2.1). */
#ifndef MDROUTER_GTPU_H
#define MDROUTER_GTPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GTPU_PORT = 2152, GTPU_MOST = 28 };

struct gtpu_set {
	bool known;              /* there is a PDU Set: else only the PDU Session Container is written */
	bool end, burst_end;     /* last PDU of the set, of a data burst */
	uint16_t number;         /* PSSN, modulo 1024 */
	uint8_t place;           /* PSN: of the PDU inside the set, from 0; 255 stands for more */
	uint8_t importance;      /* PSI, 1 (highest) to 15; 0: not said */
	uint32_t size;           /* octets of the set, below 2^24; 0: not known */
};

/* Writes the header for a PDU of len octets, which follows it. The number of octets written, at most GTPU_MOST. */
size_t gtpu_write(uint8_t dst[GTPU_MOST], uint32_t teid, uint8_t qfi, const struct gtpu_set *set, size_t len);

#endif
