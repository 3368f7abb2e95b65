/* SPDX-License-Identifier: BSD-3-Clause */
#include "recognise.h"

/* The fixed header, RFC 3550 section 5.1. */
enum {
	FIXED = 12,
	VERSION_MASK = 0xC0, VERSION_2 = 0x80, PADDING = 0x20, EXTENSION = 0x10, CSRC_COUNT = 0x0F,
	MARKER = 0x80, PAYLOAD_TYPE = 0x7F,
	EXTENSION_HEAD = 4,
	CRYPTEX_ONE = 0xC0DE, CRYPTEX_TWO = 0xC2DE /* RFC 9335, section 4: the two forms of RFC 8285, encrypted */
};

/* Reads profile and length at `at`. Returns the offset behind the words, 0 if they do not fit. */
static size_t extension(const struct octets *datagram, size_t at, struct rtp *rtp)
{
	const uint8_t *head;
	uint16_t profile;
	size_t words;

	if (datagram->len - at < EXTENSION_HEAD)
		return 0;
	if (datagram->flat_len >= at + EXTENSION_HEAD) {
		head = datagram->flat + at;
		profile = (uint16_t)(head[0] << 8 | head[1]);
		words = 4 * (size_t)(head[2] << 8 | head[3]);
	} else {
		profile = octet_u16(datagram, at);
		words = 4 * (size_t)octet_u16(datagram, at + 2);
	}
	at += EXTENSION_HEAD;
	if (datagram->len - at < words)
		return 0;
	rtp->cryptex = profile == CRYPTEX_ONE || profile == CRYPTEX_TWO;
	if (!rtp->cryptex && words) {
		rtp->profile = profile;
		octets_behind(datagram, at, &rtp->extension);
		octets_shorten(&rtp->extension, words);
	}
	return at + words;
}

/* The last octet counts the padding, itself included. A count that cannot be leaves no payload rather than a wrong one:
 * under SRTP the octet is encrypted, and nobody looks at the payload then. */
static void strip_padding(struct octets *payload)
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

/* Everything, given the fixed header as octets in a row. */
static inline bool read_header(const struct octets *datagram, const uint8_t head[static FIXED], struct rtp *rtp)
{
	uint8_t first = head[0];
	size_t at = FIXED + 4 * (size_t)(first & CSRC_COUNT);

	if ((first & VERSION_MASK) != VERSION_2 || datagram->len < at)
		return false;
	rtp->marker = head[1] & MARKER;
	rtp->payload_type = head[1] & PAYLOAD_TYPE;
	rtp->seq = (uint16_t)(head[2] << 8 | head[3]);
	rtp->ts = (uint32_t)head[4] << 24 | (uint32_t)head[5] << 16 | (uint32_t)head[6] << 8 | head[7];
	rtp->ssrc = (uint32_t)head[8] << 24 | (uint32_t)head[9] << 16 | (uint32_t)head[10] << 8 | head[11];
	rtp->profile = 0;
	rtp->cryptex = false;
	rtp->extension = (struct octets){ 0 };
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
	return read_header(datagram, datagram->flat, rtp);
}
