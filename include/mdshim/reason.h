/* SPDX-License-Identifier: BSD-3-Clause
 *
 * reason.h - why a datagram was not used, by number and by name. wire.h includes it: it returns these. */
#ifndef MDSHIM_REASON_H
#define MDSHIM_REASON_H

#ifdef __cplusplus
extern "C" {
#endif

/* Why a datagram, or a part of it, was not used. The text is the name used in logs, statistics and JSON. */
#define MD_REASONS(X)                          \
	X(NONE, "none")                        \
	X(NOT_UDP, "not-udp")                  \
	X(UDP_LENGTH, "udp-length")            \
	X(UDP_CHECKSUM, "udp-checksum")        \
	X(NO_OPTIONS, "no-options")            \
	X(SURPLUS_SHORT, "surplus-short")      \
	X(PAD, "pad")                          \
	X(OCS, "ocs")                          \
	X(OCS_ZERO, "ocs-zero")                \
	X(BUDGET, "budget")                    \
	X(AFTER_EOL, "after-eol")              \
	X(NOP_RUN, "nop-run")                  \
	X(UNSAFE, "unsafe")                    \
	X(TRUNCATED, "truncated")              \
	X(EXT_LENGTH, "ext-length")            \
	X(OPT_LENGTH, "opt-length")            \
	X(OVERRUN, "overrun")                  \
	X(BELOW_MINIMUM, "below-minimum")      \
	X(FRAG, "frag")                        \
	X(AUTH_MISSING, "auth-missing")        \
	X(AUTH_LENGTH, "auth-length")          \
	X(AUTH_KEY, "auth-key")                \
	X(AUTH_MAC, "auth-mac")                \
	X(NO_METADATA, "no-metadata")          \
	X(BOTH, "both")                        \
	X(BAD_LENGTH_MED, "bad-length-med")    \
	X(BAD_LENGTH_OFC, "bad-length-ofc")    \
	X(BAD_LENGTH_TOKEN, "bad-length-token") \
	X(STALE, "stale")                      \
	X(REPLAY, "replay")                    \
	X(INNER_VERSION, "inner-version")      \
	X(INNER_LENGTH, "inner-length")        \
	X(INNER_CHECKSUM, "inner-checksum")    \
	X(INNER_FRAGMENT, "inner-fragment")    \
	X(INNER_PROTOCOL, "inner-protocol")    \
	X(INNER_PREFIX, "inner-prefix")        \
	X(INNER_ECN, "inner-ecn")              \
	X(INNER_TTL, "inner-ttl")              \
	X(UNKNOWN_CODE, "unknown-code")

enum md_reason {
#define MD_REASON_ENUM(name, text) MD_R_##name,
	MD_REASONS(MD_REASON_ENUM)
#undef MD_REASON_ENUM
	MD_REASON_COUNT
};

/* The text of a reason, "?" outside the enumeration. Never NULL; the string is static. */
const char *md_reason_name(enum md_reason reason);

#ifdef __cplusplus
}
#endif
#endif
