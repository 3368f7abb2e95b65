/* SPDX-License-Identifier: BSD-3-Clause
 *
 * sets.h - numbers the MDUs of all flows of a tunnel as PDU Sets (wire format, appendix C). Pure; bounded. */
#ifndef MDROUTER_SETS_H
#define MDROUTER_SETS_H

#include "gtpu.h"

#include <radio_packet.h>

enum { SETS_MOST = 256 };

/* Zero at first. */
struct sets {
	struct set {
		uint32_t flow, places; /* packets of it so far */
		uint16_t number;
		uint8_t name;
		bool coloured, ended;
	} ring[SETS_MOST];           /* the newest ones */
	uint64_t begun;
};

/* What to say of a packet of len octets. An end is known from OFC only: MED has none, and nothing waits for it. */
struct gtpu_set sets_note(struct sets *sets, const struct radio_packet *packet);

#endif
