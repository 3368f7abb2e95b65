/* SPDX-License-Identifier: BSD-3-Clause
 *
 * metadata.c - writes MED, OFC and token options (wire format, sections 2.3, 3 and 10.1). */
#include <string.h>

#include <mdshim/wire.h>

#include "out.h"

enum {
	HEAD = 2,           /* Kind, Len */
	HEAD_EXP = 4,       /* and the ExID */
	HEAD_EXTENDED = 6,  /* Kind, 255, Extended Len, ExID */
	SHORT_MAX = 254     /* longest total of the short form */
};

static inline size_t value_size(const struct md_ids *ids, enum md_option option)
{
	if (option == MD_MED)
		return MD_MED_VALUE;
	if (option == MD_OFC)
		return ids->legacy16 ? MD_OFC_LEGACY_VALUE : MD_OFC_VALUE;
	return 0;
}

size_t md_metadata_size(const struct md_ids *ids, enum md_option option)
{
	size_t value = value_size(ids, option);

	if (!value)
		return 0;
	return value + (ids->form == MD_FORM_KIND ? HEAD : HEAD_EXP);
}

/* Section 4.3: what a receiver would have to read as "no information" is never sent. */
static bool may_send(const struct md_metadata *m)
{
	if (m->option == MD_OFC)
		return true;
	return m->option == MD_MED && m->s <= 1 && m->d <= (m->s ? 0 : 3) && m->p >= 1 && m->p <= 3 && m->l <= 2;
}

static bool has_head(const struct md_ids *ids, enum md_option option)
{
	uint8_t kind = option == MD_MED ? ids->med_kind : ids->ofc_kind;

	return ids->form == MD_FORM_EXP || (kind >= MD_KIND_FIRST && kind <= MD_KIND_LAST);
}

static inline uint8_t *put_head(uint8_t *p, size_t size, const struct md_ids *ids, enum md_option option)
{
	uint16_t exid = option == MD_MED ? ids->med_exid : ids->ofc_exid;

	p[1] = (uint8_t)size;
	if (ids->form == MD_FORM_KIND) {
		p[0] = option == MD_MED ? ids->med_kind : ids->ofc_kind;
		return p + HEAD;
	}
	p[0] = MD_KIND_EXP;
	p[2] = (uint8_t)(exid >> 8);
	p[3] = (uint8_t)exid;
	return p + HEAD_EXP;
}

/* The one option of every wrapped datagram: room is checked once, then octets are stored without counting. */
ptrdiff_t md_metadata_write(uint8_t *dst, size_t room, const struct md_ids *ids, const struct md_metadata *m)
{
	size_t size = md_metadata_size(ids, m->option), code;
	uint8_t *p;

	if (!may_send(m) || !has_head(ids, m->option))
		return MD_E_VALUE;
	if (size > room)
		return MD_E_ROOM;
	p = put_head(dst, size, ids, m->option);
	if (m->option == MD_MED) {
		*p++ = m->s;
		*p++ = m->counter;
		*p++ = (uint8_t)(m->d << 5 | m->p << 2 | m->l);
	} else {
		code = ids->legacy16 ? MD_LEGACY_CODE_LEN : MD_CODE_LEN;
		memcpy(p, m->code, code);
		p += code;
	}
	p[0] = m->bq;
	p[1] = (uint8_t)(m->seq >> 8);
	p[2] = (uint8_t)m->seq;
	p[3] = (uint8_t)(m->ts >> 24);
	p[4] = (uint8_t)(m->ts >> 16);
	p[5] = (uint8_t)(m->ts >> 8);
	p[6] = (uint8_t)m->ts;
	return (ptrdiff_t)size;
}

size_t md_token_option_size(size_t len)
{
	return len + (len + HEAD_EXP <= SHORT_MAX ? HEAD_EXP : HEAD_EXTENDED);
}

ptrdiff_t md_exp_write(uint8_t *dst, size_t room, uint16_t exid, const void *value, size_t len)
{
	struct out o = { dst, room, 0 };
	size_t total;

	if (len > UINT16_MAX - HEAD_EXTENDED)
		return MD_E_VALUE;
	total = md_token_option_size(len);
	put_u8(&o, MD_KIND_EXP);
	if (total <= SHORT_MAX) {
		put_u8(&o, (unsigned)total);
	} else {
		put_u8(&o, 255);
		put_u16(&o, (unsigned)total);
	}
	put_u16(&o, exid);
	put(&o, value, len);
	return out_done(&o);
}

ptrdiff_t md_token_head_write(uint8_t *dst, size_t room, unsigned reflect, uint32_t descriptor)
{
	struct out o = { dst, room, 0 };

	if (reflect > 15 || descriptor >> 28)
		return MD_E_VALUE;
	put_u32(&o, (uint32_t)reflect << 28 | descriptor);
	return out_done(&o);
}

bool md_token_due(struct md_token_turn *turn, unsigned count, uint32_t interval, uint32_t now, size_t token_len,
	size_t room)
{
	if (turn->sent >= count && count && interval &&
	    (uint64_t)(uint32_t)(now - turn->begun) >= (uint64_t)interval << 16)
		turn->sent = 0;
	if (turn->sent >= count || md_token_option_size(token_len) > room)
		return false;
	if (!turn->sent)
		turn->begun = now;
	turn->sent++;
	return true;
}
