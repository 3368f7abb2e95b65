/* SPDX-License-Identifier: BSD-3-Clause
 *
 * classify.h - which datagram is this, and what does it say of itself. Pure. */
#ifndef MD_CLASSIFY_H
#define MD_CLASSIFY_H

#include <mdshim/stats.h>

#include "packet.h"
#include "recognise.h"

/* The protocol by its first two octets (classifier, section 1). to_turn: the peer is a configured TURN server. RTP is
 * named by these octets alone; rtp_recognise() may still refuse it. An empty datagram is PROTO_NONE. */
enum protocol classify_first(const struct octets *datagram, bool to_turn);

/* Whether that would be PROTO_RTP, of a datagram of at least two octets. */
static inline bool classify_is_rtp(const uint8_t *datagram)
{
	return datagram[0] >> 6 == 2 && (datagram[1] & 0xE0) != 0xC0;
}

/* How payloads are read; from the configuration, fixed after start. */
struct reading {
	uint8_t format[128];         /* enum format by payload type */
	uint8_t dd_id, framemark_id, mid_id; /* header extension ids, 0 = not configured */
	bool h265_don;
};

/* The table without any configuration: 0, 8, 9, 18 are audio, 33 is MPEG-TS (RFC 3551). */
void reading_defaults(struct reading *reading);

/* What is remembered of one SSRC's payloads; zero at first. */
struct plausible {
	uint8_t parsed, implausible; /* of the first 64 payloads; implausible or doubtful */
	struct highest highest;
};

_Static_assert(FORMAT_AUDIO + 1 == FORMAT_RTX && FORMAT_RTX + 1 == FORMAT_FEC && FORMAT_FEC + 1 == FORMAT_COUNT,
	"what is no video stands last");

/* What its payload type says that it is. */
static inline enum media classify_media(const struct rtp *rtp, const struct reading *reading)
{
	enum format format = (enum format)reading->format[rtp->payload_type];

	if (format < FORMAT_MPEGTS)
		return MEDIA_VIDEO;
	if (format >= FORMAT_AUDIO)
		return format == FORMAT_AUDIO ? MEDIA_AUDIO : MEDIA_REPAIR;
	return MEDIA_MPEGTS;
}

enum protection { PROTECTION_AUTO, PROTECTION_CLEAR, PROTECTION_SRTP };

/* What the packet says of itself, hints of applications and taps aside (classifier, sections 3, 4, 8 and 9): dependency
 * descriptor before frame marking before payload before marker. encrypted: the payload must not be read, because the
 * socket or the rule says so. Under PROTECTION_AUTO an SSRC whose payloads do not parse (more than 8 of the first 64) is
 * taken for encrypted. structure may be NULL (no memory of descriptors). */
struct said classify_said(const struct rtp *rtp, const struct reading *reading, enum protection protection, bool encrypted,
	struct plausible *plausible, struct dd_structure *structure);

/* Both. */
static inline enum media classify_rtp(const struct rtp *rtp, const struct reading *reading, enum protection protection,
	bool encrypted, struct plausible *plausible, struct dd_structure *structure, struct said *said)
{
	*said = classify_said(rtp, reading, protection, encrypted, plausible, structure);
	return classify_media(rtp, reading);
}

/* What that rested on, asked afterwards. encrypted: as above, or the rule says so. */
enum md_ground classify_ground(const struct rtp *rtp, const struct reading *reading, bool encrypted,
	const struct plausible *plausible, bool implausible);

#endif
