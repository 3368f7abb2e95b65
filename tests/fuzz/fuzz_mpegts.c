/* SPDX-License-Identifier: BSD-3-Clause */
#include "payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void recognise(const struct octets *payload, const struct choice *choice, struct said *said)
{
	(void)choice;
	*said = mpegts_recognise(payload);
	REQUIRE(!said->end && !said->has_layer);
	REQUIRE(said->start == (said->class == CLASS_BASE || said->class == CLASS_KEY));
	REQUIRE(payload->len >= 188 || said->implausible);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	payload_check(data, size, recognise, false);
	return 0;
}
