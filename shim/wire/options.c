/* SPDX-License-Identifier: BSD-3-Clause
 *
 * options.c - walks the options behind the OCS and says what they mean (wire format, sections 2.5 and 2.6). */
#include <mdshim/wire.h>

#include "in.h"

enum { APC = 2, FRAG = 3, MDS = 4, MRDS = 5, REQ = 6, RES = 7, TIME = 8, NOP_RUN = 8, SHORT_MAX = 254 };

/* --- Walk ------------------------------------------------------------------------------------------------- */

/* Smallest total of a kind: below it a receiver that knows the kind cannot trust the framing (RFC 9868, 10). */
static size_t minimum(uint8_t kind, const struct md_ids *ids)
{
	if (kind == ids->med_kind)
		return 2 + MD_MED_VALUE;
	if (kind == ids->ofc_kind)
		return 2 + MD_OFC_LEGACY_VALUE;
	switch (kind) {
	case APC: case REQ: case RES: return 6;
	case FRAG: case TIME: return 10;
	case MDS: case MD_KIND_AUTH: case MD_KIND_EXP: return 4;
	case MRDS: return 5;
	default: return 2;
	}
}

static bool all_zero(const uint8_t *p, size_t len)
{
	while (len && !*p)
		p++, len--;
	return !len;
}

/* Total and head length of the option at p, left octets before the end of the area. */
static enum md_reason measure(const uint8_t *p, size_t left, size_t *head, size_t *total)
{
	if (left < 2)
		return MD_R_TRUNCATED;
	*head = 2;
	*total = p[1];
	if (p[1] == 255) {
		if (left < 4)
			return MD_R_TRUNCATED;
		*head = 4;
		*total = (size_t)p[2] << 8 | p[3];
		if (*total <= SHORT_MAX)
			return MD_R_EXT_LENGTH;
	} else if (*total < 2) {
		return MD_R_OPT_LENGTH;
	}
	return *total > left ? MD_R_OVERRUN : MD_R_NONE;
}

/* The option at `at`, which is neither EOL nor NOP nor UNSAFE. */
static enum md_reason read_one(const uint8_t *area, size_t len, size_t at, const struct md_ids *ids,
	struct md_option_ref *ref)
{
	const uint8_t *p = area + at;
	size_t head = 0, total = 0;
	enum md_reason reason = measure(p, len - at, &head, &total);

	if (reason != MD_R_NONE)
		return reason;
	if (total < minimum(*p, ids))
		return MD_R_BELOW_MINIMUM;
	if (*p == FRAG)
		return MD_R_FRAG;
	*ref = (struct md_option_ref){ .kind = *p, .exp = *p == MD_KIND_EXP, .at = at, .length = total };
	if (ref->exp) {
		ref->exid = (uint16_t)(p[head] << 8 | p[head + 1]);
		head += 2;
	}
	ref->value_at = at + head;
	ref->value_len = total - head;
	return MD_R_NONE;
}

/* Section 2.5 without the verdict. *count is how many were listed before the end or the first failure. */
static enum md_reason walk(const uint8_t *area, size_t len, const struct md_ids *ids, struct md_option_ref *list,
	size_t *count)
{
	size_t at = 0, begun = 0, nops = 0;

	while (at < len) {
		enum md_reason reason;

		if (++begun > MD_OPTIONS_MAX)
			return MD_R_BUDGET;
		if (area[at] == MD_KIND_EOL)
			return all_zero(area + at, len - at) ? MD_R_NONE : MD_R_AFTER_EOL;
		if (area[at] == MD_KIND_NOP) {
			if (++nops == NOP_RUN)
				return MD_R_NOP_RUN;
			at++;
			continue;
		}
		nops = 0;
		if (area[at] >= MD_KIND_UNSAFE)
			return MD_R_UNSAFE;
		reason = read_one(area, len, at, ids, &list[*count]);
		if (reason != MD_R_NONE)
			return reason;
		at += list[(*count)++].length;
	}
	return MD_R_NONE;
}

enum md_verdict md_walk(const uint8_t *area, size_t len, const struct md_ids *ids,
	struct md_option_ref list[MD_OPTIONS_MAX], size_t *count, enum md_reason *reason)
{
	*count = 0;
	*reason = walk(area, len, ids, list, count);
	if (*reason == MD_R_NONE)
		return MD_OK;
	*count = 0;
	return *reason == MD_R_UNSAFE ? MD_DROP : MD_DISCARD;
}

/* --- Interpretation --------------------------------------------------------------------------------------- */

/* Identities of ours. The two encodings of an option are two identities: one instance of each is looked at. */
enum identity { MED_EXP, OFC_EXP, TOKEN_EXP, MED_KIND, OFC_KIND, AUTH, OTHER };

static enum identity identify(const struct md_option_ref *o, const struct md_ids *ids)
{
	if (o->exp) {
		if (o->exid == ids->med_exid)
			return MED_EXP;
		if (o->exid == ids->ofc_exid)
			return OFC_EXP;
		return o->exid == ids->token_exid ? TOKEN_EXP : OTHER;
	}
	if (o->kind == MD_KIND_AUTH)
		return AUTH;
	if (o->kind == ids->med_kind)
		return MED_KIND;
	return o->kind == ids->ofc_kind ? OFC_KIND : OTHER;
}

static bool length_ok(enum md_option option, size_t value_len, const struct md_ids *ids)
{
	if (option == MD_MED)
		return value_len == MD_MED_VALUE;
	return value_len == MD_OFC_VALUE || (value_len == MD_OFC_LEGACY_VALUE && ids->legacy16);
}

static void read_metadata(const uint8_t *value, size_t len, enum md_option option, struct md_metadata *m)
{
	struct in in = in_of(value, len);
	uint8_t dpl;

	*m = (struct md_metadata){ .option = option };
	if (option == MD_MED) {
		m->s = take_u8(&in) & 1;
		m->counter = take_u8(&in);
		dpl = take_u8(&in);
		m->d = m->s || dpl >> 5 > 3 ? 0 : dpl >> 5; /* section 4.3: undefined is no information */
		m->p = (dpl >> 2 & 7) > 3 ? 0 : dpl >> 2 & 7;
		m->l = (dpl & 3) > 2 ? 0 : dpl & 3;
	} else {
		take_into(&in, m->code, len == MD_OFC_VALUE ? MD_CODE_LEN : MD_LEGACY_CODE_LEN);
	}
	m->bq = take_u8(&in);
	m->seq = take_u16(&in);
	m->ts = take_u32(&in);
}

static void read_auth(const uint8_t *area, const struct md_option_ref *o, struct md_options *out)
{
	out->has_auth = o->length == MD_AUTH_LEN;
	out->auth_reason = out->has_auth ? MD_R_NONE : MD_R_AUTH_LENGTH;
	if (!out->has_auth)
		return;
	out->keyid = area[o->value_at];
	out->next_keyid = area[o->value_at + 1];
	out->auth_at = o->at;
}

static void read_token(const uint8_t *area, const struct md_option_ref *o, struct md_options *out)
{
	if (o->value_len < MD_TOKEN_MIN) {
		out->token_reason = MD_R_BAD_LENGTH_TOKEN;
		return;
	}
	out->token = area + o->value_at;
	out->token_len = o->value_len;
}

/* One MED or OFC of which no earlier instance was seen. A malformed one is ignored alone (appendix A40). */
static void note_metadata(const uint8_t *area, const struct md_option_ref *o, enum md_option option,
	const struct md_ids *ids, struct md_options *out)
{
	if (!length_ok(option, o->value_len, ids)) {
		if (out->meta_reason == MD_R_NO_METADATA)
			out->meta_reason = option == MD_MED ? MD_R_BAD_LENGTH_MED : MD_R_BAD_LENGTH_OFC;
		return;
	}
	if (out->meta_reason == MD_R_BOTH)
		return;
	if (out->meta.option != MD_NO_OPTION) {
		if (out->meta.option != option) {
			out->meta = (struct md_metadata){ .option = MD_NO_OPTION };
			out->meta_reason = MD_R_BOTH;
		}
		return;
	}
	read_metadata(area + o->value_at, o->value_len, option, &out->meta);
	out->meta_reason = MD_R_NONE;
}

void md_options_read(const uint8_t *area, const struct md_option_ref *list, size_t count, const struct md_ids *ids,
	struct md_options *out)
{
	unsigned seen = 0;

	*out = (struct md_options){ .meta_reason = MD_R_NO_METADATA, .auth_reason = MD_R_AUTH_MISSING };
	for (size_t i = 0; i < count; i++) {
		enum identity id = identify(&list[i], ids);

		if (seen & 1u << id)
			continue;
		seen |= id == OTHER ? 0 : 1u << id;
		switch (id) {
		case MED_EXP: case MED_KIND: note_metadata(area, &list[i], MD_MED, ids, out); break;
		case OFC_EXP: case OFC_KIND: note_metadata(area, &list[i], MD_OFC, ids, out); break;
		case TOKEN_EXP: read_token(area, &list[i], out); break;
		case AUTH: read_auth(area, &list[i], out); break;
		case OTHER: break;
		}
	}
}
