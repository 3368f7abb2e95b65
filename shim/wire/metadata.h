/* SPDX-License-Identifier: BSD-3-Clause
 *
 * metadata.h - the one option of every wrapped datagram, for those who have more room than it takes: stored in wide pieces,
 * of which the next covers what is too much (wire format, section 3). */
#ifndef MD_WIRE_METADATA_H
#define MD_WIRE_METADATA_H

#include <endian.h>
#include <string.h>

#include <mdshim/wire.h>

enum {
	METADATA_HEAD = 2,     /* Kind, Len */
	METADATA_HEAD_EXP = 4, /* and the ExID */
	METADATA_ROOM = METADATA_HEAD_EXP + MD_CODE_LEN + 8
};

/* Section 4.3: what a receiver would have to read as "no information" is never sent, nor a D with S. */
static inline bool metadata_may_send(const struct md_metadata *m)
{
	return (m->d | m->p) <= 3 && m->p && m->l <= 2 && m->s <= !m->d;
}

/* Behind the head; NULL without a kind. Writes METADATA_HEAD_EXP octets. */
static inline uint8_t *metadata_head(uint8_t *dst, const struct md_ids *ids, size_t value, uint16_t exid, uint8_t kind)
{
	uint32_t head;

	if (__builtin_expect(ids->form == MD_FORM_KIND, 0)) {
		if (kind < MD_KIND_FIRST || kind > MD_KIND_LAST)
			return NULL;
		dst[0] = kind;
		dst[1] = (uint8_t)(value + METADATA_HEAD);
		return dst + METADATA_HEAD;
	}
	head = htobe32((uint32_t)(MD_KIND_EXP << 24 | (value + METADATA_HEAD_EXP) << 16 | exid));
	memcpy(dst, &head, sizeof(head));
	return dst + METADATA_HEAD_EXP;
}

/* Behind the option, or NULL: it must not be sent. Octets up to METADATA_ROOM take any value. */
static inline __attribute__((always_inline)) uint8_t *metadata_put(uint8_t dst[METADATA_ROOM], const struct md_ids *ids,
	const struct md_metadata *m)
{
	uint64_t rest;
	uint8_t *p;

	if (__builtin_expect(m->option == MD_MED, 1)) {
		uint8_t speaks = m->s, counter = m->counter, levels = (uint8_t)(m->d << 5 | m->p << 2 | m->l);

		p = metadata_may_send(m) ? metadata_head(dst, ids, MD_MED_VALUE, ids->med_exid, ids->med_kind) : NULL;
		if (!p)
			return NULL;
		*p++ = speaks;
		*p++ = counter;
		*p++ = levels;
	} else if (m->option == MD_OFC) {
		size_t code = ids->legacy16 ? MD_LEGACY_CODE_LEN : MD_CODE_LEN;

		p = metadata_head(dst, ids, code + MD_OFC_VALUE - MD_CODE_LEN, ids->ofc_exid, ids->ofc_kind);
		if (!p)
			return NULL;
		memcpy(p, m->code, MD_CODE_LEN);
		p += code;
	} else {
		return NULL;
	}
	rest = htobe64((uint64_t)m->bq << 56 | (uint64_t)m->seq << 40 | (uint64_t)m->ts << 8);
	memcpy(p, &rest, sizeof(rest));
	return p + 7;
}

#endif
