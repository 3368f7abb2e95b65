/* SPDX-License-Identifier: BSD-3-Clause */
#include "recognise.h"

/* The aggregation header: AV1 RTP specification, section 4.4. */
enum { Z = 0x80, W_SHIFT = 4, W_MASK = 3, N = 0x08 };

/* OBU header and the first octet of a frame header: AV1 bitstream specification, sections 5.3 and 5.9.2. */
enum {
	TYPE_SHIFT = 3, TYPE_MASK = 0x0F, HAS_EXTENSION = 0x04, HAS_SIZE = 0x02,
	TID = 0xE0, SID = 0x18,
	FRAME_HEADER = 3, TILE_GROUP = 4, FRAME = 6,
	SHOW_EXISTING_OR_NOT_KEY = 0x80 | 0x60,
	LEB128_MAX = 8
};

/* What the OBUs that begin in a packet are. */
struct seen {
	bool key, layered, base;
};

/* Reads a LEB128 number at *at; values over 32 bits count as contradictory, no payload is that long. */
static bool leb128(const struct octets *p, size_t *at, size_t *value)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < LEB128_MAX && *at < p->len; i++) {
		uint8_t o = octet(p, (*at)++);

		sum |= (uint64_t)(o & 0x7F) << 7 * i;
		if (o & 0x80)
			continue;
		*value = (size_t)sum;
		return sum <= UINT32_MAX;
	}
	return false;
}

/* An OBU begins with this element; the rest of it may follow in later packets, so the element may end anywhere. */
static void begins(const struct octets *element, struct seen *seen)
{
	unsigned type;
	uint8_t head, layer = 0;
	size_t at = 1, size;

	if (!element->len)
		return;
	head = octet(element, 0);
	type = head >> TYPE_SHIFT & TYPE_MASK;
	if (type != FRAME_HEADER && type != TILE_GROUP && type != FRAME)
		return;
	if (head & HAS_EXTENSION) {
		if (element->len < 2)
			return;
		layer = octet(element, at++) & (TID | SID);
	}
	seen->layered |= layer != 0;
	seen->base |= !layer;
	if (type == TILE_GROUP || (head & HAS_SIZE && !leb128(element, &at, &size)))
		return;
	if (at < element->len && !(octet(element, at) & SHOW_EXISTING_OR_NOT_KEY) && !(layer & SID))
		seen->key = true;
}

/* Cuts the next element out of the payload; `last` has no length in front. */
static bool next(const struct octets *payload, size_t *at, bool last, struct octets *element)
{
	size_t len = payload->len - *at;

	if (!last && !leb128(payload, at, &len))
		return false;
	if (payload->len - *at < len)
		return false;
	octets_behind(payload, *at, element);
	octets_shorten(element, len);
	*at += len;
	return true;
}

static bool look(const struct octets *payload, struct seen *seen)
{
	bool continues;
	unsigned announced;
	size_t at = 1;

	if (!payload->len)
		return false;
	continues = octet(payload, 0) & Z;
	announced = octet(payload, 0) >> W_SHIFT & W_MASK;
	for (unsigned i = 1; announced ? i <= announced : at < payload->len; i++) {
		struct octets element;

		if (!next(payload, &at, i == announced, &element))
			return false;
		if (i > 1 || !continues)
			begins(&element, seen);
	}
	return true;
}

static enum class class_of(const struct octets *payload, const struct seen *seen)
{
	if (octet(payload, 0) & N || seen->key)
		return CLASS_KEY;
	if (seen->layered)
		return CLASS_ENHANCEMENT;
	return seen->base ? CLASS_BASE : CLASS_UNKNOWN;
}

static __attribute__((noinline)) struct said any_recognise(const struct octets *payload, bool marker)
{
	struct seen seen = { 0 };

	if (!look(payload, &seen))
		return said_implausible(marker);
	return (struct said){ .start = octet(payload, 0) & N, .end = marker, .class = class_of(payload, &seen) };
}

struct said av1_recognise(const struct octets *payload, bool marker)
{
	/* Most packets of a film: one OBU goes on. */
	if (payload->flat_len && (payload->flat[0] & (Z | W_MASK << W_SHIFT | N)) == (Z | 1 << W_SHIFT))
		return (struct said){ .end = marker };
	return any_recognise(payload, marker);
}
