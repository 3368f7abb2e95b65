/* SPDX-License-Identifier: BSD-3-Clause */
#include "describe.h"
#include "payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] = "[auth]\nauth = off\n[extension]\nmid = 4\n[policy a]\nmids = 0, audio\n[policy b]\nmids = 1, video, audio\n"
	"[policy c]\nmids = 0123456789abcdef0123456789abcdef\n";
static struct config config;
static struct config_errors errors;

/* The first policy that names it, written without thought of cost. */
static uint8_t model(const struct octets *element)
{
	char mid[300] = "";

	REQUIRE(element->len < sizeof mid);
	for (size_t i = 0; i < element->len; i++) {
		mid[i] = (char)octet(element, i);
		if (!mid[i])
			return 0;
	}
	for (unsigned p = 0; p < config.policies; p++)
		for (unsigned i = 0; i < config.policy[p].mids.n; i++)
			if (strcmp(config.policy[p].mids.value[i], mid) == 0)
				return (uint8_t)(p + 1);
	return 0;
}

/* A row of packets of one source. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t mid = 0, expected = 0;

	if (!config.policies && config_parse(text, sizeof text - 1, &config, &errors) != 0)
		__builtin_trap();
	while (size > 2) {
		size_t len = data[0] < size - 2 ? data[0] : size - 2;
		struct pieces packet = pieces_cut(data + 2, len, data[1], data[1] % 5);
		struct octets element;
		struct rtp rtp;

		if (rtp_recognise(&packet.all, &rtp)) {
			if (ext_find(&rtp, 4, &element))
				expected = model(&element);
			describe_mid(&config, &rtp, &mid);
			REQUIRE(mid == expected && mid <= config.policies);
			REQUIRE(!mid || describe_policy(&config, 0, &rtp, mid, 0) == &config.policy[mid - 1]);
		}
		pieces_free(&packet);
		data += 2 + len;
		size -= 2 + len;
	}
	return 0;
}
