/* SPDX-License-Identifier: BSD-3-Clause */
#include "payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void recognise(const struct octets *payload, const struct choice *choice, struct said *said)
{
	*said = h264_recognise(payload, choice->marker);
	REQUIRE(!said->has_layer);
	REQUIRE(payload->len || said->implausible);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	payload_check(data, size, recognise, true);
	return 0;
}
