/* SPDX-License-Identifier: BSD-3-Clause
 *
 * test_router_bits.c - every bit of a wrapped datagram flipped, once as it is and once with the sums made right again.
 * The router refuses it, or the bit is one that AUTH leaves alone by design; these are named, and nothing else passes. */
#include <stdio.h>
#include <string.h>

#include "../../demo/router/decide.h"
#include "../../demo/router/lend.h"
#include "../router/wrapped.h"
#include "vectors.h"

struct combination {
	uint8_t version;
	enum md_algorithm algorithm;
	uint32_t cover;
	bool odd, mended;
};

struct bench {
	struct wrapped whole;
	struct decide_config config;
	struct keys *keys;
	struct moment now;
	uint32_t cover;
};

static const struct prefixes none;

static struct md_tuple tuple_of(uint8_t version, uint8_t host, uint16_t sport, uint16_t dport)
{
	struct md_tuple t = { .version = version, .sport = sport, .dport = dport };

	if (version == 4) {
		memcpy(t.src, (uint8_t[]){ 192, 0, 2, host }, 4);
		memcpy(t.dst, (uint8_t[]){ 203, 0, 113, host }, 4);
	} else {
		memcpy(t.src, (uint8_t[]){ 0x20, 1, 0xd, 0xb8, 0, 1 }, 6);
		memcpy(t.dst, (uint8_t[]){ 0x20, 1, 0xd, 0xb8, 0, 2 }, 6);
		t.src[15] = t.dst[15] = host;
	}
	return t;
}

static void set_up(struct bench *b, const struct combination *c)
{
	struct md_key key = { .keyid = 1, .algorithm = c->algorithm, .len = 16, .cover = c->cover };
	struct md_metadata meta = { .option = MD_MED, .counter = 42, .d = 1, .p = 1, .l = 1, .bq = 17, .seq = 48879 };
	struct md_traffic_key traffic;
	uint8_t payload[100];
	struct wrap how = { .outer = tuple_of(c->version, 1, 40001, 49777), .inner = tuple_of(c->version, 9, 40000, 50000),
		.inner_ttl = 64, .key = &traffic, .meta = &meta, .payload = payload,
		.payload_len = sizeof(payload) - c->odd };

	memset(b, 0, sizeof(*b));
	b->now.ntp = 0xf272ca05;
	b->cover = c->cover;
	meta.ts = b->now.ntp - 9;
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(3 + 7 * i);
	for (size_t i = 0; i < key.len; i++)
		key.key[i] = (uint8_t)(16 + i);
	b->config = (struct decide_config){ .ids = MD_IDS_DEFAULT, .cap = &none, .client = &none };
	b->keys = keys_new(4, 1, &lend_libcrypto);
	assert_non_null(b->keys);
	assert_int_equal(keys_add(b->keys, &key), 0);
	assert_int_equal(md_traffic_key_make(&traffic, &key, &how.outer, &lend_libcrypto), 0);
	assert_int_equal(wrapped_make(&b->whole, &how, &lend_libcrypto), 0);
}

/* Each packet meets a router that has seen none, so that no refusal is for a replay. */
static struct decision judged(struct bench *b, const uint8_t *packet)
{
	struct decide_state state = { b->keys, flows_new(1, MD_REPLAY_MIN, 2 << 16, 1) };
	struct decision d;

	decide(&b->config, &state, DECIDE_TUNNEL, packet, b->whole.len, &b->now, &d);
	flows_free(state.flows);
	return d;
}

/* Where the structure of the packet is as before, AUTH itself must be what refuses: addresses, ports, the user data under
 * cover, everything that MED says, the MAC. */
static bool auth_must_refuse(const struct bench *b, size_t at)
{
	const struct wrapped *w = &b->whole;
	size_t options = w->surplus_at + (w->surplus_at - w->udp_at) % 2 + 2;
	size_t addresses = w->octets[0] >> 4 == 4 ? 12 : 8;

	if (at >= addresses && at < w->udp_at + 4)
		return true;
	if (at >= w->user_at && at < w->surplus_at)
		return !b->cover || at < w->user_at + b->cover;
	return (at >= options + 2 && at < options + 14) || (at >= options + 17 && at < options + 30);
}

/* Counts per name, in order of appearance. */
struct tally {
	const char *name[16];
	unsigned count[16];
};

static void tally_add(struct tally *t, const char *name)
{
	size_t i = 0;

	while (t->name[i] && strcmp(t->name[i], name) != 0)
		i++;
	assert_true(i < 16);
	t->name[i] = name;
	t->count[i]++;
}

static void each_bit(void **state)
{
	const struct combination *c = *state;
	struct tally passed = { 0 };
	uint8_t packet[WRAPPED_ROOM];
	unsigned refused = 0;
	struct bench b;

	set_up(&b, c);
	assert_int_equal(judged(&b, b.whole.octets).action, DECIDE_METADATA);
	for (size_t bit = 0; bit < b.whole.len * 8; bit++) {
		const char *outside = wrapped_outside_auth(&b.whole, bit, c->cover, c->mended);
		struct decision d;
		bool mended;

		memcpy(packet, b.whole.octets, b.whole.len);
		packet[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		mended = c->mended && wrapped_mend(packet, b.whole.len);
		d = judged(&b, packet);
		if ((d.action == DECIDE_DROP) == (outside != NULL))
			fail_msg("octet %zu bit %zu: %s (%s), expected %s", bit / 8, bit % 8, decide_action_name(d.action),
				md_reason_name(d.reason), outside ? outside : "a refusal");
		if (mended && auth_must_refuse(&b, bit / 8) && d.reason != MD_R_AUTH_MAC)
			fail_msg("octet %zu bit %zu: refused for %s, not by AUTH", bit / 8, bit % 8,
				md_reason_name(d.reason));
		if (outside)
			tally_add(&passed, outside);
		else
			refused++;
	}
	print_message("# %zu bits: %u refused", b.whole.len * 8, refused);
	for (size_t i = 0; i < 16 && passed.name[i]; i++)
		print_message("; passes: %s %u", passed.name[i], passed.count[i]);
	print_message("\n");
	keys_free(b.keys);
}

int main(void)
{
	static struct combination combination[32];
	static char name[32][96];
	struct CMUnitTest test[32];

	for (unsigned i = 0; i < 32; i++) {
		struct combination *c = &combination[i];

		*c = (struct combination){ i & 1 ? 6 : 4, i & 2 ? MD_HMAC_SHA1_96 : MD_AES_128_CMAC_96, i & 4 ? 64 : 0,
			i & 8, i & 16 };
		snprintf(name[i], sizeof(name[i]), "IPv%u, %s, cover %s, %s length: each bit, %s", c->version,
			md_algorithm_name(c->algorithm), c->cover ? "64" : "datagram", c->odd ? "odd" : "even",
			c->mended ? "sums made right again" : "as it is");
		test[i] = (struct CMUnitTest){ name[i], each_bit, NULL, NULL, c };
	}
	return cmocka_run_group_tests_name("router, bit by bit", test, NULL, NULL);
}
