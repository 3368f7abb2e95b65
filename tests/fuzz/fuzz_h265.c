/* SPDX-License-Identifier: BSD-3-Clause */
#include "payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void recognise(const struct octets *payload, const struct choice *choice, struct said *said)
{
	struct highest low = { 0 }, high = { 6, 63, true };
	struct said unknown, under;

	*said = h265_recognise(payload, choice->marker, choice->option, &low);
	/* Knowing less, or knowing of higher layers, only takes "discardable" away. */
	unknown = h265_recognise(payload, choice->marker, choice->option, NULL);
	under = h265_recognise(payload, choice->marker, choice->option, &high);
	REQUIRE(unknown.class == said->class || said->class == CLASS_DISCARDABLE);
	REQUIRE(under.class == said->class || said->class == CLASS_DISCARDABLE);
	REQUIRE(low.tid <= 6 && low.sid <= 63 && high.tid == 6 && high.sid == 63);
	REQUIRE(low.seen == !said->implausible);
	REQUIRE(!said->has_layer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	payload_check(data, size, recognise, true);
	return 0;
}
