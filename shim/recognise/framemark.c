/* SPDX-License-Identifier: BSD-3-Clause */
#include "recognise.h"

/* RFC 9626, section 3: one octet without scalability, two or three with. */
enum { S = 0x80, E = 0x40, I = 0x20, D = 0x10, TID = 0x07, LONGEST = 3 };

/* I only says: independent of earlier pictures. The upper spatial layers of a key picture have it too. One octet alone
 * does not tell base from enhancement. */
static enum class class_of(uint8_t flags, bool scalable, uint8_t layer)
{
	if (flags & I && !layer)
		return CLASS_KEY;
	if (flags & D)
		return CLASS_DISCARDABLE;
	if (flags & TID || layer)
		return CLASS_ENHANCEMENT;
	return scalable ? CLASS_BASE : CLASS_UNKNOWN;
}

bool framemark_recognise(const struct octets *element, struct said *said)
{
	bool scalable = element->len > 1;
	uint8_t flags, layer;

	*said = (struct said){ 0 };
	if (!element->len || element->len > LONGEST)
		return false;
	flags = octet(element, 0);
	layer = scalable ? octet(element, 1) : 0;
	*said = (struct said){
		.start = flags & S,
		.end = flags & E,
		.has_layer = scalable,
		.layer = layer,
		.class = class_of(flags, scalable, layer),
	};
	return true;
}
