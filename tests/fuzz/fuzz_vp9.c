/* SPDX-License-Identifier: BSD-3-Clause */
#include "payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void recognise(const struct octets *payload, const struct choice *choice, struct said *said)
{
	struct highest low = { 0 }, high = { 7, 7, true };
	struct said unknown, under;

	*said = vp9_recognise(payload, choice->marker, &low);
	/* Knowing less, or knowing of higher layers, only takes "discardable" away. */
	unknown = vp9_recognise(payload, choice->marker, NULL);
	under = vp9_recognise(payload, choice->marker, &high);
	REQUIRE(unknown.class == said->class || said->class == CLASS_DISCARDABLE);
	REQUIRE(under.class == said->class || said->class == CLASS_DISCARDABLE);
	REQUIRE(unknown.class != CLASS_DISCARDABLE);
	REQUIRE(low.tid <= 7 && low.sid <= 7 && high.tid == 7 && high.sid == 7);
	REQUIRE(!said->implausible || said->end == choice->marker);
	REQUIRE(!said->has_layer || said->layer == low.sid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	payload_check(data, size, recognise, false);
	return 0;
}
