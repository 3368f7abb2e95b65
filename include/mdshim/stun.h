/* SPDX-License-Identifier: BSD-3-Clause
 *
 * stun.h - a network token in STUN messages (wire format, section 10.2; RFC 8489).
 *
 * Pure like wire.h. Off by default: some agents reject a message in which FINGERPRINT does not follow
 * MESSAGE-INTEGRITY directly. */
#ifndef MDSHIM_STUN_H
#define MDSHIM_STUN_H

#include <mdshim/wire.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	MD_STUN_BINDING_REQUEST = 0x0001,
	MD_STUN_BINDING_INDICATION = 0x0011,
	MD_STUN_BINDING_SUCCESS = 0x0101,
	MD_STUN_HEADER = 20,
	MD_STUN_TRANSACTION = 12
};

/* Why a message goes out unchanged. */
#define MD_STUN_REASONS(X)               \
	X(CHANGED, "changed")            \
	X(NOT_STUN, "not-stun")          \
	X(OTHER_TYPE, "other-type")      \
	X(PRESENT, "present")            \
	X(BAD_FINGERPRINT, "fingerprint") \
	X(NO_ROOM, "room")

enum md_stun_reason {
#define MD_STUN_REASON_ENUM(name, text) MD_STUN_##name,
	MD_STUN_REASONS(MD_STUN_REASON_ENUM)
#undef MD_STUN_REASON_ENUM
	MD_STUN_REASON_COUNT
};

/* The text of a reason, "?" outside the enumeration. Never NULL; the string is static. */
const char *md_stun_reason_name(enum md_stun_reason reason);

/* Whether the attribute type may be configured: comprehension-optional, and not known to be in use there. */
bool md_stun_type_allowed(uint16_t type);

struct md_stun_token {
	uint16_t type;          /* of the attribute; there is no default */
	const uint8_t *token;   /* the whole token, MD_TOKEN_MIN..MD_TOKEN_MAX octets */
	size_t len;
	bool success_responses; /* also into Binding success responses */
};

/* Octets that the attribute adds to a message. */
size_t md_stun_attribute_size(size_t token_len);

/* Writes the message with the token attribute in front of FINGERPRINT, or at its end, and corrects length and
 * FINGERPRINT. dst must not overlap message; room is the largest message wanted (path MTU).
 * Errors: MD_E_REFUSED: *reason says why the message goes out unchanged; MD_E_VALUE: type or token are not allowed.
 * *reason is MD_STUN_CHANGED only on success. */
ptrdiff_t md_stun_insert(uint8_t *dst, size_t room, const uint8_t *message, size_t len,
	const struct md_stun_token *token, enum md_stun_reason *reason);

/* Writes a Binding indication that holds the token and FINGERPRINT only. Errors: MD_E_ROOM, MD_E_VALUE. */
ptrdiff_t md_stun_indication(uint8_t *dst, size_t room, const uint8_t transaction[MD_STUN_TRANSACTION],
	const struct md_stun_token *token);

#ifdef __cplusplus
}
#endif
#endif
