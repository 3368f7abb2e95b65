/* SPDX-License-Identifier: BSD-3-Clause
 *
 * metadata.c - writes MED, OFC and token options (wire format, sections 2.3, 3 and 10.1). */
#include <string.h>

#include "metadata.h"
#include "out.h"

enum {
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
	return value + (ids->form == MD_FORM_KIND ? METADATA_HEAD : METADATA_HEAD_EXP);
}

ptrdiff_t md_metadata_write(uint8_t *dst, size_t room, const struct md_ids *ids, const struct md_metadata *m)
{
	uint8_t octets[METADATA_ROOM], *end = metadata_put(octets, ids, m);

	if (!end)
		return MD_E_VALUE;
	if ((size_t)(end - octets) > room)
		return MD_E_ROOM;
	memcpy(dst, octets, (size_t)(end - octets));
	return end - octets;
}

size_t md_token_option_size(size_t len)
{
	return len + (len + METADATA_HEAD_EXP <= SHORT_MAX ? METADATA_HEAD_EXP : HEAD_EXTENDED);
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
