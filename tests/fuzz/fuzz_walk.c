/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fuzz_walk.c - one octet of switches, then the octets behind an OCS. */
#include <string.h>

#include <mdshim/wire.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		__builtin_trap();
}

static struct md_ids ids_of(uint8_t switches)
{
	return (struct md_ids){
		.form = switches & 1 ? MD_FORM_KIND : MD_FORM_EXP, .med_exid = MD_LAB_MED_EXID,
		.ofc_exid = MD_LAB_OFC_EXID, .token_exid = MD_LAB_TOKEN_EXID,
		.med_kind = switches & 2 ? MD_LAB_MED_KIND : 0, .ofc_kind = switches & 4 ? MD_LAB_OFC_KIND : 0,
		.legacy16 = switches & 8,
	};
}

/* In order, apart, inside, and each with its value at its end. */
static void check_list(const uint8_t *area, size_t len, const struct md_option_ref *list, size_t count)
{
	size_t end = 0;

	must(count <= MD_OPTIONS_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct md_option_ref *o = &list[i];

		must(o->at >= end && o->length >= 2 && o->length <= len && o->at <= len - o->length);
		must(o->kind == area[o->at] && o->kind > MD_KIND_NOP && o->kind < MD_KIND_UNSAFE);
		must(o->exp == (o->kind == MD_KIND_EXP));
		must(o->value_at > o->at && o->value_at + o->value_len == o->at + o->length);
		end = o->at + o->length;
	}
}

static void check_options(const uint8_t *area, size_t len, const struct md_options *o)
{
	const struct md_metadata *m = &o->meta;

	must((m->option == MD_NO_OPTION) == (o->meta_reason != MD_R_NONE));
	must(o->has_auth == (o->auth_reason == MD_R_NONE));
	must(!o->has_auth || (o->auth_at + MD_AUTH_LEN <= len && area[o->auth_at] == MD_KIND_AUTH));
	must(!o->token || (o->token_len >= MD_TOKEN_MIN && o->token > area && o->token + o->token_len <= area + len));
	must(m->s <= 1 && m->d <= 3 && m->p <= 3 && m->l <= 2 && (!m->s || !m->d));
}

static struct md_options read_area(const uint8_t *area, size_t len, const struct md_ids *ids)
{
	struct md_option_ref list[MD_OPTIONS_MAX];
	enum md_reason reason;
	struct md_options out;
	size_t count;
	enum md_verdict verdict = md_walk(area, len, ids, list, &count, &reason);

	must((verdict == MD_OK) == (reason == MD_R_NONE));
	must((verdict == MD_DROP) == (reason == MD_R_UNSAFE));
	must(verdict == MD_OK || !count);
	check_list(area, len, list, count);
	md_options_read(area, list, count, ids, &out);
	check_options(area, len, &out);
	return out;
}

/* What was read can be written, and is read again as the same. */
static void round_trip(struct md_metadata m, struct md_ids ids)
{
	uint8_t octets[64];
	struct md_options again;
	ptrdiff_t n;

	m.p = m.option == MD_MED && !m.p ? 2 : m.p;
	if (m.option == MD_OFC)
		ids.legacy16 = false;
	n = md_metadata_write(octets, sizeof octets, &ids, &m);
	if (ids.form == MD_FORM_KIND && !(m.option == MD_MED ? ids.med_kind : ids.ofc_kind)) {
		must(n == MD_E_VALUE);
		return;
	}
	must(n == (ptrdiff_t)md_metadata_size(&ids, m.option));
	again = read_area(octets, (size_t)n, &ids);
	must(!memcmp(&again.meta, &m, sizeof m));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct md_options out;
	struct md_ids ids;

	if (!size)
		return 0;
	ids = ids_of(data[0]);
	out = read_area(data + 1, size - 1, &ids);
	if (out.meta.option != MD_NO_OPTION)
		round_trip(out.meta, ids);
	return 0;
}
