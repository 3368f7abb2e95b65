/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "vectors.h"

/* --- Cases of med.json and ofc.json ----------------------------------------------------------------------- */

static struct md_metadata fields(const json_t *in, enum md_option option)
{
	struct md_metadata m = {
		.option = option,
		.s = (uint8_t)vec_int_or(in, "s", 0),
		.counter = (uint8_t)vec_int_or(in, "counter", 0),
		.d = (uint8_t)vec_int_or(in, "d", 0),
		.p = (uint8_t)vec_int_or(in, "p", 0),
		.l = (uint8_t)vec_int_or(in, "l", 0),
		.bq = (uint8_t)vec_int(in, "bq"),
		.seq = (uint16_t)vec_int(in, "seq"),
		.ts = (uint32_t)vec_int(in, "ts"),
	};
	struct blob code = vec_octets(in, "code");

	assert_in_range(code.len, 0, MD_CODE_LEN);
	if (code.len)
		memcpy(m.code, code.at, code.len);
	return m;
}

static struct md_ids ids_to_send(const json_t *in, enum md_option option)
{
	struct md_ids ids = MD_IDS_DEFAULT;
	uint16_t id = (uint16_t)vec_int(in, "id");

	ids.legacy16 = vec_bool(in, "legacy16");
	ids.form = strcmp(vec_text(in, "form"), "kind") ? MD_FORM_EXP : MD_FORM_KIND;
	if (ids.form == MD_FORM_EXP)
		*(option == MD_MED ? &ids.med_exid : &ids.ofc_exid) = id;
	else
		*(option == MD_MED ? &ids.med_kind : &ids.ofc_kind) = (uint8_t)id;
	return ids;
}

static void encode(const struct vector_case *c, enum md_option option)
{
	struct md_metadata m = fields(c->in, option);
	struct md_ids ids = ids_to_send(c->in, option);
	size_t size = md_metadata_size(&ids, option);
	uint8_t octets[64];
	ptrdiff_t n = md_metadata_write(octets, sizeof octets, &ids, &m);

	assert_octets(c->out, "option", octets, (size_t)n);
	assert_int_equal(n, size);
	assert_int_equal(md_metadata_write(octets, size, &ids, &m), size);
	for (size_t room = 0; room < size; room++)
		assert_int_equal(md_metadata_write(blob_copy(octets, room).at, room, &ids, &m), MD_E_ROOM);
}

static void med_is_encoded(void **state)
{
	encode(*state, MD_MED);
}

static void ofc_is_encoded(void **state)
{
	encode(*state, MD_OFC);
}

static void decode(const struct vector_case *c, struct md_options *out)
{
	static const char *const verdicts[] = { "ok", "discard", "drop" };
	struct md_ids ids = vec_ids(c->in);
	struct blob area = vec_octets(c->in, "area");
	struct md_option_ref list[MD_OPTIONS_MAX];
	enum md_reason reason;
	size_t count;
	enum md_verdict verdict = md_walk(area.at, area.len, &ids, list, &count, &reason);
	const char *want = vec_text(c->out, "reason");

	assert_string_equal(verdicts[verdict], vec_text(c->out, "verdict"));
	md_options_read(area.at, list, count, &ids, out);
	if (verdict != MD_OK)
		assert_reason(c->out, "reason", reason);
	else if (want && !strcmp(want, "unknown")) /* the cases' word for "not one of ours" */
		assert_int_equal(out->meta_reason, MD_R_NO_METADATA);
	else
		assert_reason(c->out, "reason", out->meta_reason);
}

/* What a receiver may use, against the case; the fields that no case of this option has are 0. */
static void compare(const json_t *want, const struct md_metadata *m, enum md_option option)
{
	if (!want || json_is_null(want)) {
		assert_int_not_equal(m->option, option);
		return;
	}
	assert_int_equal(m->option, option);
	assert_int_equal(m->s, vec_int_or(want, "s", 0));
	assert_int_equal(m->counter, vec_int_or(want, "counter", 0));
	assert_int_equal(m->d, vec_int_or(want, "d", 0));
	assert_int_equal(m->p, vec_int_or(want, "p", 0));
	assert_int_equal(m->l, vec_int_or(want, "l", 0));
	assert_int_equal(m->bq, vec_int(want, "bq"));
	assert_int_equal(m->seq, vec_int(want, "seq"));
	assert_int_equal(m->ts, vec_int(want, "ts"));
	if (option == MD_OFC)
		assert_octets(want, "code", m->code, strlen(vec_text(want, "code")) / 2);
}

static void med_is_decoded(void **state)
{
	const struct vector_case *c = *state;
	struct md_options out;

	decode(c, &out);
	compare(json_object_get(c->out, "med"), &out.meta, MD_MED);
}

static void ofc_is_decoded(void **state)
{
	const struct vector_case *c = *state;
	struct md_options out;

	decode(c, &out);
	compare(json_object_get(c->out, "ofc"), &out.meta, MD_OFC);
}

/* --- What must not be sent -------------------------------------------------------------------------------- */

static ptrdiff_t try_med(struct md_metadata m)
{
	struct md_ids ids = MD_IDS_DEFAULT;
	uint8_t octets[64];

	m.option = MD_MED;
	return md_metadata_write(octets, sizeof octets, &ids, &m);
}

static void undefined_values_are_never_sent(void **state)
{
	(void)state;
	for (unsigned d = 0; d < 256; d++)
		assert_int_equal(try_med((struct md_metadata){ .d = (uint8_t)d, .p = 1 }), d <= 3 ? 14 : MD_E_VALUE);
	for (unsigned p = 0; p < 256; p++)
		assert_int_equal(try_med((struct md_metadata){ .p = (uint8_t)p }), p >= 1 && p <= 3 ? 14 : MD_E_VALUE);
	for (unsigned l = 0; l < 256; l++)
		assert_int_equal(try_med((struct md_metadata){ .p = 1, .l = (uint8_t)l }), l <= 2 ? 14 : MD_E_VALUE);
	assert_int_equal(try_med((struct md_metadata){ .p = 1, .s = 2 }), MD_E_VALUE);
	assert_int_equal(try_med((struct md_metadata){ .p = 1, .s = 1 }), 14);
	assert_int_equal(try_med((struct md_metadata){ .p = 1, .s = 1, .d = 1 }), MD_E_VALUE);
}

static void kind_form_wants_a_kind_that_can_be_assigned(void **state)
{
	struct md_metadata m = { .option = MD_MED, .p = 1 };
	uint8_t octets[64];

	(void)state;
	for (unsigned kind = 0; kind < 256; kind++) {
		struct md_ids ids = { .form = MD_FORM_KIND, .med_kind = (uint8_t)kind };

		assert_int_equal(md_metadata_write(octets, sizeof octets, &ids, &m),
			kind >= 10 && kind <= 126 ? 12 : MD_E_VALUE);
	}
}

static void nothing_has_no_size(void **state)
{
	struct md_ids ids = MD_IDS_DEFAULT;
	struct md_metadata m = { .option = MD_NO_OPTION };
	uint8_t octets[64];

	(void)state;
	assert_int_equal(md_metadata_size(&ids, MD_NO_OPTION), 0);
	assert_int_equal(md_metadata_write(octets, sizeof octets, &ids, &m), MD_E_VALUE);
}

/* --- Round trip ------------------------------------------------------------------------------------------- */

static struct md_metadata random_metadata(uint64_t *seed)
{
	struct md_metadata m = {
		.option = random_next(seed) & 1 ? MD_MED : MD_OFC,
		.bq = (uint8_t)random_next(seed), .seq = (uint16_t)random_next(seed), .ts = (uint32_t)random_next(seed),
	};

	if (m.option == MD_OFC) {
		random_fill(seed, m.code, sizeof m.code);
		return m;
	}
	m.s = random_next(seed) & 1;
	m.counter = (uint8_t)random_next(seed);
	m.d = m.s ? 0 : random_next(seed) & 3;
	m.p = (uint8_t)(1 + random_next(seed) % 3);
	m.l = (uint8_t)(random_next(seed) % 3);
	return m;
}

static void what_is_written_is_read_back(void **state)
{
	uint64_t start = random_seed(), seed = start;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct md_ids ids = { (enum md_form)(i & 1), 0xfffe, 0xfffd, 0xfffc, 120, 121, i >> 1 & 1 };
		struct md_metadata m = random_metadata(&seed);
		struct md_option_ref list[MD_OPTIONS_MAX];
		struct md_options out;
		enum md_reason reason;
		uint8_t octets[64];
		size_t count;
		ptrdiff_t n = md_metadata_write(octets, sizeof octets, &ids, &m);

		if (m.option == MD_OFC && ids.legacy16)
			memset(m.code + MD_LEGACY_CODE_LEN, 0, MD_CODE_LEN - MD_LEGACY_CODE_LEN);
		assert_in_range(n, 12, sizeof octets);
		if (md_walk(octets, (size_t)n, &ids, list, &count, &reason) != MD_OK || count != 1)
			fail_msg("MD_SEED=%#llx, step %d: not read", (unsigned long long)start, i);
		md_options_read(octets, list, count, &ids, &out);
		if (memcmp(&out.meta, &m, sizeof m))
			fail_msg("MD_SEED=%#llx, step %d: read as something else", (unsigned long long)start, i);
	}
}

static void every_reason_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < MD_REASON_COUNT; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(md_reason_name((enum md_reason)i), md_reason_name((enum md_reason)j));
	assert_string_equal(md_reason_name(MD_REASON_COUNT), "?");
	assert_string_equal(md_reason_name((enum md_reason)-1), "?");
}

int main(void)
{
	static const struct vector_op ops[] = {
		{ "med", "encode", med_is_encoded }, { "med", "decode", med_is_decoded },
		{ "ofc", "encode", ofc_is_encoded }, { "ofc", "decode", ofc_is_decoded },
	};
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(undefined_values_are_never_sent),
		cmocka_unit_test(kind_form_wants_a_kind_that_can_be_assigned),
		cmocka_unit_test(nothing_has_no_size),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(every_reason_has_a_name_of_its_own),
	};

	return VECTORS_RUN("metadata", ops, more);
}
