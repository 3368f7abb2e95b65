/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fuzz_decide.c - whole packets to the router's decision. The first octet chooses policy, mode and identifiers, and
 * whether the sums are made right, so that what lies behind them is reached; the rest is the packet. */
#include <stdlib.h>
#include <string.h>

#include "../../demo/router/decide.h"
#include "../router/wrapped.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(what) \
	do { \
		if (!(what)) \
			__builtin_trap(); \
	} while (0)

/* The key and the time of the case files: their packets pass AUTH. */
static struct keys *keys_made(void)
{
	struct md_key key = { .keyid = 1, .algorithm = MD_AES_128_CMAC_96, .len = 16 };
	struct keys *keys = keys_new(16, 1, NULL);

	for (size_t i = 0; i < key.len; i++)
		key.key[i] = (uint8_t)(16 + i);
	REQUIRE(keys && keys_add(keys, &key) == 0);
	return keys;
}

static bool code_find(void *books, struct md_metadata *meta, struct md_meaning *meaning)
{
	(void)books;
	*meaning = md_meaning_of(meta->code[1] << 5 | (meta->code[2] & 31));
	return meta->code[0] & 1;
}

/* What holds whatever the packet is. */
static void check(const struct decision *d, const uint8_t *packet, size_t len)
{
	uint8_t inner[65535];
	enum md_reason reason;

	REQUIRE((d->action == DECIDE_METADATA) == (d->reason == MD_R_NONE) || d->foreign);
	REQUIRE(d->mode == DECIDE_TUNNEL || d->action != DECIDE_DROP);
	REQUIRE(!d->tracked || d->flow);
	if (d->action == DECIDE_METADATA && !d->foreign)
		REQUIRE(d->tracked && d->options.meta.option != MD_NO_OPTION && d->auth >= DECIDE_AUTH_OFF);
	if (d->options.token)
		REQUIRE(d->options.token >= packet && d->options.token + d->options.token_len <= packet + len);
	if (d->mode == DECIDE_INLINE || d->action == DECIDE_DROP)
		return;
	/* What goes on is a whole datagram inside the packet, and forwarding it cannot fail. */
	REQUIRE(d->inner_good && d->inner.length == d->outer.user_len);
	REQUIRE(d->outer.user >= packet && d->outer.user + d->inner.length <= packet + len);
	memcpy(inner, d->outer.user, d->inner.length);
	REQUIRE(md_inner_forward(inner, d->inner.length, d->outer.ip.tos & 3, &reason) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct prefixes none;
	static struct keys *keys;
	struct decide_config config = { .ids = MD_IDS_DEFAULT, .cap = &none, .client = &none, .code_find = code_find };
	struct decide_state state;
	struct moment now = { 0, 4067609093, 1000 };
	struct decision d;
	uint8_t *packet;

	if (size < 1 || size > 65536)
		return 0;
	keys = keys ? keys : keys_made();
	state = (struct decide_state){ keys, flows_new(2, MD_REPLAY_MIN, 2 << 16, 1) };
	packet = malloc(size - 1 ? size - 1 : 1);
	REQUIRE(packet && state.flows);
	memcpy(packet, data + 1, size - 1);
	config.policy = (enum decide_policy)(data[0] & 3 ? (data[0] & 3) - 1 : 0);
	if (data[0] & 8)
		wrapped_mend(packet, size - 1);
	if (data[0] & 16)
		config.ids.med_kind = MD_LAB_MED_KIND, config.ids.ofc_kind = MD_LAB_OFC_KIND;
	config.ids.legacy16 = data[0] & 32;
	for (int i = 0; i < 2; i++, now.ms += 500, now.ntp += 1 << 15) {
		decide(&config, &state, data[0] & 4 ? DECIDE_INLINE : DECIDE_TUNNEL, packet, size - 1, &now, &d);
		check(&d, packet, size - 1);
	}
	free(packet);
	flows_free(state.flows);
	return 0;
}
