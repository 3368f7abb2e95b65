/* SPDX-License-Identifier: BSD-3-Clause */
#include "payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool verdict(const struct octets *element, struct said *said)
{
	bool there;

	memset(said, 0x5A, sizeof *said);
	there = framemark_recognise(element, said);
	REQUIRE(there == (element->len >= 1 && element->len <= 3));
	if (!there)
		return false;
	REQUIRE(said->has_layer == (element->len > 1) && !said->has_frame && !said->implausible);
	REQUIRE(said->start == !!(octet(element, 0) & 0x80) && said->end == !!(octet(element, 0) & 0x40));
	REQUIRE(said->class <= CLASS_KEY);
	REQUIRE(said->class != CLASS_KEY || !said->layer);
	return true;
}

/* A frame marking element, whole and in pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cut = size ? data[0] : 0, len = size ? size - 1 : 0;
	struct pieces whole = pieces_whole(data + (size ? 1 : 0), len), parts = pieces_cut(data + (size ? 1 : 0), len, cut, 1);
	struct said a, b;

	if (verdict(&whole.all, &a))
		REQUIRE(verdict(&parts.all, &b) && same_said(&a, &b));
	else
		REQUIRE(!verdict(&parts.all, &b));
	pieces_free(&whole);
	pieces_free(&parts);
	return 0;
}
