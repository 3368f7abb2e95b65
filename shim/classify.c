/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "classify.h"

static enum protocol below_128(uint8_t first, bool to_turn)
{
	if (first >= 64)
		return first < 80 && to_turn ? PROTO_CHANNEL : PROTO_QUIC_SHORT;
	if (first >= 20)
		return PROTO_DTLS;
	if (first >= 16)
		return PROTO_ZRTP;
	return first < 4 ? PROTO_STUN : PROTO_NONE;
}

static inline enum protocol by_octets(uint8_t first, uint8_t second, bool to_turn)
{
	if (first < 128)
		return below_128(first, to_turn);
	if (first >= 192)
		return PROTO_QUIC_LONG;
	/* RFC 5761, section 4: the packet types of RTCP, which no RTP payload type beside them may look like. */
	if ((second & 0xE0) == 0xC0)
		return PROTO_RTCP;
	return PROTO_RTP;
}

static __attribute__((noinline)) enum protocol in_pieces(const struct octets *datagram, bool to_turn)
{
	if (!datagram->len || (datagram->len == 1 && octet(datagram, 0) >> 6 == 2))
		return PROTO_NONE;
	return by_octets(octet(datagram, 0), datagram->len > 1 ? octet(datagram, 1) : 0, to_turn);
}

enum protocol classify_first(const struct octets *datagram, bool to_turn)
{
	if (datagram->flat_len < 2)
		return in_pieces(datagram, to_turn);
	return by_octets(datagram->flat[0], datagram->flat[1], to_turn);
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

static inline bool readable(const struct rtp *rtp, enum protection protection, bool encrypted,
	const struct plausible *plausible)
{
	if (encrypted | rtp->cryptex | (protection == PROTECTION_SRTP))
		return false;
	return plausible->implausible <= TOLERATED || protection == PROTECTION_CLEAR;
}

static __attribute__((noinline)) struct said marker_says(bool marker)
{
	return (struct said){ .end = marker };
}

static inline struct said format_says(const struct rtp *rtp, const struct reading *reading, struct plausible *plausible)
{
	switch ((enum format)reading->format[rtp->payload_type]) {
	case FORMAT_H264:
		return h264_recognise(&rtp->payload, rtp->marker);
	case FORMAT_H265:
		return h265_recognise(&rtp->payload, rtp->marker, reading->h265_don, &plausible->highest);
	case FORMAT_VP8:
		return vp8_recognise(&rtp->payload, rtp->marker);
	case FORMAT_VP9:
		return vp9_recognise(&rtp->payload, rtp->marker, &plausible->highest);
	case FORMAT_AV1:
		return av1_recognise(&rtp->payload, rtp->marker);
	case FORMAT_MPEGTS:
		return mpegts_recognise(&rtp->payload);
	default:
		return marker_says(rtp->marker);
	}
}

/* Encrypted payloads of VP8 and VP9 are hardly ever implausible. */
static bool doubtful(const struct rtp *rtp, const struct reading *reading)
{
	switch ((enum format)reading->format[rtp->payload_type]) {
	case FORMAT_VP8:
		return vp8_doubtful(&rtp->payload);
	case FORMAT_VP9:
		return vp9_doubtful(&rtp->payload);
	default:
		return false;
	}
}

/* An empty payload (a packet that is all padding) tells nothing of encryption, and some senders begin with dozens. */
static __attribute__((noinline)) struct said judged_says(const struct rtp *rtp, const struct reading *reading,
	struct plausible *plausible)
{
	struct said said = format_says(rtp, reading, plausible);

	if (!rtp->payload.len)
		return said;
	plausible->parsed++;
	if (said.implausible || doubtful(rtp, reading))
		plausible->implausible++;
	return said;
}

static inline struct said payload_says(const struct rtp *rtp, const struct reading *reading,
	struct plausible *plausible)
{
	return plausible->parsed < JUDGED ? judged_says(rtp, reading, plausible) : format_says(rtp, reading, plausible);
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

/* False if nothing of it is there. Elements count only under a configured id. */
static bool extension_says(const struct rtp *rtp, const struct reading *reading, struct dd_structure *structure,
	struct said *said)
{
	struct octets element;
	struct said marking;
	int spatial, temporal;
	bool described, marked;

	described = reading->dd_id && ext_find(rtp, reading->dd_id, &element) &&
		dd_recognise(&element, structure, said, &spatial, &temporal);
	marked = reading->framemark_id && ext_find(rtp, reading->framemark_id, &element) &&
		framemark_recognise(&element, described ? &marking : said);
	if (described && marked)
		complete(said, &marking);
	return described || marked;
}

/* Where header extensions are configured and there is one. */
static __attribute__((noinline)) struct said hinted_says(const struct rtp *rtp, const struct reading *reading, bool clear,
	struct plausible *plausible, struct dd_structure *structure)
{
	struct said payload = { .end = rtp->marker }, said;
	bool hinted = extension_says(rtp, reading, structure, &said);

	if (hinted && said.class != CLASS_UNKNOWN && (said.has_frame || said.has_layer))
		return said;
	if (clear)
		payload = payload_says(rtp, reading, plausible);
	if (!hinted)
		return payload;
	complete(&said, &payload);
	return said;
}

static __attribute__((noinline)) struct said format_alone_says(enum format format)
{
	return (struct said){ .class = format == FORMAT_AUDIO ? CLASS_AUDIO : CLASS_REPAIR };
}

/* Each way ends in a jump to what is asked next. */
struct said classify_said(const struct rtp *rtp, const struct reading *reading, enum protection protection, bool encrypted,
	struct plausible *plausible, struct dd_structure *structure)
{
	enum format format = (enum format)reading->format[rtp->payload_type];
	bool clear;

	if (format >= FORMAT_AUDIO)
		return format_alone_says(format);
	clear = readable(rtp, protection, encrypted, plausible);
	if (rtp->profile && format != FORMAT_MPEGTS && (reading->dd_id || reading->framemark_id))
		return hinted_says(rtp, reading, clear, plausible, structure);
	if (!clear)
		return marker_says(rtp->marker && format != FORMAT_MPEGTS);
	if (plausible->parsed < JUDGED)
		return judged_says(rtp, reading, plausible);
	return format_says(rtp, reading, plausible);
}

enum md_ground classify_ground(const struct rtp *rtp, const struct reading *reading, bool encrypted,
	const struct plausible *plausible, bool implausible)
{
	enum format format = (enum format)reading->format[rtp->payload_type];
	struct octets element;

	if (format == FORMAT_AUDIO || format == FORMAT_RTX || format == FORMAT_FEC)
		return MD_G_TYPE;
	if (format != FORMAT_MPEGTS && reading->dd_id && ext_find(rtp, reading->dd_id, &element))
		return MD_G_DESCRIPTOR;
	if (format != FORMAT_MPEGTS && reading->framemark_id && ext_find(rtp, reading->framemark_id, &element))
		return MD_G_MARKING;
	if (encrypted || rtp->cryptex)
		return MD_G_ENCRYPTED;
	if (plausible->implausible > TOLERATED)
		return MD_G_LOOKS_ENCRYPTED;
	if (implausible)
		return MD_G_IMPLAUSIBLE;
	return format == FORMAT_UNKNOWN ? MD_G_UNCONFIGURED : MD_G_PAYLOAD;
}
