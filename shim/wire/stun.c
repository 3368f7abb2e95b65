/* SPDX-License-Identifier: BSD-3-Clause
 *
 * stun.c - puts a network token into STUN messages (wire format, section 10.2; RFC 8489). */
#include <mdshim/stun.h>

#include "in.h"
#include "out.h"

enum {
	COOKIE = 0x2112a442,
	ATTRIBUTE_HEAD = 4,
	FINGERPRINT = 0x8028,
	FINGERPRINT_SIZE = 8,
	FINGERPRINT_XOR = 0x5354554e
};

/* CRC-32 of ITU-T V.42, as FINGERPRINT wants it; four bits at a time, since STUN messages are short and rare. */
static uint32_t crc32(const uint8_t *p, size_t len)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

static size_t padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

bool md_stun_type_allowed(uint16_t type)
{
	return type >= 0xc000 && type != 0xc001 && !(type >= 0xc057 && type <= 0xc060) && type != 0xff00;
}

size_t md_stun_attribute_size(size_t token_len)
{
	return ATTRIBUTE_HEAD + padded(token_len);
}

static bool token_ok(const struct md_stun_token *t)
{
	return md_stun_type_allowed(t->type) && t->token && t->len >= MD_TOKEN_MIN && t->len <= MD_TOKEN_MAX;
}

/* What the message holds, as far as it matters here. */
struct look {
	uint16_t type;
	bool present;          /* the attribute type is in it */
	bool fingerprint;
	size_t body;           /* where FINGERPRINT begins, else the end */
};

/* False: not a STUN message of RFC 8489 whose attributes fill it exactly. Two top bits of zero are part of that. */
static bool look_at(const uint8_t *message, size_t len, uint16_t attribute, struct look *look)
{
	struct in in = in_of(message, len);

	*look = (struct look){ .type = take_u16(&in), .body = len };
	if (look->type & 0xc000 || len % 4 || take_u16(&in) != len - MD_STUN_HEADER || take_u32(&in) != COOKIE ||
	    !take(&in, MD_STUN_TRANSACTION))
		return false;
	while (in.left) {
		size_t at = len - in.left;
		uint16_t type = take_u16(&in);
		uint16_t size = take_u16(&in);

		if (!take(&in, padded(size)))
			return false;
		look->present |= type == attribute;
		if (type == FINGERPRINT && !look->fingerprint) {
			look->fingerprint = true;
			look->body = at;
		}
	}
	return true;
}

/* Without one there is nothing to be wrong. */
static bool fingerprint_ok(const uint8_t *message, size_t len, const struct look *look)
{
	struct in in = in_of(message + look->body, len - look->body);

	if (!look->fingerprint)
		return true;
	return len - look->body == FINGERPRINT_SIZE && take_u32(&in) == ((uint32_t)FINGERPRINT << 16 | 4) &&
	       take_u32(&in) == (crc32(message, look->body) ^ FINGERPRINT_XOR);
}

static void put_token(struct out *o, const struct md_stun_token *t)
{
	put_u16(o, t->type);
	put_u16(o, (unsigned)t->len);
	put(o, t->token, t->len);
	put_zero(o, padded(t->len) - t->len);
}

/* To be called when all that stands before FINGERPRINT was written and fits, final length in the header included. */
static void put_fingerprint(struct out *o)
{
	uint32_t crc = crc32(o->dst, o->need) ^ FINGERPRINT_XOR;

	put_u16(o, FINGERPRINT);
	put_u16(o, FINGERPRINT_SIZE - ATTRIBUTE_HEAD);
	put_u32(o, crc);
}

static enum md_stun_reason examine(const uint8_t *message, size_t len, const struct md_stun_token *token,
	struct look *look)
{
	if (len < MD_STUN_HEADER || !look_at(message, len, token->type, look))
		return MD_STUN_NOT_STUN;
	if (look->type != MD_STUN_BINDING_REQUEST &&
	    !(look->type == MD_STUN_BINDING_SUCCESS && token->success_responses))
		return MD_STUN_OTHER_TYPE;
	if (look->present)
		return MD_STUN_PRESENT;
	return fingerprint_ok(message, len, look) ? MD_STUN_CHANGED : MD_STUN_BAD_FINGERPRINT;
}

ptrdiff_t md_stun_insert(uint8_t *dst, size_t room, const uint8_t *message, size_t len,
	const struct md_stun_token *token, enum md_stun_reason *reason)
{
	struct out o = { dst, room, 0 };
	struct look look;
	size_t total;

	*reason = MD_STUN_NOT_STUN;
	if (!token_ok(token))
		return MD_E_VALUE;
	*reason = examine(message, len, token, &look);
	if (*reason != MD_STUN_CHANGED)
		return MD_E_REFUSED;
	total = len + md_stun_attribute_size(token->len);
	if (total > room || total - MD_STUN_HEADER > UINT16_MAX) {
		*reason = MD_STUN_NO_ROOM;
		return MD_E_REFUSED;
	}
	put(&o, message, 2);
	put_u16(&o, (unsigned)(total - MD_STUN_HEADER));
	put(&o, message + 4, look.body - 4);
	put_token(&o, token);
	if (look.fingerprint)
		put_fingerprint(&o);
	return out_done(&o);
}

ptrdiff_t md_stun_indication(uint8_t *dst, size_t room, const uint8_t transaction[MD_STUN_TRANSACTION],
	const struct md_stun_token *token)
{
	struct out o = { dst, room, 0 };
	size_t attributes = md_stun_attribute_size(token->len) + FINGERPRINT_SIZE;

	if (!token_ok(token))
		return MD_E_VALUE;
	if (MD_STUN_HEADER + attributes > room)
		return MD_E_ROOM;
	put_u16(&o, MD_STUN_BINDING_INDICATION);
	put_u16(&o, (unsigned)attributes);
	put_u32(&o, COOKIE);
	put(&o, transaction, MD_STUN_TRANSACTION);
	put_token(&o, token);
	put_fingerprint(&o);
	return out_done(&o);
}
