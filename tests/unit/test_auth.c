/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "lend.h"
#include "vectors.h"
#include "wire/auth.h"
#include "wire/cmac.h"

/* Every case goes both ways, where this CPU has a way of its own: with its instructions and with the lent cipher. */
enum { LENT, CPU, WAYS };

static int ways(void)
{
	return md_cpu_has_aes() ? WAYS : CPU;
}

/* --- Cases of kdf.json ------------------------------------------------------------------------------------ */

static void cmac_is_that_of_rfc_4493(void **state)
{
	const struct vector_case *c = *state;
	struct blob key = vec_octets(c->in, "key"), message = vec_octets(c->in, "message");
	struct iovec piece = { message.at, message.len };
	uint8_t mac[16];

	assert_int_equal(key.len, 16);
	for (int way = LENT; way < ways(); way++) {
		assert_int_equal(cmac_pieces(key.at, &piece, 1, lend_openssl(), way == CPU, mac), 0);
		assert_octets(c->out, "mac", mac, sizeof mac);
	}
	assert_int_equal(md_cmac(key.at, &piece, 1, lend_openssl(), mac), 0);
	assert_octets(c->out, "mac", mac, sizeof mac);
}

static void kdf_is_that_of_tcp_ao(void **state)
{
	const struct vector_case *c = *state;
	struct blob context = vec_octets(c->in, "context");
	struct md_key key = vec_key(c->in);
	uint8_t out[20];

	for (int way = LENT; way < ways(); way++) {
		ptrdiff_t n = auth_kdf(out, &key, context.at, context.len, lend_openssl(), way == CPU);

		assert_octets(c->out, "traffic_key", out, (size_t)n);
	}
}

static void check_traffic_key(const json_t *want, const struct md_traffic_key *t)
{
	if (t->algorithm == MD_HMAC_SHA1_96)
		assert_octets(want, "traffic_key", t->u.hmac, 20);
	else
		assert_octets(want, "traffic_key", t->u.schedule[0], 16);
}

static void traffic_key_is_derived(void **state)
{
	const struct vector_case *c = *state;
	struct md_key key = vec_key(c->in);
	struct md_tuple tuple = vec_tuple(c->in);
	struct md_traffic_key t;
	uint8_t context[44];
	ptrdiff_t n = md_auth_context(context, sizeof context, &tuple, key.nat);

	assert_octets(c->out, json_object_get(c->out, "context") ? "context" : "kdf_context", context, (size_t)n);
	assert_int_equal(md_auth_context(context, (size_t)n - 1, &tuple, key.nat), MD_E_ROOM);
	for (int way = LENT; way < ways(); way++) {
		assert_int_equal(auth_traffic_key(&t, &key, &tuple, lend_openssl(), way == CPU), 0);
		check_traffic_key(c->out, &t);
		assert_int_equal(t.expanded, way == CPU && key.algorithm == MD_AES_128_CMAC_96);
	}
}

/* --- Cases of auth.json ----------------------------------------------------------------------------------- */

/* The area of a sign case with OCS and MAC of any value: they must count as zero. */
struct plan {
	uint8_t surplus[1024];
	size_t len, ocs_at, mac_at;
};

static struct plan lay_out(const json_t *in, size_t user_len)
{
	struct blob options = vec_octets(in, "options"), tail = vec_octets(in, "tail");
	struct plan p = { .ocs_at = user_len & 1 };
	size_t at = p.ocs_at + 2;

	memset(p.surplus + p.ocs_at, 0xa5, 2);
	if (options.len)
		memcpy(p.surplus + at, options.at, options.len);
	at += options.len;
	p.surplus[at++] = MD_KIND_AUTH;
	p.surplus[at++] = MD_AUTH_LEN;
	p.surplus[at++] = (uint8_t)vec_int(in, "keyid");
	p.surplus[at++] = (uint8_t)vec_int(in, "rnextkeyid");
	p.mac_at = at;
	memset(p.surplus + at, 0xa5, MD_MAC_LEN);
	if (tail.len)
		memcpy(p.surplus + at + MD_MAC_LEN, tail.at, tail.len);
	p.len = at + MD_MAC_LEN + tail.len;
	return p;
}

/* The user data as n pieces, the last one with more than there is to take. */
static size_t split(struct iovec *piece, const struct blob *user, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		size_t len = i + 1 == n ? user->len - at : (user->len - at) / 3;

		piece[i] = (struct iovec){ user->at + at, len };
		at += len;
	}
	return n;
}

static void finish(struct plan *p, const uint8_t mac[MD_MAC_LEN])
{
	uint16_t ocs;

	memset(p->surplus + p->ocs_at, 0, 2);
	memcpy(p->surplus + p->mac_at, mac, MD_MAC_LEN);
	ocs = md_ocs(p->surplus + p->ocs_at, p->len - p->ocs_at, p->len);
	p->surplus[p->ocs_at] = (uint8_t)(ocs >> 8);
	p->surplus[p->ocs_at + 1] = (uint8_t)ocs;
}

static void sign_one_way(const struct vector_case *c, bool cpu, size_t pieces)
{
	struct blob user = vec_octets(c->in, "user_data");
	struct md_key key = vec_key(c->in);
	struct md_tuple tuple = vec_tuple(c->in);
	struct plan p = lay_out(c->in, user.len);
	struct blob exact = blob_copy(p.surplus, p.len);
	struct md_traffic_key t;
	struct iovec piece[8];
	uint8_t mac[MD_MAC_LEN];

	split(piece, &user, pieces);
	assert_int_equal(auth_traffic_key(&t, &key, &tuple, lend_openssl(), cpu), 0);
	assert_int_equal(md_auth_mac(&t, &tuple, piece, pieces, user.len, exact.at, exact.len, p.ocs_at, p.mac_at,
		lend_openssl(), mac), 0);
	assert_octets(c->out, "mac", mac, sizeof mac);
	finish(&p, mac);
	assert_octets(c->out, "surplus", p.surplus, p.len);
}

static void datagram_is_signed(void **state)
{
	const struct vector_case *c = *state;

	traffic_key_is_derived(state);
	for (int way = LENT; way < ways(); way++)
		for (size_t pieces = 1; pieces <= 5; pieces++)
			sign_one_way(c, way == CPU, pieces);
}

/* The receiver's order of work (section 5.8), as far as AUTH. */
static enum md_reason verify(const struct blob *packet, const json_t *keys)
{
	struct md_ids ids = vec_ids(NULL);
	struct md_option_ref list[MD_OPTIONS_MAX];
	struct md_options o;
	struct md_datagram d;
	enum md_reason reason;
	size_t at, count;

	if (md_datagram_read(packet->at, packet->len, &d, &reason) < 0 ||
	    md_surplus_check(d.surplus, d.surplus_len, d.udp_length, d.checksum_zero, &at, &reason) < 0 ||
	    md_walk(d.surplus + at, d.surplus_len - at, &ids, list, &count, &reason) != MD_OK)
		return reason;
	md_options_read(d.surplus + at, list, count, &ids, &o);
	if (!o.has_auth)
		return o.auth_reason;
	for (size_t i = 0; i < json_array_size(keys); i++) {
		struct md_key key = vec_key(json_array_get(keys, i));
		struct iovec user = { (void *)(uintptr_t)d.user, d.user_len };
		size_t mac_at = at + o.auth_at + 4;
		struct md_traffic_key t;
		uint8_t mac[MD_MAC_LEN];

		if (key.keyid != o.keyid)
			continue;
		assert_int_equal(md_traffic_key_make(&t, &key, &d.tuple, lend_openssl()), 0);
		assert_int_equal(md_auth_mac(&t, &d.tuple, &user, 1, d.user_len, d.surplus, d.surplus_len, at - 2,
			mac_at, lend_openssl(), mac), 0);
		return md_mac_equal(mac, d.surplus + mac_at) ? MD_R_NONE : MD_R_AUTH_MAC;
	}
	return MD_R_AUTH_KEY;
}

static void datagram_is_verified(void **state)
{
	const struct vector_case *c = *state;
	struct blob packet = vec_octets(c->in, "ip_packet");
	enum md_reason reason = verify(&packet, vec_member(c->in, "keys"));

	assert_reason(c->out, "reason", reason);
	assert_string_equal(vec_text(c->out, "verdict"), reason == MD_R_NONE ? "ok" : "bad");
}

static void every_truncation_of_a_signed_packet_is_refused(void **state)
{
	const json_t *cases = vectors_cases("auth");

	(void)state;
	for (size_t i = 0; i < json_array_size(cases); i++) {
		const json_t *in = json_object_get(json_array_get(cases, i), "in");
		struct blob packet = vec_octets(in, "ip_packet");

		for (size_t len = 0; len < packet.len; len++) {
			struct blob part = blob_copy(packet.at, len);

			assert_int_not_equal(verify(&part, json_object_get(in, "keys")), MD_R_NONE);
		}
		blobs_free(NULL);
	}
}

/* --- Against another implementation ----------------------------------------------------------------------- */

enum { MESSAGES = 100000, LONGEST = 2000, PIECES = 8 };

/* OpenSSL's CMAC and HMAC, fetched once. */
struct judge {
	EVP_MAC *mac;
	EVP_MAC_CTX *ctx;
	OSSL_PARAM param[2];
};

static struct judge judge_open(const char *name, const char *key, char *value)
{
	struct judge j = { .mac = EVP_MAC_fetch(NULL, name, NULL) };

	j.ctx = EVP_MAC_CTX_new(j.mac);
	j.param[0] = OSSL_PARAM_construct_utf8_string(key, value, 0);
	j.param[1] = OSSL_PARAM_construct_end();
	assert_non_null(j.ctx);
	return j;
}

static void judge_close(struct judge *j)
{
	EVP_MAC_CTX_free(j->ctx);
	EVP_MAC_free(j->mac);
}

static void judge_mac(struct judge *j, const uint8_t *key, size_t key_len, const uint8_t *p, size_t len, uint8_t *mac)
{
	size_t n;

	assert_int_equal(EVP_MAC_init(j->ctx, key, key_len, j->param), 1);
	assert_int_equal(EVP_MAC_update(j->ctx, p, len), 1);
	assert_int_equal(EVP_MAC_final(j->ctx, mac, &n, 20), 1);
}

/* A random message of 0..LONGEST octets in 1..PIECES pieces, none of which ends where the next begins by chance. */
static size_t random_message(uint64_t *seed, uint8_t *octets, struct iovec *piece, size_t *pieces)
{
	size_t len = random_next(seed) % 4 ? random_next(seed) % 100 : random_next(seed) % (LONGEST + 1);
	size_t at = 0;

	for (size_t i = 0; i < len; i += 8) { /* octets has room for a multiple of 8 */
		uint64_t v = random_next(seed);

		memcpy(octets + i, &v, 8);
	}
	*pieces = 1 + random_next(seed) % PIECES;
	for (size_t i = 0; i < *pieces; i++) {
		size_t n = i + 1 == *pieces ? len - at : random_next(seed) % (len - at + 1);

		piece[i] = (struct iovec){ n ? octets + at : NULL, n };
		at += n;
	}
	return len;
}

static void cmac_against_openssl(bool cpu)
{
	char cipher[] = "AES-128-CBC";
	struct judge judge = judge_open("CMAC", OSSL_MAC_PARAM_CIPHER, cipher);
	uint64_t start = random_seed(), seed = start;
	uint8_t octets[LONGEST + 8], key[16], want[20], got[16];
	struct iovec piece[PIECES];

	for (int i = 0; i < MESSAGES; i++) {
		size_t pieces, len = random_message(&seed, octets, piece, &pieces);

		random_fill(&seed, key, sizeof key);
		judge_mac(&judge, key, sizeof key, octets, len, want);
		if (cmac_pieces(key, piece, pieces, lend_openssl(), cpu, got) || memcmp(want, got, sizeof got))
			fail_msg("MD_SEED=%#llx, message %d: %zu octets, %zu pieces", (unsigned long long)start, i, len,
				pieces);
	}
	judge_close(&judge);
}

static void cmac_of_the_cpu_is_that_of_openssl(void **state)
{
	(void)state;
	if (!md_cpu_has_aes())
		skip();
	cmac_against_openssl(true);
}

static void cmac_of_a_lent_cipher_is_that_of_openssl(void **state)
{
	(void)state;
	cmac_against_openssl(false);
}

static void hmac_of_a_lent_hash_is_that_of_openssl(void **state)
{
	char digest[] = "SHA1";
	struct judge judge = judge_open("HMAC", OSSL_MAC_PARAM_DIGEST, digest);
	uint64_t start = random_seed(), seed = start;
	uint8_t octets[LONGEST + 8], key[150], want[20], got[20];
	struct iovec piece[PIECES];

	(void)state;
	for (int i = 0; i < MESSAGES; i++) {
		size_t pieces, len = random_message(&seed, octets, piece, &pieces);
		size_t key_len = 1 + random_next(&seed) % sizeof key;

		random_fill(&seed, key, key_len);
		judge_mac(&judge, key, key_len, octets, len, want);
		if (md_hmac_sha1(key, key_len, piece, pieces, lend_openssl(), got) || memcmp(want, got, sizeof got))
			fail_msg("MD_SEED=%#llx, message %d: %zu octets", (unsigned long long)start, i, len);
	}
	judge_close(&judge);
}

/* --- Refusals --------------------------------------------------------------------------------------------- */

static const struct md_key plain_key = { .keyid = 1, .len = 16, .key = { 1, 2, 3 } };
static const struct md_tuple tuple4 = { .version = 4, .src = { 192, 0, 2, 1 }, .dst = { 192, 0, 2, 2 }, .sport = 1 };

static void what_is_not_lent_is_asked_for(void **state)
{
	const struct md_lend nothing = { 0 };
	struct md_key sha1 = plain_key;
	struct md_traffic_key t;
	uint8_t mac[20], area[33] = { 0 };
	struct iovec none = { NULL, 0 };

	(void)state;
	sha1.algorithm = MD_HMAC_SHA1_96;
	assert_int_equal(cmac_pieces(plain_key.key, &none, 1, NULL, false, mac), MD_E_LEND);
	assert_int_equal(cmac_pieces(plain_key.key, &none, 1, &nothing, false, mac), MD_E_LEND);
	assert_int_equal(md_hmac_sha1(plain_key.key, 16, &none, 1, NULL, mac), MD_E_LEND);
	assert_int_equal(md_hmac_sha1(plain_key.key, 16, &none, 1, &nothing, mac), MD_E_LEND);
	assert_int_equal(md_traffic_key_make(&t, &sha1, &tuple4, NULL), MD_E_LEND);
	assert_int_equal(auth_traffic_key(&t, &plain_key, &tuple4, lend_openssl(), false), 0);
	assert_int_equal(md_auth_mac(&t, &tuple4, NULL, 0, 0, area, sizeof area, 0, 20, NULL, mac), MD_E_LEND);
	if (!md_cpu_has_aes())
		return;
	assert_int_equal(md_traffic_key_make(&t, &plain_key, &tuple4, NULL), 0);
	assert_int_equal(md_auth_mac(&t, &tuple4, NULL, 0, 0, area, sizeof area, 0, 20, NULL, mac), 0);
}

static void key_out_of_its_range_is_refused(void **state)
{
	struct md_traffic_key t;
	struct md_tuple tuple = tuple4;
	struct md_key key = plain_key;

	(void)state;
	key.cover = MD_COVER_MIN - 1;
	assert_int_equal(md_traffic_key_make(&t, &key, &tuple, lend_openssl()), MD_E_VALUE);
	key.cover = 65536;
	assert_int_equal(md_traffic_key_make(&t, &key, &tuple, lend_openssl()), MD_E_VALUE);
	key.cover = 65535;
	assert_int_equal(md_traffic_key_make(&t, &key, &tuple, lend_openssl()), 0);
	key.len = MD_KEY_MAX + 1;
	assert_int_equal(md_traffic_key_make(&t, &key, &tuple, lend_openssl()), MD_E_VALUE);
	key.len = 0;
	assert_int_equal(md_traffic_key_make(&t, &key, &tuple, lend_openssl()), MD_E_VALUE);
	key.len = 16;
	key.algorithm = (enum md_algorithm)2;
	assert_int_equal(md_traffic_key_make(&t, &key, &tuple, lend_openssl()), MD_E_VALUE);
	key.algorithm = MD_AES_128_CMAC_96;
	tuple.version = 5;
	assert_int_equal(md_traffic_key_make(&t, &key, &tuple, lend_openssl()), MD_E_VALUE);
}

static int mac_of(size_t user_len, size_t given, size_t surplus_len, size_t ocs_at, size_t mac_at)
{
	struct md_traffic_key t;
	struct blob user = blob_copy((uint8_t[2000]){ 0 }, given), area = blob_copy((uint8_t[64]){ 0 }, 64);
	struct iovec piece = { user.at, user.len };
	uint8_t mac[MD_MAC_LEN];

	assert_int_equal(md_traffic_key_make(&t, &plain_key, &tuple4, lend_openssl()), 0);
	return md_auth_mac(&t, &tuple4, &piece, 1, user_len, area.at, surplus_len, ocs_at, mac_at, lend_openssl(), mac);
}

static void mac_over_places_that_are_not_there_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mac_of(20, 20, 64, 0, 52), 0);
	assert_int_equal(mac_of(20, 20, 64, 0, 53), MD_E_VALUE);
	assert_int_equal(mac_of(20, 20, 64, 0, SIZE_MAX - 3), MD_E_VALUE);
	assert_int_equal(mac_of(20, 20, 64, 0, 1), MD_E_VALUE);
	assert_int_equal(mac_of(20, 20, 64, 20, 10), MD_E_VALUE);
	assert_int_equal(mac_of(20, 20, 65528, 0, 10), MD_E_VALUE);
	assert_int_equal(mac_of(65528, 20, 64, 0, 10), MD_E_VALUE);
	assert_int_equal(mac_of(20, 19, 64, 0, 52), MD_E_VALUE);
	assert_int_equal(mac_of(2000, 1999, 64, 0, 52), MD_E_VALUE);
	assert_int_equal(mac_of(1999, 2000, 64, 0, 52), 0);
}

static void macs_are_compared_octet_by_octet(void **state)
{
	uint8_t a[MD_MAC_LEN] = { 0 }, b[MD_MAC_LEN] = { 0 };

	(void)state;
	assert_true(md_mac_equal(a, b));
	for (int bit = 0; bit < 8 * MD_MAC_LEN; bit++) {
		b[bit / 8] = (uint8_t)(1 << bit % 8);
		assert_false(md_mac_equal(a, b));
		b[bit / 8] = 0;
	}
}

static void algorithms_are_known_by_name(void **state)
{
	(void)state;
	assert_int_equal(md_algorithm_parse("aes-128-cmac-96"), MD_AES_128_CMAC_96);
	assert_int_equal(md_algorithm_parse("HMAC-SHA1-96"), MD_HMAC_SHA1_96);
	assert_int_equal(md_algorithm_parse("hmac-sha1-9"), -1);
	assert_int_equal(md_algorithm_parse("hmac-sha1-960"), -1);
	assert_int_equal(md_algorithm_parse(""), -1);
	assert_string_equal(md_algorithm_name(MD_HMAC_SHA1_96), "HMAC-SHA1-96");
	assert_string_equal(md_algorithm_name((enum md_algorithm)2), "?");
}

int main(void)
{
	static const struct vector_op ops[] = {
		{ "kdf", "cmac", cmac_is_that_of_rfc_4493 }, { "kdf", "context", kdf_is_that_of_tcp_ao },
		{ "kdf", "traffic-key", traffic_key_is_derived },
		{ "auth", "sign", datagram_is_signed }, { "auth", "verify", datagram_is_verified },
	};
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(every_truncation_of_a_signed_packet_is_refused),
		cmocka_unit_test(cmac_of_the_cpu_is_that_of_openssl),
		cmocka_unit_test(cmac_of_a_lent_cipher_is_that_of_openssl),
		cmocka_unit_test(hmac_of_a_lent_hash_is_that_of_openssl),
		cmocka_unit_test(what_is_not_lent_is_asked_for),
		cmocka_unit_test(key_out_of_its_range_is_refused),
		cmocka_unit_test(mac_over_places_that_are_not_there_is_refused),
		cmocka_unit_test(macs_are_compared_octet_by_octet),
		cmocka_unit_test(algorithms_are_known_by_name),
	};

	return VECTORS_RUN("auth", ops, more);
}
