/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "classify.h"

enum protocol classify_first(const struct octets *datagram, bool to_turn)
{
	uint8_t first;

	if (!datagram->len)
		return PROTO_NONE;
	first = octet(datagram, 0);
	if (first >= 192)
		return PROTO_QUIC_LONG;
	if (first >= 128) {
		if (datagram->len < 2)
			return PROTO_NONE;
		/* RFC 5761, section 4: RTCP packet types that no RTP payload type with marker may look like. */
		return octet(datagram, 1) >= 192 && octet(datagram, 1) <= 223 ? PROTO_RTCP : PROTO_RTP;
	}
	if (first >= 64)
		return first < 80 && to_turn ? PROTO_CHANNEL : PROTO_QUIC_SHORT;
	if (first >= 20)
		return PROTO_DTLS;
	if (first >= 16)
		return PROTO_ZRTP;
	return first < 4 ? PROTO_STUN : PROTO_NONE;
}

void reading_defaults(struct reading *reading)
{
	memset(reading, 0, sizeof *reading);
	reading->format[0] = FORMAT_AUDIO;  /* PCMU */
	reading->format[8] = FORMAT_AUDIO;  /* PCMA */
	reading->format[9] = FORMAT_AUDIO;  /* G722 */
	reading->format[18] = FORMAT_AUDIO; /* G729 */
	reading->format[33] = FORMAT_MPEGTS;
}

/* Plausibility: how many payloads of an SSRC are judged, and how many of them may fail. */
enum { JUDGED = 64, TOLERATED = 8 };

static bool readable(const struct rtp *rtp, enum protection protection, bool encrypted, const struct plausible *plausible)
{
	if (encrypted || rtp->cryptex || protection == PROTECTION_SRTP)
		return false;
	return protection == PROTECTION_CLEAR || plausible->implausible <= TOLERATED;
}

/* An empty payload (a packet that is all padding) tells nothing of encryption, and some senders begin with dozens. */
static void judge(const struct rtp *rtp, bool implausible, struct plausible *plausible)
{
	if (!rtp->payload.len || plausible->parsed == JUDGED)
		return;
	plausible->parsed++;
	plausible->implausible = (uint8_t)(plausible->implausible + implausible);
}

static void payload_says(const struct rtp *rtp, const struct reading *reading, struct plausible *plausible,
	struct said *said)
{
	switch ((enum format)reading->format[rtp->payload_type]) {
	case FORMAT_H264:
		h264_recognise(&rtp->payload, rtp->marker, said);
		break;
	case FORMAT_H265:
		h265_recognise(&rtp->payload, rtp->marker, reading->h265_don, &plausible->highest, said);
		break;
	case FORMAT_VP8:
		vp8_recognise(&rtp->payload, rtp->marker, said);
		break;
	case FORMAT_VP9:
		vp9_recognise(&rtp->payload, rtp->marker, &plausible->highest, said);
		break;
	case FORMAT_AV1:
		av1_recognise(&rtp->payload, rtp->marker, said);
		break;
	case FORMAT_MPEGTS:
		mpegts_recognise(&rtp->payload, said);
		break;
	default:
		*said = (struct said){ .end = rtp->marker };
		return;
	}
	judge(rtp, said->implausible, plausible);
}

/* Takes from a weaker source what the stronger one did not give: a class, or what tells MDUs apart. */
static void complete(struct said *said, const struct said *weaker)
{
	if (said->class == CLASS_UNKNOWN)
		said->class = weaker->class;
	if (!said->has_frame && !said->has_layer) {
		said->has_layer = weaker->has_layer;
		said->layer = weaker->layer;
	}
	said->implausible |= weaker->implausible;
}

/* What the header extension says; false if nothing of it is there. Elements count only under a configured id. */
static bool extension_says(const struct rtp *rtp, const struct reading *reading, struct dd_structure *structure,
	struct said *said)
{
	struct octets element;
	struct said marking;
	int spatial, temporal;
	bool described, marked;

	if (!rtp->profile)
		return false;
	described = reading->dd_id && ext_find(rtp, reading->dd_id, &element) &&
		dd_recognise(&element, structure, said, &spatial, &temporal);
	marked = reading->framemark_id && ext_find(rtp, reading->framemark_id, &element) &&
		framemark_recognise(&element, described ? &marking : said);
	if (described && marked)
		complete(said, &marking);
	return described || marked;
}

static void video_says(const struct rtp *rtp, const struct reading *reading, bool clear, struct plausible *plausible,
	struct dd_structure *structure, struct said *said)
{
	struct said payload = { .end = rtp->marker };
	bool hinted = extension_says(rtp, reading, structure, said);

	if (hinted && said->class != CLASS_UNKNOWN && (said->has_frame || said->has_layer))
		return;
	if (clear)
		payload_says(rtp, reading, plausible, &payload);
	if (hinted)
		complete(said, &payload);
	else
		*said = payload;
}

enum media classify_rtp(const struct rtp *rtp, const struct reading *reading, enum protection protection, bool encrypted,
	struct plausible *plausible, struct dd_structure *structure, struct said *said)
{
	bool clear = readable(rtp, protection, encrypted, plausible);

	switch ((enum format)reading->format[rtp->payload_type]) {
	case FORMAT_AUDIO:
		*said = (struct said){ .class = CLASS_AUDIO };
		return MEDIA_AUDIO;
	case FORMAT_RTX:
	case FORMAT_FEC:
		*said = (struct said){ .class = CLASS_REPAIR };
		return MEDIA_REPAIR;
	case FORMAT_MPEGTS:
		*said = (struct said){ 0 };
		if (clear)
			payload_says(rtp, reading, plausible, said);
		return MEDIA_MPEGTS;
	default:
		video_says(rtp, reading, clear, plausible, structure, said);
		return MEDIA_VIDEO;
	}
}
