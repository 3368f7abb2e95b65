/* SPDX-License-Identifier: BSD-3-Clause */
#include "gtpu.h"

#include <string.h>

/* Extension header types: TS 29.281, figure 5.2.1-3. The PDU Set Information Container has had 0x86 as well, whose upper bits ask that
 * the receiver understand it; those of 0x04 do not, so that a RAN without PDU Sets passes over it. */
enum { G_PDU = 255, FLAGS = 0x34 /* version 1, GTP, E */, SESSION_CONTAINER = 0x85, SET_CONTAINER = 0x04 };

static uint8_t *put(uint8_t *at, unsigned value, int octets)
{
	while (octets--)
		*at++ = (uint8_t)(value >> 8 * octets);
	return at;
}

/* DL PDU SET INFORMATION (PDU Type 0; TS 38.415, figure 6.5.2.1-1): | type 4 | EDB | EPDU | PSSI | spare | QFI 6 | PSSN 10 | spare 4 |
 * PSI 4 | PSN 8 | size 24, with PSSI |. PSSN counts sets modulo 2^10, PSN the PDUs of a set, in an octet of its own (in RTP's header
 * extension, TS 26.522, it has six bits); the size is in octets. The extension header, its length octet and the next type included, is
 * a multiple of four octets. */
static uint8_t *put_set(uint8_t *at, uint8_t qfi, const struct gtpu_set *set)
{
	at = put(at, set->size ? 3 : 2, 1);
	at = put(at, (unsigned)set->burst_end << 3 | (unsigned)set->end << 2 | (set->size ? 2 : 0), 1);
	at = put(at, (qfi & 63u) << 10 | (set->number & 1023u), 2);
	at = put(at, set->importance & 15u, 1);
	at = put(at, set->place, 1);
	at = set->size ? put(at, set->size & 0xffffff, 3) : at;
	return put(at, 0, set->size ? 3 : 2); /* padding, no next extension header */
}

size_t gtpu_write(uint8_t dst[GTPU_MOST], uint32_t teid, uint8_t qfi, const struct gtpu_set *set, size_t len)
{
	uint8_t *at = put(dst, FLAGS, 1);

	at = put(at, G_PDU, 1);
	at = put(at, 0, 2);      /* length: below */
	at = put(at, teid, 4);
	at = put(at, 0, 3);      /* sequence number, N-PDU number: not used */
	at = put(at, SESSION_CONTAINER, 1);
	/* DL PDU SESSION INFORMATION (PDU Type 0; TS 38.415, figure 5.5.2.1-1): no flags; QFI. */
	at = put(at, 1, 1);
	at = put(at, 0, 1);
	at = put(at, qfi & 63u, 1);
	at = put(at, set->known ? SET_CONTAINER : 0, 1);
	if (set->known)
		at = put_set(at, qfi, set);
	put(dst + 2, (unsigned)((size_t)(at - dst) - 8 + len), 2);
	return (size_t)(at - dst);
}
