/* SPDX-License-Identifier: BSD-3-Clause */
#include "recognise.h"

/* NAL unit types: ITU-T H.265 table 7-1; 48 and above RFC 7798 section 4.4. */
enum { BLA_W_LP = 16, RSV_IRAP_23 = 23, VCL_END = 32, VPS = 32, SPS, PPS, AUD, PREFIX_SEI = 39, AP = 48, FU };

enum {
	F = 0x80, TID_PLUS_1 = 0x07,
	FU_START = 0x80, FU_TYPE = 0x3F,
	FIRST_SLICE = 0x80, /* first_slice_segment_in_pic_flag */
	HEAD = 2, DONL = 2, DOND = 1
};

/* What is seen in a packet, as bits. */
enum { ANY = 1, START = 2, KEY = 4, SLICE = 8, REFERENCED = 16, BROKEN = 32 };

static inline unsigned type_at(const struct octets *p, size_t at)
{
	return octet(p, at) >> 1 & 0x3F;
}

/* Even types up to 14 are sub-layer non-reference pictures (clause 7.4.2.2): nothing in the same temporal layer refers
 * to them. upper: the packet's layer is not the base. */
static inline unsigned kind(unsigned type, bool upper)
{
	if (type < BLA_W_LP)
		return ANY | SLICE | (type & 1 ? REFERENCED : 0u);
	if (type <= RSV_IRAP_23)
		return ANY | SLICE | REFERENCED | (upper ? 0u : KEY);
	if (type < VCL_END)
		return ANY | SLICE | REFERENCED;
	return ANY | (type >= VPS && type <= PPS ? KEY : 0u);
}

static inline bool opener(unsigned type)
{
	return (type >= VPS && type <= AUD) || type == PREFIX_SEI;
}

/* A whole NAL unit at `at`: a packet of its own or an entry of an aggregate. `don` octets lie behind its header. */
static unsigned unit(const struct octets *p, size_t at, size_t len, size_t don, bool upper)
{
	unsigned type, seen;

	if (len < HEAD + don || octet(p, at) & F)
		return BROKEN;
	type = type_at(p, at);
	seen = kind(type, upper);
	if (!(seen & SLICE))
		return seen;
	if (len <= HEAD + don)
		return BROKEN;
	return seen | (octet(p, at + HEAD + don) & FIRST_SLICE ? START : 0u);
}

/* Section 4.4.2: with decoding order numbers, DONL in front of the first entry and DOND in front of each other one. */
static unsigned aggregate(const struct octets *p, bool don, bool upper)
{
	size_t at = HEAD + (don ? DONL : 0);
	unsigned seen = 0;

	while (at < p->len) {
		size_t len;

		at += seen && don ? DOND : 0;
		if (p->len < at + 2)
			return BROKEN;
		len = octet_u16(p, at);
		at += 2;
		if (p->len - at < len)
			return BROKEN;
		if (!seen && len && opener(type_at(p, at)))
			seen = START;
		seen |= unit(p, at, len, 0, upper);
		at += len;
	}
	return seen ? seen : BROKEN;
}

/* Section 4.4.3: DONL is in the first fragment only. */
static unsigned fragment(const struct octets *p, bool don, bool upper)
{
	size_t data = HEAD + 1 + (don ? DONL : 0);
	unsigned type, seen;
	uint8_t head;

	if (p->len < HEAD + 1)
		return BROKEN;
	head = octet(p, HEAD);
	type = head & FU_TYPE;
	seen = kind(type, upper);
	if (!(head & FU_START))
		return seen;
	if (p->len < data)
		return BROKEN;
	if (opener(type) || (seen & SLICE && p->len > data && octet(p, data) & FIRST_SLICE))
		return seen | START;
	return seen;
}

static unsigned look(const struct octets *p, bool don, bool upper)
{
	unsigned type = type_at(p, 0);

	if (type == FU)
		return fragment(p, don, upper);
	if (type == AP)
		return aggregate(p, don, upper);
	return unit(p, 0, p->len, don ? DONL : 0, upper) | (opener(type) ? START : 0u);
}

static inline enum class class_of(unsigned seen, uint8_t tid, uint8_t layer, const struct highest *highest)
{
	if (seen & KEY)
		return CLASS_KEY;
	if (!(seen & SLICE))
		return CLASS_UNKNOWN;
	if (!(seen & REFERENCED) && highest && tid == highest->tid)
		return CLASS_DISCARDABLE;
	return tid || layer ? CLASS_ENHANCEMENT : CLASS_BASE;
}

static inline struct said verdict(unsigned seen, uint8_t tid, uint8_t layer, bool marker, struct highest *highest)
{
	if (highest)
		highest_raise(highest, tid, layer);
	return (struct said){ .start = seen & START, .end = marker, .class = class_of(seen, tid, layer, highest) };
}

static inline uint8_t layer_of(uint8_t first, uint8_t second)
{
	return (uint8_t)((first & 1) << 5 | second >> 3);
}

static __attribute__((noinline)) struct said any_recognise(const struct octets *payload, bool marker, bool don,
	struct highest *highest)
{
	unsigned seen = BROKEN;
	uint8_t layer = 0, tid = 0;

	if (payload->len >= HEAD && !(octet(payload, 0) & F) && octet(payload, 1) & TID_PLUS_1) {
		layer = layer_of(octet(payload, 0), octet(payload, 1));
		tid = (uint8_t)((octet(payload, 1) & TID_PLUS_1) - 1);
		seen = look(payload, don, layer);
	}
	return seen & BROKEN ? said_implausible(marker) : verdict(seen, tid, layer, marker, highest);
}

struct said h265_recognise(const struct octets *payload, bool marker, bool don, struct highest *highest)
{
	const uint8_t *p = payload->flat;

	/* Most packets of a film: a fragment that is not the first. */
	if (payload->flat_len > HEAD && (p[0] & ~1) == FU << 1 && p[1] & TID_PLUS_1 && !(p[HEAD] & FU_START))
		return verdict(kind(p[HEAD] & FU_TYPE, layer_of(p[0], p[1])), (uint8_t)((p[1] & TID_PLUS_1) - 1),
			layer_of(p[0], p[1]), marker, highest);
	return any_recognise(payload, marker, don, highest);
}
