/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "lend.h"
#include "vectors.h"

/* --- Cases of exp-extended.json and token.json ------------------------------------------------------------ */

static void exp_takes_the_length_form_it_needs(void **state)
{
	const struct vector_case *c = *state;
	struct blob value = vec_octets(c->in, "value"), head = vec_octets(c->out, "head");
	uint16_t exid = (uint16_t)vec_int(c->in, "exid");
	uint8_t octets[2048];
	ptrdiff_t n = md_exp_write(octets, sizeof octets, exid, value.at, value.len);

	assert_octets(c->out, "option", octets, (size_t)n);
	assert_int_equal(n, vec_int(c->out, "total"));
	assert_int_equal(n, md_token_option_size(value.len));
	assert_memory_equal(octets, head.at, head.len);
	assert_int_equal(octets[1] == 255, vec_bool(c->out, "extended"));
	assert_int_equal(md_exp_write(blob_copy(octets, (size_t)n).at, (size_t)n, exid, value.at, value.len), n);
	assert_int_equal(md_exp_write(blob_copy(octets, (size_t)n).at, (size_t)n - 1, exid, value.at, value.len),
		MD_E_ROOM);
}

static void token_head_is_written(void **state)
{
	const struct vector_case *c = *state;
	uint8_t octets[4];
	ptrdiff_t n = md_token_head_write(octets, sizeof octets, (unsigned)vec_int(c->in, "reflect"),
		(uint32_t)vec_int(c->in, "descriptor"));

	assert_octets(c->out, "octets", octets, (size_t)n);
}

static void token_option_is_written(void **state)
{
	const struct vector_case *c = *state;
	struct blob token = vec_octets(c->in, "token");
	uint8_t octets[2048];
	ptrdiff_t n = md_exp_write(octets, sizeof octets, (uint16_t)vec_int(c->in, "exid"), token.at, token.len);

	assert_octets(c->out, "option", octets, (size_t)n);
	assert_int_equal(n, vec_int(c->out, "total"));
}

static void token_is_read(void **state)
{
	const struct vector_case *c = *state;
	struct md_ids ids = vec_ids(c->in);
	struct blob area = vec_octets(c->in, "area");
	struct md_option_ref list[MD_OPTIONS_MAX];
	struct md_options out;
	enum md_reason reason;
	size_t count;

	assert_int_equal(md_walk(area.at, area.len, &ids, list, &count, &reason), MD_OK);
	md_options_read(area.at, list, count, &ids, &out);
	if (vec_text(c->out, "token"))
		assert_octets(c->out, "token", out.token, out.token_len);
	else
		assert_null(out.token);
	assert_int_equal(out.token_reason, out.token ? MD_R_NONE : MD_R_BAD_LENGTH_TOKEN);
}

/* The MED of the case is given as octets: it is read, and written again by md_area_write(). */
static struct md_metadata metadata_of(const json_t *in, const struct md_ids *ids)
{
	struct blob options = vec_octets(in, "options");
	struct md_option_ref list[MD_OPTIONS_MAX];
	struct md_options out;
	enum md_reason reason;
	size_t count;

	assert_int_equal(md_walk(options.at, options.len, ids, list, &count, &reason), MD_OK);
	md_options_read(options.at, list, count, ids, &out);
	assert_int_equal(out.meta_reason, MD_R_NONE);
	return out.meta;
}

static void packet_with_token_is_made(void **state)
{
	const struct vector_case *c = *state;
	struct blob user = vec_octets(c->in, "user_data"), token = vec_octets(c->in, "token");
	struct md_ids ids = vec_ids(c->in);
	struct md_metadata meta = metadata_of(c->in, &ids);
	struct md_tuple tuple = vec_tuple(c->in);
	struct md_key key = vec_key(c->in);
	struct md_traffic_key ready;
	struct iovec piece = { user.at, user.len };
	struct md_area area = { .ids = &ids, .meta = &meta, .token = token.at, .token_len = token.len, .key = &ready,
		.next_keyid = (uint8_t)vec_int(c->in, "rnextkeyid"), .tuple = &tuple, .user = &piece, .pieces = 1,
		.user_len = user.len };
	struct md_ip ip = { .ttl = 64, .df = true, .id = 0x4242 };
	uint8_t surplus[512], packet[1024];
	ptrdiff_t n, head;

	assert_int_equal(md_traffic_key_make(&ready, &key, &tuple, lend_openssl()), 0);
	n = md_area_write(surplus, sizeof surplus, &area, lend_openssl());
	assert_octets(c->out, "surplus", surplus, (size_t)n);
	head = md_headers_write(packet, sizeof packet, &tuple, &ip, user.len, md_sum(0, user.at, user.len), (size_t)n);
	memcpy(packet + head, user.at, user.len);
	memcpy(packet + (size_t)head + user.len, surplus, (size_t)n);
	assert_octets(c->out, "ip_packet", packet, (size_t)head + user.len + (size_t)n);
}

static void token_is_scheduled(void **state)
{
	const struct vector_case *c = *state;
	const json_t *room = vec_member(c->in, "room"), *want = vec_member(c->out, "carries");
	struct blob token = vec_octets(c->in, "token");
	struct md_token_turn turn = { 0 };

	for (size_t i = 0; i < json_array_size(room); i++)
		assert_int_equal(md_token_due(&turn, (unsigned)vec_int(c->in, "count"), 0, 1000, token.len,
			(size_t)json_integer_value(json_array_get(room, i))), json_is_true(json_array_get(want, i)));
}

/* --- More ------------------------------------------------------------------------------------------------- */

static void token_head_out_of_its_range_is_refused(void **state)
{
	uint8_t octets[4];

	(void)state;
	assert_int_equal(md_token_head_write(octets, 4, 16, 1), MD_E_VALUE);
	assert_int_equal(md_token_head_write(octets, 4, 0, 1u << 28), MD_E_VALUE);
	assert_int_equal(md_token_head_write(octets, 3, 0, 1), MD_E_ROOM);
}

static void option_beyond_16_bits_is_refused(void **state)
{
	static uint8_t value[65536], octets[65600];

	(void)state;
	assert_int_equal(md_exp_write(octets, sizeof octets, 1, value, 65529), 65535);
	assert_int_equal(md_exp_write(octets, sizeof octets, 1, value, 65530), MD_E_VALUE);
}

static void tokens_are_sent_again_after_the_interval(void **state)
{
	struct md_token_turn turn = { 0 };
	uint32_t now = 0xfffe0000; /* the clock wraps on the way */

	(void)state;
	assert_true(md_token_due(&turn, 2, 5, now, 18, 100));
	assert_true(md_token_due(&turn, 2, 5, now + 3, 18, 100));
	assert_false(md_token_due(&turn, 2, 5, now + (5 << 16) - 1, 18, 100));
	assert_true(md_token_due(&turn, 2, 5, now + (5 << 16), 18, 100));
	assert_true(md_token_due(&turn, 2, 5, now + (5 << 16), 18, 100));
	assert_false(md_token_due(&turn, 2, 5, now + (6 << 16), 18, 100));
}

static void tokens_without_an_interval_are_sent_once(void **state)
{
	struct md_token_turn turn = { 0 };

	(void)state;
	assert_true(md_token_due(&turn, 1, 0, 1, 18, 22));
	assert_false(md_token_due(&turn, 1, 0, 0x7fffffff, 18, 22));
	assert_false(md_token_due(&turn, 0, 1, 0x7fffffff, 18, 22));
}

int main(void)
{
	static const struct vector_op ops[] = {
		{ "exp-extended", NULL, exp_takes_the_length_form_it_needs },
		{ "token", "header", token_head_is_written }, { "token", "option", token_option_is_written },
		{ "token", "decode", token_is_read }, { "token", "packet", packet_with_token_is_made },
		{ "token", "schedule", token_is_scheduled },
	};
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(token_head_out_of_its_range_is_refused),
		cmocka_unit_test(option_beyond_16_bits_is_refused),
		cmocka_unit_test(tokens_are_sent_again_after_the_interval),
		cmocka_unit_test(tokens_without_an_interval_are_sent_once),
	};

	return VECTORS_RUN("token", ops, more);
}
