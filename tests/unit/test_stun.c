/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <mdshim/stun.h>

#include "vectors.h"

static struct md_stun_token token_of(const json_t *in)
{
	struct blob token = vec_octets(in, "token");
	const json_t *types = json_object_get(in, "types");
	struct md_stun_token t = { .type = (uint16_t)vec_int(in, "type"), .token = token.at, .len = token.len };

	for (size_t i = 0; i < json_array_size(types); i++)
		t.success_responses |= json_integer_value(json_array_get(types, i)) == MD_STUN_BINDING_SUCCESS;
	return t;
}

static void token_is_inserted(void **state)
{
	const struct vector_case *c = *state;
	struct md_stun_token token = token_of(c->in);
	struct blob message = vec_octets(c->in, "message"), before = vec_octets(c->in, "message");
	struct blob dst = blob_copy((uint8_t[512]){ 0 }, (size_t)vec_int_or(c->in, "room", 512));
	const char *why = vec_text(c->out, "reason");
	enum md_stun_reason reason;
	ptrdiff_t n = md_stun_insert(dst.at, dst.len, message.at, message.len, &token, &reason);

	assert_string_equal(md_stun_reason_name(reason), why ? why : "changed");
	if (why)
		assert_int_equal(n, MD_E_REFUSED);
	else
		assert_octets(c->out, "message", dst.at, (size_t)n);
	assert_memory_equal(message.at, before.at, message.len);
}

static void indication_is_made(void **state)
{
	const struct vector_case *c = *state;
	struct md_stun_token token = token_of(c->in);
	struct blob transaction = vec_octets(c->in, "transaction");
	uint8_t octets[512];
	ptrdiff_t n = md_stun_indication(octets, sizeof octets, transaction.at, &token);

	assert_octets(c->out, "message", octets, (size_t)n);
	assert_int_equal(md_stun_indication(blob_copy(octets, (size_t)n).at, (size_t)n, transaction.at, &token), n);
	assert_int_equal(md_stun_indication(octets, (size_t)n - 1, transaction.at, &token), MD_E_ROOM);
}

static void type_is_allowed_or_not(void **state)
{
	const struct vector_case *c = *state;

	assert_int_equal(md_stun_type_allowed((uint16_t)vec_int(c->in, "type")), vec_bool(c->out, "allowed"));
}

static void every_truncation_of_every_message_is_refused(void **state)
{
	const json_t *cases = vectors_cases("stun");

	(void)state;
	for (size_t i = 0; i < json_array_size(cases); i++) {
		const json_t *in = json_object_get(json_array_get(cases, i), "in");
		struct blob message = vec_octets(in, "message");

		for (size_t len = 0; len < message.len; len++) {
			struct md_stun_token token = token_of(in);
			struct blob part = blob_copy(message.at, len);
			enum md_stun_reason reason;
			uint8_t dst[512];

			assert_int_equal(md_stun_insert(dst, sizeof dst, part.at, len, &token, &reason), MD_E_REFUSED);
			assert_int_equal(reason, MD_STUN_NOT_STUN);
		}
		blobs_free(NULL);
	}
}

/* Like the above, but the header says what is left, so that the attributes themselves are cut. */
static void attributes_that_are_cut_are_refused(void **state)
{
	const json_t *in = json_object_get(json_array_get(vectors_cases("stun"), 0), "in");
	struct blob message = vec_octets(in, "message");
	struct md_stun_token token = token_of(in);
	unsigned changed = 0;

	(void)state;
	for (size_t len = MD_STUN_HEADER; len < message.len; len++) {
		struct blob part = blob_copy(message.at, len);
		enum md_stun_reason reason;
		uint8_t dst[512];

		part.at[2] = 0;
		part.at[3] = (uint8_t)(len - MD_STUN_HEADER);
		changed += md_stun_insert(dst, sizeof dst, part.at, len, &token, &reason) > 0;
	}
	assert_int_equal(changed, 3); /* no attribute, USERNAME, and MESSAGE-INTEGRITY behind it */
}

static void what_was_inserted_once_is_present(void **state)
{
	const json_t *in = json_object_get(json_array_get(vectors_cases("stun"), 0), "in");
	struct blob message = vec_octets(in, "message");
	struct md_stun_token token = token_of(in);
	enum md_stun_reason reason;
	uint8_t once[512], twice[512];
	ptrdiff_t n = md_stun_insert(once, sizeof once, message.at, message.len, &token, &reason);

	(void)state;
	assert_int_equal(n, message.len + md_stun_attribute_size(token.len));
	assert_int_equal(md_stun_insert(twice, sizeof twice, once, (size_t)n, &token, &reason), MD_E_REFUSED);
	assert_int_equal(reason, MD_STUN_PRESENT);
	token.type = 0xc0df; /* the FINGERPRINT is right again: another one goes in */
	assert_true(md_stun_insert(twice, sizeof twice, once, (size_t)n, &token, &reason) > n);
}

static void token_that_must_not_be_sent_is_refused(void **state)
{
	const uint8_t octets[MD_TOKEN_MAX + 1] = { 0 };
	struct md_stun_token good = { .type = 0xc0de, .token = octets, .len = 18 }, bad = good;
	uint8_t message[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 }, dst[2048];
	enum md_stun_reason reason;

	(void)state;
	assert_int_equal(md_stun_insert(dst, sizeof dst, message, 20, &good, &reason), 44);
	bad.type = 0x8030;
	assert_int_equal(md_stun_insert(dst, sizeof dst, message, 20, &bad, &reason), MD_E_VALUE);
	assert_int_equal(md_stun_indication(dst, sizeof dst, octets, &bad), MD_E_VALUE);
	bad = good;
	bad.len = MD_TOKEN_MIN - 1;
	assert_int_equal(md_stun_insert(dst, sizeof dst, message, 20, &bad, &reason), MD_E_VALUE);
	bad.len = MD_TOKEN_MAX + 1;
	assert_int_equal(md_stun_insert(dst, sizeof dst, message, 20, &bad, &reason), MD_E_VALUE);
	bad.len = MD_TOKEN_MAX;
	assert_int_equal(md_stun_insert(dst, sizeof dst, message, 20, &bad, &reason), 20 + 4 + MD_TOKEN_MAX);
	assert_string_equal(md_stun_reason_name(MD_STUN_REASON_COUNT), "?");
}

int main(void)
{
	static const struct vector_op ops[] = {
		{ "stun", "insert", token_is_inserted },
		{ "stun", "indication", indication_is_made },
		{ "stun", "type", type_is_allowed_or_not },
	};
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(every_truncation_of_every_message_is_refused),
		cmocka_unit_test(attributes_that_are_cut_are_refused),
		cmocka_unit_test(what_was_inserted_once_is_present),
		cmocka_unit_test(token_that_must_not_be_sent_is_refused),
	};

	return VECTORS_RUN("stun", ops, more);
}
