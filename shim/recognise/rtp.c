/* SPDX-License-Identifier: BSD-3-Clause */
#include <endian.h>
#include <string.h>

#include "recognise.h"

/* The fixed header, RFC 3550 section 5.1. */
enum {
	FIXED = 12,
	VERSION_MASK = 0xC0, VERSION_2 = 0x80, PADDING = 0x20, EXTENSION = 0x10, CSRC_COUNT = 0x0F,
	PAYLOAD_TYPE = 0x7F,
	EXTENSION_HEAD = 4,
	CRYPTEX_ONE = 0xC0DE, CRYPTEX_TWO = 0xC2DE /* RFC 9335, section 4: the two forms of RFC 8285, encrypted */
};

static inline uint32_t be32(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof value);
	return be32toh(value);
}

/* Takes `words` octets at `at` for those of an extension of that profile. Returns the offset behind them. */
static inline size_t take_extension(const struct octets *datagram, size_t at, uint16_t profile, size_t words,
	struct rtp *rtp)
{
	rtp->cryptex = profile == CRYPTEX_ONE || profile == CRYPTEX_TWO;
	if (!rtp->cryptex && words) {
		rtp->profile = profile;
		octets_behind(datagram, at, &rtp->extension);
		octets_shorten(&rtp->extension, words);
	}
	return at + words;
}

/* Profile and length lie in several pieces. */
static __attribute__((noinline)) size_t cut_extension(const struct octets *datagram, size_t at, struct rtp *rtp)
{
	uint16_t profile = octet_u16(datagram, at);
	size_t words = 4 * (size_t)octet_u16(datagram, at + 2);

	at += EXTENSION_HEAD;
	return datagram->len - at < words ? 0 : take_extension(datagram, at, profile, words, rtp);
}

/* Reads profile and length at `at`. Returns the offset behind the words, 0 if they do not fit. */
static inline size_t extension(const struct octets *datagram, size_t at, struct rtp *rtp)
{
	uint32_t head;
	size_t words;

	if (datagram->len - at < EXTENSION_HEAD)
		return 0;
	if (datagram->flat_len < at + EXTENSION_HEAD)
		return cut_extension(datagram, at, rtp);
	head = be32(datagram->flat + at);
	words = 4 * (size_t)(head & 0xFFFF);
	at += EXTENSION_HEAD;
	return datagram->len - at < words ? 0 : take_extension(datagram, at, (uint16_t)(head >> 16), words, rtp);
}

/* The last octet counts the padding, itself included. A count that cannot be leaves no payload rather than a wrong one:
 * under SRTP the octet is encrypted, and nobody looks at the payload then. */
static __attribute__((noinline)) void strip_padding(struct octets *payload)
{
	size_t padding;

	if (!payload->len)
		return;
	padding = octet(payload, payload->len - 1);
	octets_shorten(payload, padding && padding <= payload->len ? payload->len - padding : 0);
}

/* What only some packets have. */
static __attribute__((noinline)) bool extension_and_padding(const struct octets *datagram, size_t at, uint8_t first,
	struct rtp *rtp)
{
	if (first & EXTENSION) {
		at = extension(datagram, at, rtp);
		if (!at)
			return false;
	}
	octets_behind(datagram, at, &rtp->payload);
	if (first & PADDING && !rtp->cryptex)
		strip_padding(&rtp->payload);
	return true;
}

static inline void read_fixed(const uint8_t head[static FIXED], struct rtp *rtp)
{
	uint32_t word = be32(head);

	rtp->marker = head[1] >> 7;
	rtp->payload_type = (uint8_t)(word >> 16 & PAYLOAD_TYPE);
	rtp->seq = (uint16_t)word;
	rtp->ts = be32(head + 4);
	rtp->ssrc = be32(head + 8);
	rtp->profile = 0;
	rtp->cryptex = false;
	rtp->extension.len = rtp->extension.flat_len = 0;
}

/* Everything, given the fixed header as octets in a row. */
static __attribute__((noinline)) bool read_header(const struct octets *datagram, const uint8_t head[static FIXED],
	struct rtp *rtp)
{
	uint8_t first = head[0];
	size_t at = FIXED + 4 * (size_t)(first & CSRC_COUNT);

	if ((first & VERSION_MASK) != VERSION_2 || datagram->len < at)
		return false;
	read_fixed(head, rtp);
	if (first & (EXTENSION | PADDING))
		return extension_and_padding(datagram, at, first, rtp);
	octets_behind(datagram, at, &rtp->payload);
	return true;
}

static __attribute__((noinline)) bool gathered(const struct octets *datagram, struct rtp *rtp)
{
	uint8_t head[FIXED];

	if (datagram->len < FIXED)
		return false;
	for (size_t i = 0; i < FIXED; i++)
		head[i] = octet(datagram, i);
	return read_header(datagram, head, rtp);
}

bool rtp_recognise(const struct octets *datagram, struct rtp *rtp)
{
	if (datagram->flat_len < FIXED)
		return gathered(datagram, rtp);
	if (datagram->flat[0] != VERSION_2)
		return read_header(datagram, datagram->flat, rtp);
	/* The usual header: nothing but the fixed part. */
	read_fixed(datagram->flat, rtp);
	octets_behind(datagram, FIXED, &rtp->payload);
	return true;
}
