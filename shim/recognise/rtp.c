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

/* Reads profile and length at *at, and moves *at behind the words. */
static bool extension(const struct octets *datagram, size_t *at, struct rtp *rtp)
{
	uint16_t profile;
	size_t words;

	if (datagram->len - *at < EXTENSION_HEAD)
		return false;
	profile = octet_u16(datagram, *at);
	words = 4 * (size_t)octet_u16(datagram, *at + 2);
	*at += EXTENSION_HEAD;
	if (datagram->len - *at < words)
		return false;
	rtp->cryptex = profile == CRYPTEX_ONE || profile == CRYPTEX_TWO;
	if (!rtp->cryptex && words) {
		rtp->profile = profile;
		rtp->extension = octets_from(datagram, *at);
		rtp->extension = octets_first(&rtp->extension, words);
	}
	*at += words;
	return true;
}

/* The last octet counts the padding, itself included. A count that cannot be leaves no payload rather than a wrong one:
 * under SRTP the octet is encrypted, and nobody looks at the payload then. */
static void strip_padding(struct octets *payload)
{
	size_t padding;

	if (!payload->len)
		return;
	padding = octet(payload, payload->len - 1);
	*payload = octets_first(payload, padding && padding <= payload->len ? payload->len - padding : 0);
}

bool rtp_recognise(const struct octets *datagram, struct rtp *rtp)
{
	uint8_t first, second;
	size_t at;

	if (datagram->len < FIXED)
		return false;
	first = octet(datagram, 0);
	second = octet(datagram, 1);
	at = FIXED + 4 * (size_t)(first & CSRC_COUNT);
	if ((first & VERSION_MASK) != VERSION_2 || datagram->len < at)
		return false;
	*rtp = (struct rtp){
		.marker = second & MARKER,
		.payload_type = second & PAYLOAD_TYPE,
		.seq = octet_u16(datagram, 2),
		.ts = octet_u32(datagram, 4),
		.ssrc = octet_u32(datagram, 8),
	};
	if (first & EXTENSION && !extension(datagram, &at, rtp))
		return false;
	rtp->payload = octets_from(datagram, at);
	if (first & PADDING && !rtp->cryptex)
		strip_padding(&rtp->payload);
	return true;
}
