/* SPDX-License-Identifier: BSD-3-Clause */
#include "classify.h"
#include "payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A source, packet after packet: what is audio, RTX or FEC by its payload type is that whatever it holds; what is
 * encrypted (by the socket, the rule or cryptex) is not looked into. */
static void judge(const struct rtp *rtp, const struct reading *reading, const uint8_t *how, struct plausible *plausible)
{
	enum protection protection = (enum protection)(how[0] % 3);
	bool encrypted = how[0] & 4, closed = encrypted || protection == PROTECTION_SRTP || rtp->cryptex;
	uint8_t parsed = plausible->parsed, format = reading->format[rtp->payload_type];
	struct said said;
	enum media media;

	memset(&said, 0x5A, sizeof said);
	media = classify_rtp(rtp, reading, protection, encrypted, plausible, NULL, &said);
	REQUIRE((media == MEDIA_AUDIO) == (format == FORMAT_AUDIO) && (said.class == CLASS_AUDIO) == (format == FORMAT_AUDIO));
	REQUIRE((media == MEDIA_REPAIR) == (format == FORMAT_RTX || format == FORMAT_FEC));
	REQUIRE((said.class == CLASS_REPAIR) == (media == MEDIA_REPAIR));
	if (!closed || media == MEDIA_AUDIO || media == MEDIA_REPAIR)
		return;
	REQUIRE(plausible->parsed == parsed);
	REQUIRE(said.class == CLASS_UNKNOWN && !said.start && !said.has_layer && !said.has_frame && !said.implausible);
	REQUIRE(said.end == (rtp->marker && format != FORMAT_MPEGTS));
	REQUIRE(classify_ground(rtp, reading, closed, plausible, false) == MD_G_ENCRYPTED);
}

/* The input: eight octets of configuration, then packets behind their lengths and how each is protected. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plausible plausible = { 0 };
	struct reading reading;

	reading_defaults(&reading);
	for (size_t i = 0; i < 8 && i < size; i++)
		reading.format[96 + i] = data[i] % FORMAT_COUNT;
	for (size_t at = 8; at + 2 < size;) {
		size_t len = data[at] < size - at - 2 ? data[at] : size - at - 2;
		struct pieces parts = pieces_cut(data + at + 2, len, data[at + 1] >> 3, data[at + 1] & 8 ? 5 : 0);
		struct rtp rtp;

		if (rtp_recognise(&parts.all, &rtp)) {
			REQUIRE(parts.all.len >= 12 && rtp.payload.len + 12 <= parts.all.len);
			REQUIRE(!rtp.cryptex || (!rtp.profile && !rtp.extension.len));
			judge(&rtp, &reading, data + at + 1, &plausible);
		}
		pieces_free(&parts);
		at += 2 + len;
	}
	return 0;
}
