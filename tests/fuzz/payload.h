/* SPDX-License-Identifier: BSD-3-Clause
 *
 * payload.h - what every fuzz target of a payload format does: the verdict must not depend on how the payload lies in
 * memory, and must keep the promises of recognise.h. */
#ifndef MD_FUZZ_PAYLOAD_H
#define MD_FUZZ_PAYLOAD_H

#include "../unit/pieces.h"
#include "recognise.h"

#define REQUIRE(what) \
	do { \
		if (!(what)) \
			__builtin_trap(); \
	} while (0)

/* The first octet of the input chooses marker, option and where to cut; the payload is the rest. */
struct choice {
	bool marker, option;
	size_t cut;
};

static inline struct choice choice_of(uint8_t octet)
{
	return (struct choice){ octet & 1, octet & 2, octet >> 2 };
}

static inline bool same_said(const struct said *a, const struct said *b)
{
	return a->start == b->start && a->end == b->end && a->implausible == b->implausible && a->class == b->class &&
		a->has_layer == b->has_layer && a->layer == b->layer && a->has_frame == b->has_frame &&
		a->frame == b->frame;
}

typedef void recogniser(const struct octets *payload, const struct choice *choice, struct said *said);

/* end_is_marker: the format has no end flag of its own. */
static inline void payload_check(const uint8_t *data, size_t size, recogniser *recognise, bool end_is_marker)
{
	struct choice choice = choice_of(size ? data[0] : 0);
	const uint8_t *payload = size ? data + 1 : data;
	size_t len = size ? size - 1 : 0;
	struct pieces form[] = {
		pieces_whole(payload, len),
		pieces_cut(payload, len, choice.cut, 0),
		pieces_cut(payload, len, choice.cut, 1 + choice.cut % 3),
	};
	struct said said[3];

	for (int i = 0; i < 3; i++) {
		memset(&said[i], 0x5A, sizeof said[i]);
		recognise(&form[i].all, &choice, &said[i]);
		REQUIRE(same_said(&said[i], &said[0]));
		pieces_free(&form[i]);
	}
	REQUIRE(said[0].class <= CLASS_KEY);
	REQUIRE(!said[0].has_frame && (said[0].has_layer || !said[0].layer));
	REQUIRE(!end_is_marker || said[0].end == choice.marker);
	REQUIRE(!said[0].implausible || (!said[0].start && said[0].class == CLASS_UNKNOWN));
}

#endif
