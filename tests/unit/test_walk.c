/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "vectors.h"

static enum md_verdict walk(const struct blob *area, const struct md_ids *ids, struct md_option_ref *list,
	size_t *count, enum md_reason *reason)
{
	return md_walk(area->at, area->len, ids, list, count, reason);
}

static void compare(const struct blob *area, const struct md_option_ref *o, const json_t *want)
{
	assert_int_equal(o->kind, vec_int(want, "kind"));
	assert_int_equal(o->exp, !json_is_null(vec_member(want, "exid")));
	if (o->exp)
		assert_int_equal(o->exid, vec_int(want, "exid"));
	assert_int_equal(o->at, vec_int(want, "at"));
	assert_int_equal(o->length, vec_int(want, "length"));
	assert_int_equal(o->value_at + o->value_len, o->at + o->length);
	assert_octets(want, "value", area->at + o->value_at, o->value_len);
}

static void area_is_walked(void **state)
{
	static const char *const verdicts[] = { "ok", "discard", "drop" };
	const struct vector_case *c = *state;
	struct md_ids ids = vec_ids(c->in);
	struct blob area = vec_octets(c->in, "area");
	const json_t *want = vec_member(c->out, "options");
	struct md_option_ref list[MD_OPTIONS_MAX];
	enum md_reason reason;
	size_t count;
	enum md_verdict verdict = walk(&area, &ids, list, &count, &reason);

	assert_string_equal(verdicts[verdict], vec_text(c->out, "verdict"));
	assert_reason(c->out, "reason", reason);
	assert_int_equal(count, json_array_size(want));
	for (size_t i = 0; i < count; i++)
		compare(&area, &list[i], json_array_get(want, i));
}

/* --- Truncation ------------------------------------------------------------------------------------------- */

/* The first len octets on their own: walked without reading beyond, and nothing listed that is not in the whole. */
static void cut(const struct blob *whole, size_t len, const struct md_ids *ids)
{
	struct md_option_ref list[MD_OPTIONS_MAX], all[MD_OPTIONS_MAX];
	struct blob part = blob_copy(whole->at, len);
	enum md_reason reason;
	struct md_options out;
	size_t count, of;
	enum md_verdict verdict = walk(&part, ids, list, &count, &reason);

	assert_true(verdict == MD_OK || count == 0);
	assert_int_equal(verdict == MD_OK, reason == MD_R_NONE);
	md_options_read(part.at, list, count, ids, &out);
	assert_true(!out.token || (out.token > part.at && out.token + out.token_len <= part.at + len));
	assert_true(!out.has_auth || out.auth_at + MD_AUTH_LEN <= len);
	if (walk(whole, ids, all, &of, &reason) != MD_OK || verdict != MD_OK)
		return;
	assert_in_range(count, 0, of);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(list[i].at, all[i].at);
		assert_int_equal(list[i].length, all[i].length);
	}
}

static void cut_all(const char *topic)
{
	const json_t *cases = vectors_cases(topic);

	for (size_t i = 0; i < json_array_size(cases); i++) {
		const json_t *in = json_object_get(json_array_get(cases, i), "in");
		struct md_ids ids = vec_ids(in);
		struct blob area = vec_octets(in, "area");

		for (size_t len = 0; len < area.len; len++)
			cut(&area, len, &ids);
		blobs_free(NULL);
	}
}

static void every_truncation_of_every_area_gives_a_part_of_it_or_nothing(void **state)
{
	(void)state;
	cut_all("walk");
	cut_all("med");
	cut_all("ofc");
	cut_all("token");
}

static void random_octets_are_walked_within_bounds(void **state)
{
	uint64_t start = random_seed(), seed = start;
	struct md_ids ids = { MD_FORM_EXP, 0xfffe, 0xfffd, 0xfffc, 120, 121, true };

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t len = random_next(&seed) % 80;
		struct blob area = blob_copy((uint8_t[80]){ 0 }, len);

		for (size_t j = 0; j < len; j++) /* small numbers meet more rules */
			area.at[j] = (uint8_t)(random_next(&seed) % (random_next(&seed) & 1 ? 16 : 130));
		cut(&area, len, &ids);
		blobs_free(NULL);
	}
}

/* --- Interpretation --------------------------------------------------------------------------------------- */

static struct md_options interpret(const char *hex)
{
	struct md_ids ids = { MD_FORM_EXP, 0xfffe, 0xfffd, 0xfffc, 120, 121, false };
	struct blob area = blob_of_hex(hex);
	struct md_option_ref list[MD_OPTIONS_MAX];
	enum md_reason reason;
	struct md_options out;
	size_t count;

	assert_int_equal(walk(&area, &ids, list, &count, &reason), MD_OK);
	md_options_read(area.at, list, count, &ids, &out);
	return out;
}

static void first_instance_counts_even_if_it_is_malformed(void **state)
{
	struct md_options out = interpret("7f0ffffe002a2511beeff272c9fc00" "7f0efffe002a2511beeff272c9fc");

	(void)state;
	assert_int_equal(out.meta.option, MD_NO_OPTION);
	assert_int_equal(out.meta_reason, MD_R_BAD_LENGTH_MED);
	out = interpret("0904aabb" "0910010200112233445566778899aabb");
	assert_false(out.has_auth);
	assert_int_equal(out.auth_reason, MD_R_AUTH_LENGTH);
}

static void malformed_med_does_not_void_an_ofc(void **state)
{
	struct md_options out = interpret("7f0ffffe002a2511beeff272c9fc00"
		"7f1bfffd00112233445566778899aabbccddeeff11beeff272c9fc");

	(void)state;
	assert_int_equal(out.meta.option, MD_OFC);
	assert_int_equal(out.meta_reason, MD_R_NONE);
}

static void med_in_both_forms_is_read_once(void **state)
{
	struct md_options out = interpret("780c002b2511beeff272c9fc" "7f0efffe002a2511beeff272c9fc");

	(void)state;
	assert_int_equal(out.meta.option, MD_MED);
	assert_int_equal(out.meta.counter, 0x2b);
}

static void med_beside_ofc_voids_both_for_good(void **state)
{
	struct md_options out = interpret("7f0efffe002a2511beeff272c9fc"
		"7f1bfffd00112233445566778899aabbccddeeff11beeff272c9fc" "780c002b2511beeff272c9fc");

	(void)state;
	assert_int_equal(out.meta.option, MD_NO_OPTION);
	assert_int_equal(out.meta_reason, MD_R_BOTH);
}

static void auth_is_found_with_its_key_ids(void **state)
{
	struct md_options out = interpret("7f0efffe002a2511beeff272c9fc" "0910050600112233445566778899aabb");

	(void)state;
	assert_true(out.has_auth);
	assert_int_equal(out.auth_at, 14);
	assert_int_equal(out.keyid, 5);
	assert_int_equal(out.next_keyid, 6);
	assert_int_equal(interpret("").auth_reason, MD_R_AUTH_MISSING);
	assert_int_equal(interpret("").meta_reason, MD_R_NO_METADATA);
}

static void short_token_is_counted(void **state)
{
	struct md_options out = interpret("7f08fffc00000001");

	(void)state;
	assert_null(out.token);
	assert_int_equal(out.token_reason, MD_R_BAD_LENGTH_TOKEN);
	assert_int_equal(interpret("").token_reason, MD_R_NONE);
}

int main(void)
{
	static const struct vector_op ops[] = { { "walk", NULL, area_is_walked } };
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(every_truncation_of_every_area_gives_a_part_of_it_or_nothing),
		cmocka_unit_test(random_octets_are_walked_within_bounds),
		cmocka_unit_test(first_instance_counts_even_if_it_is_malformed),
		cmocka_unit_test(malformed_med_does_not_void_an_ofc),
		cmocka_unit_test(med_in_both_forms_is_read_once),
		cmocka_unit_test(med_beside_ofc_voids_both_for_good),
		cmocka_unit_test(auth_is_found_with_its_key_ids),
		cmocka_unit_test(short_token_is_counted),
	};

	return VECTORS_RUN("walk", ops, more);
}
