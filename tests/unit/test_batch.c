/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The MACs of several datagrams side by side: cmac_lanes() against RFC 4493 and OpenSSL, md_area_write_all() against
 * md_area_write(), octet for octet. Every piece lies in a block of exactly its size, so that a sanitizer sees each octet
 * read behind its end. */
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "lend.h"
#include "vectors.h"
#include "wire/auth.h"
#include "wire/cmac.h"

enum { LANES = CMAC_LANES, LONGEST = 1500, PIECES = 6, ROUNDS = 4000 };

static void expanded_key(struct md_traffic_key *key, const uint8_t octets[16])
{
	memset(key, 0, sizeof *key);
	assert_int_equal(cmac_key(key, octets, NULL, true), 0);
}

/* --- cmac_lanes() ----------------------------------------------------------------------------------------- */

static void openssl_cmac(const uint8_t key[16], const uint8_t *p, size_t len, uint8_t mac[16])
{
	static EVP_MAC_CTX *ctx;
	char cipher[] = "AES-128-CBC";
	OSSL_PARAM param[2] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
		OSSL_PARAM_construct_end() };
	size_t n;

	if (!ctx) {
		EVP_MAC *cmac = EVP_MAC_fetch(NULL, "CMAC", NULL);

		ctx = EVP_MAC_CTX_new(cmac);
		EVP_MAC_free(cmac);
	}
	assert_int_equal(EVP_MAC_init(ctx, key, 16, param), 1);
	assert_int_equal(EVP_MAC_update(ctx, p, len), 1);
	assert_int_equal(EVP_MAC_final(ctx, mac, &n, 16), 1);
}

/* One message, and how it is handed over. */
struct message {
	uint8_t secret[16], octets[LONGEST + CMAC_FRONT], want[16];
	struct md_traffic_key key;
	struct iovec piece[PIECES];
	struct cmac_input in;
};

/* len octets: front, pieces (the last one may hold more than is covered), tail. odd: how far from an aligned address each
 * piece begins. */
static void cut(struct message *m, size_t len, size_t front, size_t tail, size_t pieces, size_t odd, uint64_t *seed)
{
	size_t covered = len - front - tail, at = front;

	for (size_t i = 0; i < pieces; i++) {
		size_t rest = front + covered - at, n = i + 1 == pieces ? rest : random_next(seed) % (rest + 1);
		size_t more = i + 1 == pieces ? odd : 0;
		uint8_t bytes[LONGEST + CMAC_FRONT + 32] = { 0 };
		struct blob block;

		memcpy(bytes + odd, m->octets + at, n);
		block = blob_copy(bytes, odd + n + more);
		m->piece[i] = (struct iovec){ n + more ? block.at + odd : NULL, n + more };
		at += n;
	}
	m->in = (struct cmac_input){ &m->key, blob_copy(m->octets, front).at, front, m->piece, covered,
		blob_copy(m->octets + len - tail, tail).at, tail };
}

static void fill(struct message *m, size_t len, const uint8_t secret[16], uint64_t *seed)
{
	memcpy(m->secret, secret, 16);
	random_fill(seed, m->octets, len);
	expanded_key(&m->key, secret);
	openssl_cmac(secret, m->octets, len, m->want);
}

static void judge(struct message *m, size_t n, const char *what)
{
	struct cmac_input in[LANES] = { { 0 } };
	uint8_t mac[LANES][16];

	memset(mac, 0xa5, sizeof mac);
	for (size_t i = 0; i < n; i++)
		in[i] = m[i].in;
	cmac_lanes(in, n, mac);
	for (size_t i = 0; i < n; i++)
		if (memcmp(mac[i], m[i].want, 16) != 0)
			fail_msg("%s: message %zu of %zu", what, i, n);
	for (size_t i = n; i < LANES; i++)
		assert_int_equal(mac[i][0], 0xa5);
}

static struct message message[LANES];

/* The four messages of RFC 4493, section 4, among others of the same key. */
static void lanes_are_those_of_rfc_4493(void **state)
{
	const json_t *cases = vectors_cases("kdf");
	size_t n = 0;

	(void)state;
	if (!md_cpu_has_aes())
		skip();
	for (size_t i = 0; i < json_array_size(cases) && n < LANES; i++) {
		const json_t *c = json_array_get(cases, i), *in = json_object_get(c, "in"), *out = json_object_get(c, "out");
		struct message *m = &message[n];
		struct blob key, text, mac;

		if (!json_object_get(in, "message") || !json_object_get(out, "mac"))
			continue;
		key = vec_octets(in, "key");
		text = vec_octets(in, "message");
		mac = vec_octets(out, "mac");
		assert_int_equal(key.len, 16);
		assert_int_equal(mac.len, 16);
		expanded_key(&m->key, key.at);
		memcpy(m->want, mac.at, 16);
		m->piece[0] = (struct iovec){ text.at, text.len };
		m->in = (struct cmac_input){ &m->key, NULL, 0, m->piece, text.len, NULL, 0 };
		n++;
	}
	assert_true(n >= 4);
	for (size_t some = 1; some <= n; some++)
		judge(message, some, "RFC 4493");
	blobs_free(NULL);
}

/* Every length once in every number of messages, beside others of any length. */
static void every_length_in_every_company_is_that_of_openssl(void **state)
{
	uint64_t start = random_seed(), seed = start;
	char what[80];

	(void)state;
	if (!md_cpu_has_aes())
		skip();
	for (size_t len = 0; len <= LONGEST; len++) {
		size_t n = 1 + len % LANES;

		snprintf(what, sizeof what, "MD_SEED=%#llx, length %zu", (unsigned long long)start, len);
		for (size_t i = 0; i < n; i++) {
			size_t mine = i == len / LANES % n ? len : random_next(&seed) % (LONGEST + 1);
			size_t front = mine < 52 ? random_next(&seed) % (mine + 1) : 52;
			size_t tail = random_next(&seed) % (mine - front + 1);
			uint8_t secret[16];

			random_fill(&seed, secret, sizeof secret);
			fill(&message[i], mine, secret, &seed);
			cut(&message[i], mine, front, tail, 1 + random_next(&seed) % PIECES, random_next(&seed) % 17, &seed);
		}
		judge(message, n, what);
		blobs_free(NULL);
	}
}

/* The shape of a batch: one key, one length, headers in front, an area behind. */
static void alike_messages_are_those_of_openssl(void **state)
{
	uint64_t start = random_seed(), seed = start;
	char what[80];

	(void)state;
	if (!md_cpu_has_aes())
		skip();
	for (size_t len = 52 + 33; len <= LONGEST; len++) {
		size_t n = 1 + random_next(&seed) % LANES;
		uint8_t secret[16];

		snprintf(what, sizeof what, "MD_SEED=%#llx, length %zu", (unsigned long long)start, len);
		random_fill(&seed, secret, sizeof secret);
		for (size_t i = 0; i < n; i++) {
			fill(&message[i], len, secret, &seed);
			cut(&message[i], len, len % 2 ? 24 : 52, 33, 2, i, &seed);
			message[i].in.key = &message[0].key;
		}
		judge(message, n, what);
		blobs_free(NULL);
	}
}

/* --- md_area_write_all() ---------------------------------------------------------------------------------- */

enum { JOBS = 19, ROOM = 1200, USER_MAX = 1500 };

/* Everything one area needs, at fixed addresses. */
struct datagram {
	struct md_ids ids;
	struct md_metadata meta;
	struct md_tuple tuple;
	struct md_traffic_key key;
	struct iovec user[3];
	uint8_t token[MD_TOKEN_MAX];
	struct md_area area;
	size_t room;
	uint8_t want[ROOM];
	ptrdiff_t want_len;
};

static const uint32_t covers[] = { 0, 64, 64, 1000 };

static void random_key(struct datagram *d, uint64_t *seed, unsigned kind)
{
	struct md_key master = { .keyid = (uint8_t)random_next(seed), .len = 16, .cover = covers[random_next(seed) % 4],
		.algorithm = kind == 1 ? MD_HMAC_SHA1_96 : MD_AES_128_CMAC_96, .nat = random_next(seed) % 4 == 0 };

	random_fill(seed, master.key, master.len);
	assert_int_equal(auth_traffic_key(&d->key, &master, &d->tuple, lend_openssl(), kind != 2 && md_cpu_has_aes()), 0);
}

/* A datagram of any kind; one in sixteen has something wrong with it. */
static void random_datagram(struct datagram *d, uint64_t *seed)
{
	size_t len = random_next(seed) % (USER_MAX + 1), first = random_next(seed) % (len + 1);
	unsigned wrong = random_next(seed) % 16 ? 0 : 1 + (unsigned)(random_next(seed) % 3);
	struct blob a = blob_copy((uint8_t[USER_MAX]){ 0 }, first), b = blob_copy((uint8_t[USER_MAX]){ 0 }, len - first);

	random_fill(seed, a.at, a.len);
	random_fill(seed, b.at, b.len);
	d->ids = (struct md_ids)MD_IDS_DEFAULT;
	d->meta = (struct md_metadata){ .option = random_next(seed) % 2 ? MD_MED : MD_OFC, .p = wrong == 1 ? 7 : 1,
		.counter = (uint8_t)random_next(seed), .seq = (uint16_t)random_next(seed), .ts = 5 };
	if (wrong == 1)
		d->meta.option = MD_MED;
	random_fill(seed, d->meta.code, sizeof d->meta.code);
	random_fill(seed, &d->tuple, sizeof d->tuple);
	random_fill(seed, d->token, sizeof d->token);
	d->tuple.version = random_next(seed) % 2 ? 4 : 6;
	random_key(d, seed, random_next(seed) % 4 ? 0 : (unsigned)(random_next(seed) % 3));
	d->user[0] = (struct iovec){ a.at, a.len };
	d->user[1] = (struct iovec){ NULL, 0 };
	d->user[2] = (struct iovec){ b.at, b.len };
	d->area = (struct md_area){ .ids = &d->ids, .meta = &d->meta, .key = random_next(seed) % 8 ? &d->key : NULL,
		.next_keyid = 3, .tuple = &d->tuple, .user = d->user, .pieces = 3,
		.user_len = wrong == 2 ? len + 1 : len };
	if (random_next(seed) % 8 == 0) {
		d->area.token = d->token;
		d->area.token_len = MD_TOKEN_MIN + random_next(seed) % (MD_TOKEN_MAX - MD_TOKEN_MIN + 1);
	}
	d->room = md_area_size(&d->area);
	if (random_next(seed) % 8 == 0)
		d->area.fill = d->room += random_next(seed) % 50;
	if (wrong == 3)
		d->room--;
	assert_true(d->room <= ROOM);
	d->want_len = md_area_write(d->want, d->room, &d->area, lend_openssl());
}

static void areas_are_those_written_one_by_one(void **state)
{
	static struct datagram d[JOBS];
	uint64_t start = random_seed(), seed = start;
	struct md_area_job job[JOBS];
	unsigned wrong = 0;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = random_next(&seed) % 2 ? 1 + random_next(&seed) % MD_AREA_BATCH : random_next(&seed) % (JOBS + 1);

		for (size_t i = 0; i < n; i++) {
			random_datagram(&d[i], &seed);
			job[i] = (struct md_area_job){ .area = &d[i].area, .dst = blob_copy(d[i].want, d[i].room).at,
				.room = d[i].room };
			memset(job[i].dst, 0xa5, job[i].room);
		}
		md_area_write_all(job, n, lend_openssl());
		for (size_t i = 0; i < n; i++) {
			wrong += job[i].len < 0;
			if (job[i].len != d[i].want_len ||
			    (job[i].len > 0 && memcmp(job[i].dst, d[i].want, (size_t)job[i].len) != 0))
				fail_msg("MD_SEED=%#llx, round %d: area %zu of %zu", (unsigned long long)start, round, i, n);
		}
		blobs_free(NULL);
	}
	assert_true(wrong > 0);
}

static void every_area_without_a_lent_cipher_fails_by_itself(void **state)
{
	static struct datagram d[3];
	uint64_t seed = random_seed();
	uint8_t dst[3][ROOM];
	struct md_area_job job[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		do
			random_datagram(&d[i], &seed);
		while (d[i].want_len < 0);
		job[i] = (struct md_area_job){ .area = &d[i].area, .dst = dst[i], .room = ROOM };
		d[i].area.key = i == 2 ? NULL : &d[i].key;
		d[i].area.fill = 0; /* it may have been drawn for an area without AUTH */
	}
	random_key(&d[0], &seed, 1);
	random_key(&d[1], &seed, 2);
	md_area_write_all(job, 3, NULL);
	assert_int_equal(job[0].len, MD_E_LEND);
	assert_int_equal(job[1].len, MD_E_LEND);
	assert_true(job[2].len > 0);
	blobs_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(lanes_are_those_of_rfc_4493, blobs_free),
		cmocka_unit_test_teardown(every_length_in_every_company_is_that_of_openssl, blobs_free),
		cmocka_unit_test_teardown(alike_messages_are_those_of_openssl, blobs_free),
		cmocka_unit_test_teardown(areas_are_those_written_one_by_one, blobs_free),
		cmocka_unit_test_teardown(every_area_without_a_lent_cipher_fails_by_itself, blobs_free),
	};

	return vectors_run("batch", NULL, 0, tests, sizeof tests / sizeof *tests);
}
