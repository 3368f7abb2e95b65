/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "lend.h"
#include "vectors.h"

/* Everything an area may hold, at fixed addresses, so that struct md_area can point at it. */
static struct {
	struct md_ids ids;
	struct md_metadata meta;
	struct md_tuple tuple;
	struct md_traffic_key key;
	uint8_t octets[2048], token[MD_TOKEN_MAX + 1];
	struct iovec user[2];
} w;

static struct md_area area_with(size_t user_len, bool auth)
{
	static const struct md_key key = { .keyid = 7, .len = 16, .key = { 9, 9, 9 } };

	w.ids = (struct md_ids)MD_IDS_DEFAULT;
	w.meta = (struct md_metadata){ .option = MD_MED, .counter = 42, .d = 1, .p = 1, .l = 1, .seq = 0xbeef, .ts = 5 };
	w.tuple = (struct md_tuple){ .version = 4, .src = { 192, 0, 2, 1 }, .dst = { 192, 0, 2, 2 }, .dport = 49777 };
	w.user[0] = (struct iovec){ w.octets, user_len / 3 };
	w.user[1] = (struct iovec){ w.octets + user_len / 3, user_len - user_len / 3 };
	assert_int_equal(md_traffic_key_make(&w.key, &key, &w.tuple, lend_openssl()), 0);
	return (struct md_area){
		.ids = &w.ids, .meta = &w.meta, .key = auth ? &w.key : NULL, .next_keyid = 8, .tuple = &w.tuple,
		.user = w.user, .pieces = 2, .user_len = user_len,
	};
}

/* Writes the area into a block of exactly its size and reads it as a receiver does, MAC included. */
static struct md_options round_trip(const struct md_area *a, struct blob *out)
{
	size_t size = md_area_size(a), at, count;
	struct md_option_ref list[MD_OPTIONS_MAX];
	struct blob area = blob_copy((uint8_t[2048]){ 0xa5 }, size);
	enum md_reason reason;
	struct md_options o;
	uint8_t mac[MD_MAC_LEN];

	assert_int_equal(md_area_write(area.at, area.len, a, lend_openssl()), size);
	assert_int_equal(md_surplus_check(area.at, size, a->user_len + 8, false, &at, &reason), 0);
	assert_int_equal(md_walk(area.at + at, size - at, a->ids, list, &count, &reason), MD_OK);
	md_options_read(area.at + at, list, count, a->ids, &o);
	assert_int_equal(o.has_auth, a->key != NULL);
	*out = area;
	if (!a->key)
		return o;
	assert_int_equal(o.keyid, 7);
	assert_int_equal(o.next_keyid, 8);
	assert_int_equal(md_auth_mac(a->key, a->tuple, a->user, a->pieces, a->user_len, area.at, size, at - 2,
		at + o.auth_at + 4, lend_openssl(), mac), 0);
	assert_true(md_mac_equal(mac, area.at + at + o.auth_at + 4));
	return o;
}

static void area_has_one_size_for_odd_and_even_user_data(void **state)
{
	struct blob area;

	(void)state;
	for (size_t len = 0; len < 300; len++) {
		struct md_area a = area_with(len, true);
		struct md_options o = round_trip(&a, &area);

		assert_int_equal(area.len, 33);
		assert_int_equal(o.meta.counter, 42);
		if (len % 2)
			assert_int_equal(area.at[0], 0);
		else
			assert_int_equal(area.at[32], MD_KIND_EOL);
		blobs_free(NULL);
	}
}

static void usual_areas_fit_into_what_the_header_promises(void **state)
{
	struct md_area a = area_with(100, true);

	(void)state;
	w.meta.option = MD_OFC;
	assert_int_equal(md_area_size(&a), MD_AREA_USUAL);
}

static void token_stands_between_metadata_and_auth(void **state)
{
	static const size_t lengths[] = { 5, 18, 249, 250, 251, 1024 };
	struct blob area;

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct md_area a = area_with(64 + i, true);
		struct md_options o;

		memset(w.token, 0x5a, sizeof w.token);
		a.token = w.token;
		a.token_len = lengths[i];
		o = round_trip(&a, &area);
		assert_int_equal(area.len, 33 + md_token_option_size(lengths[i]));
		assert_int_equal(o.token_len, lengths[i]);
		assert_memory_equal(o.token, w.token, lengths[i]);
		assert_int_equal(o.meta.option, MD_MED);
		assert_int_equal(o.auth_at, 14 + md_token_option_size(lengths[i]));
	}
}

static void token_can_travel_without_metadata(void **state)
{
	struct md_area a = area_with(99, true);
	struct md_options o;
	struct blob area;

	(void)state;
	a.meta = NULL;
	a.token = w.token;
	a.token_len = 18;
	o = round_trip(&a, &area);
	assert_int_equal(o.meta_reason, MD_R_NO_METADATA);
	assert_int_equal(o.token_len, 18);
}

static void empty_area_is_an_ocs_and_zeros(void **state)
{
	struct md_options o;
	struct blob area;

	(void)state;
	for (size_t len = 10; len < 12; len++) {
		struct md_area a = { .ids = &w.ids, .user_len = len, .fill = 33 };

		area_with(len, false);
		o = round_trip(&a, &area);
		assert_int_equal(area.len, 33);
		assert_int_equal(o.meta_reason, MD_R_NO_METADATA);
		for (size_t i = len % 2 + 2; i < area.len; i++)
			assert_int_equal(area.at[i], 0);
		a.fill = 0;
		assert_int_equal(md_area_size(&a), MD_AREA_FIXED);
		round_trip(&a, &area);
	}
}

static void fill_makes_the_area_longer_and_is_covered(void **state)
{
	struct blob area;

	(void)state;
	for (size_t fill = 33; fill < 80; fill++) {
		struct md_area a = area_with(fill, true);

		a.fill = fill;
		assert_int_equal(round_trip(&a, &area).meta.counter, 42);
		assert_int_equal(area.len, fill);
	}
}

static void long_user_data_are_covered_as_far_as_the_key_says(void **state)
{
	struct md_area a = area_with(1200, true);
	uint8_t before[64], after[64];

	(void)state;
	for (int cover = 0; cover < 2; cover++) {
		w.key.cover = cover ? 64 : 0;
		md_area_write(before, sizeof before, &a, lend_openssl());
		w.octets[64] ^= 1;
		md_area_write(after, sizeof after, &a, lend_openssl());
		assert_int_equal(!memcmp(before, after, 33), cover);
		w.octets[63] ^= 1;
		md_area_write(after, sizeof after, &a, lend_openssl());
		assert_memory_not_equal(before, after, 33);
	}
}

static void area_that_does_not_fit_is_not_written(void **state)
{
	struct md_area a = area_with(100, true);
	struct blob dst;

	(void)state;
	for (size_t room = 0; room < 33; room++) {
		dst = blob_copy((uint8_t[64]){ 0 }, room);
		assert_int_equal(md_area_write(dst.at, room, &a, lend_openssl()), MD_E_ROOM);
	}
}

static void nonsense_is_refused(void **state)
{
	struct md_area a = area_with(100, true);
	uint8_t dst[2048];

	(void)state;
	a.token = w.token;
	a.token_len = MD_TOKEN_MIN - 1;
	assert_int_equal(md_area_write(dst, sizeof dst, &a, lend_openssl()), MD_E_VALUE);
	a.token_len = MD_TOKEN_MAX + 1;
	assert_int_equal(md_area_write(dst, sizeof dst, &a, lend_openssl()), MD_E_VALUE);
	a = area_with(100, true);
	a.fill = 32;
	assert_int_equal(md_area_write(dst, sizeof dst, &a, lend_openssl()), MD_E_VALUE);
	a = area_with(100, true);
	a.tuple = NULL;
	assert_int_equal(md_area_write(dst, sizeof dst, &a, lend_openssl()), MD_E_VALUE);
	a = area_with(100, true);
	w.meta.p = 0;
	assert_int_equal(md_area_write(dst, sizeof dst, &a, lend_openssl()), MD_E_VALUE);
	a = area_with(100, true);
	w.meta.option = MD_NO_OPTION;
	assert_int_equal(md_area_write(dst, sizeof dst, &a, lend_openssl()), MD_E_VALUE);
	a = area_with(100, true);
	a.pieces = 1; /* fewer user data than it says */
	assert_int_equal(md_area_write(dst, sizeof dst, &a, lend_openssl()), MD_E_VALUE);
	a = area_with(100, true);
	w.key.algorithm = MD_HMAC_SHA1_96;
	assert_int_equal(md_area_write(dst, sizeof dst, &a, NULL), MD_E_LEND);
}

/* Any change of one bit of a signed area is noticed by the OCS, and by the MAC where the OCS was put right again. */
static void every_changed_bit_is_noticed(void **state)
{
	struct md_area a = area_with(50, true);
	struct blob area;
	enum md_reason reason;
	uint8_t mac[MD_MAC_LEN];
	size_t at;

	(void)state;
	round_trip(&a, &area);
	for (size_t bit = 0; bit < area.len * 8; bit++) {
		size_t mac_at = area.len - 1 - MD_MAC_LEN;

		area.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(md_surplus_check(area.at, area.len, 58, false, &at, &reason), MD_E_REFUSED);
		md_auth_mac(a.key, a.tuple, a.user, a.pieces, a.user_len, area.at, area.len, 0, mac_at, lend_openssl(), mac);
		assert_int_equal(md_mac_equal(mac, area.at + mac_at), bit < 16); /* the OCS counts as zero */
		area.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* In one pass, right behind the octets, or where that is not for such an area, all the same. */
static void area_behind_its_octets_is_the_same_area(void **state)
{
	static uint8_t row[1600 + 2 * MD_AREA_USUAL], expected[100];
	uint32_t random = 1;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		struct md_key key = { .keyid = 7, .len = 16, .key = { 9, 9, 9 } };
		struct md_area a;
		ptrdiff_t n;

		random = random * 1664525u + 1013904223u;
		a = area_with(random >> 8 & 1 ? random >> 9 & 63 : (random >> 9) % 1500, true);
		w.tuple.version = random & 1 << 20 ? 4 : 6;
		key.cover = random & 1 << 21 ? MD_COVER_MIN : random & 1 << 22 ? 0 : 156; /* of the longest in one pass */
		key.nat = random & 1 << 23;
		key.algorithm = random >> 24 & 15 ? MD_AES_128_CMAC_96 : MD_HMAC_SHA1_96;
		w.ids.form = random & 1 << 28 ? MD_FORM_EXP : MD_FORM_KIND;
		w.ids.med_kind = MD_LAB_MED_KIND;
		w.ids.ofc_kind = MD_LAB_OFC_KIND;
		w.ids.legacy16 = random & 1 << 29;
		w.meta.option = random & 1 << 30 ? MD_MED : MD_OFC;
		w.meta.p = (uint8_t)(1 + i % 4); /* 4 must not be sent */
		w.meta.ts = random;
		a.key = i % 16 ? &w.key : NULL;
		a.fill = i % 32 ? 0 : 60;
		assert_int_equal(md_traffic_key_make(&w.key, &key, &w.tuple, lend_openssl()), 0);
		for (size_t k = 0; k < a.user_len; k++)
			w.octets[k] = (uint8_t)(k * random >> 3);
		n = md_area_write(expected, 60, &a, lend_openssl());
		memset(row, 0xa5, sizeof(row));
		memcpy(row, w.octets, a.user_len);
		a.user = NULL;
		a.pieces = 0;
		assert_int_equal(md_area_write_behind(row, i % 3 ? 60 : MD_AREA_USUAL + 3, &a, lend_openssl()), n > 0 && !(i % 3) && n > MD_AREA_USUAL + 3 ? MD_E_ROOM : n);
		if (n > 0 && (i % 3 || n <= MD_AREA_USUAL + 3))
			assert_memory_equal(row + a.user_len, expected, (size_t)n);
		for (size_t k = a.user_len + 60; k < sizeof(row); k++)
			assert_int_equal(row[k], 0xa5);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(area_behind_its_octets_is_the_same_area),
		cmocka_unit_test(area_has_one_size_for_odd_and_even_user_data),
		cmocka_unit_test(usual_areas_fit_into_what_the_header_promises),
		cmocka_unit_test(token_stands_between_metadata_and_auth),
		cmocka_unit_test(token_can_travel_without_metadata),
		cmocka_unit_test(empty_area_is_an_ocs_and_zeros),
		cmocka_unit_test(fill_makes_the_area_longer_and_is_covered),
		cmocka_unit_test(long_user_data_are_covered_as_far_as_the_key_says),
		cmocka_unit_test(area_that_does_not_fit_is_not_written),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(every_changed_bit_is_noticed),
	};

	return vectors_run("area", NULL, 0, tests, sizeof tests / sizeof *tests);
}
