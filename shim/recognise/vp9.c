/* SPDX-License-Identifier: BSD-3-Clause */
#include "recognise.h"

/* The payload descriptor, RFC 9628 section 4.2. */
enum {
	I = 0x80, P = 0x40, L = 0x20, F = 0x10, B = 0x08, E = 0x04, V = 0x02, Z = 0x01,
	LONG_PICTURE_ID = 0x80,
	TID_SHIFT = 5, SID_SHIFT = 1, SID_MASK = 0x07,
	ANOTHER_DIFF = 0x01, DIFFS = 3,
	FRAME_MARKER_MASK = 0xC0, FRAME_MARKER = 0x80, /* every frame begins with it: bitstream specification, section 6.2 */
	SS_LAYERS_SHIFT = 5, SS_SIZES = 0x10, SS_PICTURES = 0x08, SS_REFERENCES = 0x0C, SS_REFERENCES_SHIFT = 2
};

struct layers {
	bool known;
	uint8_t tid, sid;
	size_t end; /* of the descriptor */
};

/* Octets of a descriptor without its scalability structure, at most. */
enum { HEAD = 8 };

/* P_DIFF octets in flexible mode: up to three, each but the last announces another. */
static inline bool skip_diffs(const uint8_t p[static HEAD], size_t *at)
{
	for (unsigned i = 0; i < DIFFS; i++)
		if (!(p[(*at)++] & ANOTHER_DIFF))
			return true;
	return false;
}

/* Section 4.2.1. Only whether it is all there: that tells a descriptor from noise. */
static __attribute__((noinline)) bool skip_structure(const struct octets *p, size_t *at)
{
	unsigned pictures;
	uint8_t head;

	if (*at >= p->len)
		return false;
	head = octet(p, (*at)++);
	if (head & SS_SIZES)
		*at += 4 * ((size_t)(head >> SS_LAYERS_SHIFT) + 1);
	if (!(head & SS_PICTURES))
		return *at <= p->len;
	if (*at >= p->len)
		return false;
	for (pictures = octet(p, (*at)++); pictures; pictures--) {
		if (*at >= p->len)
			return false;
		*at += 1 + ((size_t)(octet(p, *at) & SS_REFERENCES) >> SS_REFERENCES_SHIFT);
	}
	return *at <= p->len;
}

/* head: the first octets of p in a row, zeros where there are fewer. */
static inline bool descriptor_read(const uint8_t head[static HEAD], const struct octets *p, struct layers *layers)
{
	uint8_t flags = head[0];
	size_t at = 1;

	*layers = (struct layers){ 0 };
	if (flags & I)
		at += head[at] & LONG_PICTURE_ID ? 2 : 1;
	if (flags & L) {
		layers->known = true;
		layers->tid = head[at] >> TID_SHIFT;
		layers->sid = head[at] >> SID_SHIFT & SID_MASK;
		at += flags & F ? 1 : 2; /* TL0PICIDX */
	}
	if ((flags & (F | P)) == (F | P) && !skip_diffs(head, &at))
		return false;
	if (flags & V && !skip_structure(p, &at))
		return false;
	layers->end = at;
	return at <= p->len;
}

/* Nothing in VP9 says "nothing refers to me"; Z only speaks of the layers above in the same picture. */
static inline enum class class_of(uint8_t flags, const struct layers *l, const struct highest *highest)
{
	if (!(flags & P))
		return l->sid ? CLASS_ENHANCEMENT : CLASS_KEY;
	if (l->tid && highest && l->tid == highest->tid && (flags & Z || l->sid == highest->sid))
		return CLASS_DISCARDABLE;
	return l->tid || l->sid ? CLASS_ENHANCEMENT : CLASS_BASE;
}

static inline struct said read_payload(const uint8_t head[static HEAD], const struct octets *payload, bool marker,
	struct highest *highest)
{
	struct layers layers;

	if (!descriptor_read(head, payload, &layers))
		return said_implausible(marker);
	if (highest)
		highest_raise(highest, layers.tid, layers.sid);
	return (struct said){
		.start = head[0] & B,
		.end = head[0] & E,
		.has_layer = layers.known,
		.layer = layers.sid,
		.class = class_of(head[0], &layers, highest),
	};
}

/* Octets that lie in several pieces, or are fewer than a descriptor may have. */
static void gather(const struct octets *payload, uint8_t head[static HEAD])
{
	for (size_t i = 0; i < HEAD; i++)
		head[i] = i < payload->len ? octet(payload, i) : 0;
}

static __attribute__((noinline)) struct said cut_payload(const struct octets *payload, bool marker, struct highest *highest)
{
	uint8_t head[HEAD];

	gather(payload, head);
	return read_payload(head, payload, marker, highest);
}

struct said vp9_recognise(const struct octets *payload, bool marker, struct highest *highest)
{
	/* A structure, in key pictures, is read piece by piece too: that needs a frame. */
	if (payload->flat_len >= HEAD && !(payload->flat[0] & V))
		return read_payload(payload->flat, payload, marker, highest);
	return cut_payload(payload, marker, highest);
}

bool vp9_doubtful(const struct octets *payload)
{
	struct layers layers;
	uint8_t head[HEAD];

	gather(payload, head);
	if (!descriptor_read(head, payload, &layers))
		return true;
	return head[0] & B && layers.end < payload->len &&
		(octet(payload, layers.end) & FRAME_MARKER_MASK) != FRAME_MARKER;
}
