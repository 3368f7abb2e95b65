/* SPDX-License-Identifier: BSD-3-Clause
 *
 * packet.h - the record that walks through the rooms; the only header they share. */
#ifndef MD_PACKET_H
#define MD_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "octets.h"

/* Importance of an MDU, in rising order up to KEY (classifier, section 5); audio and repair stand beside the order. */
enum class {
	CLASS_UNKNOWN,
	CLASS_DISCARDABLE,
	CLASS_ENHANCEMENT,
	CLASS_BASE,
	CLASS_KEY,
	CLASS_AUDIO,
	CLASS_REPAIR,
	CLASS_COUNT
};

enum media { MEDIA_VIDEO, MEDIA_AUDIO, MEDIA_REPAIR, MEDIA_MPEGTS };

/* What a payload type stands for. */
enum format {
	FORMAT_UNKNOWN, /* video of unknown format */
	FORMAT_H264,
	FORMAT_H265,
	FORMAT_VP8,
	FORMAT_VP9,
	FORMAT_AV1,
	FORMAT_MPEGTS,
	FORMAT_AUDIO,
	FORMAT_RTX,
	FORMAT_FEC,
	FORMAT_COUNT
};

/* What the first octets say (RFC 9443; classifier, section 1). */
enum protocol {
	PROTO_NONE, /* native */
	PROTO_STUN,
	PROTO_ZRTP,
	PROTO_DTLS,
	PROTO_CHANNEL,
	PROTO_RTCP,
	PROTO_QUIC_LONG,
	PROTO_QUIC_SHORT,
	PROTO_RTP
};

/* The RTP header of a datagram (RFC 3550). */
struct rtp {
	bool marker;
	uint8_t payload_type;
	uint16_t seq;
	uint32_t ts, ssrc;
	uint16_t profile;       /* of the header extension; 0 without one or if its words are encrypted */
	bool cryptex;           /* RFC 9335: extension and payload are encrypted */
	struct octets extension; /* the words behind profile and length; empty without */
	struct octets payload;  /* without padding */
};

/* What one source (payload format, header extension, hint) says of a packet. */
struct said {                   /* one word: it is handed on by value */
	bool start : 1, end : 1;
	bool implausible : 1;   /* too short for what it announces, or contradictory */
	bool has_layer : 1, has_frame : 1;
	uint8_t layer;          /* spatial layer, where each layer frame is an MDU of its own */
	uint16_t frame;         /* frame number of the dependency descriptor */
	enum class class;
};
_Static_assert(sizeof(struct said) == sizeof(uint64_t), "a verdict fits a register");

enum role { ROLE_START, ROLE_MIDDLE, ROLE_END, ROLE_ONLY };

#endif
