/* SPDX-License-Identifier: BSD-3-Clause */
#include "recognise.h"

/* NAL unit types: ITU-T H.265 table 7-1; 48 and above RFC 7798 section 4.4. */
enum { RSV_VCL_N14 = 14, BLA_W_LP = 16, RSV_IRAP_23 = 23, VCL_END = 32, VPS = 32, SPS, PPS, AUD, PREFIX_SEI = 39, AP = 48, FU };

enum {
	F = 0x80,
	FU_START = 0x80, FU_TYPE = 0x3F,
	FIRST_SLICE = 0x80, /* first_slice_segment_in_pic_flag */
	HEAD = 2, DONL = 2, DOND = 1
};

/* What is known of a packet: its own header, and the NAL units in it. */
struct seen {
	uint8_t layer, tid;
	bool any, start, key, slice, referenced;
};

static unsigned type_at(const struct octets *p, size_t at)
{
	return octet(p, at) >> 1 & 0x3F;
}

/* Even types up to 14 are sub-layer non-reference pictures (clause 7.4.2.2): nothing in the same temporal layer refers to
 * them. */
static void note(unsigned type, struct seen *seen)
{
	seen->any = true;
	seen->slice |= type < VCL_END;
	seen->referenced |= type < VCL_END && (type > RSV_VCL_N14 || type & 1);
	seen->key |= (type >= BLA_W_LP && type <= RSV_IRAP_23 && !seen->layer) || (type >= VPS && type <= PPS);
}

static bool opener(unsigned type)
{
	return (type >= VPS && type <= AUD) || type == PREFIX_SEI;
}

/* A whole NAL unit at `at`: a packet of its own or an entry of an aggregate. `don` octets lie behind its header. */
static bool unit(const struct octets *p, size_t at, size_t len, size_t don, struct seen *seen)
{
	unsigned type;

	if (len < HEAD + don || octet(p, at) & F)
		return false;
	type = type_at(p, at);
	if (!seen->any && opener(type))
		seen->start = true;
	note(type, seen);
	if (type >= VCL_END)
		return true;
	if (len <= HEAD + don)
		return false;
	seen->start |= (octet(p, at + HEAD + don) & FIRST_SLICE) != 0;
	return true;
}

/* Section 4.4.2: with decoding order numbers, DONL in front of the first entry and DOND in front of each other one. */
static bool aggregate(const struct octets *p, bool don, struct seen *seen)
{
	size_t at = HEAD + (don ? DONL : 0);

	while (at < p->len) {
		size_t len;

		at += seen->any && don ? DOND : 0;
		if (p->len < at + 2)
			return false;
		len = octet_u16(p, at);
		at += 2;
		if (p->len - at < len || !unit(p, at, len, 0, seen))
			return false;
		at += len;
	}
	return seen->any;
}

/* Section 4.4.3: DONL is in the first fragment only. */
static bool fragment(const struct octets *p, bool don, struct seen *seen)
{
	size_t data = HEAD + 1;
	unsigned type;

	if (p->len < data)
		return false;
	type = octet(p, HEAD) & FU_TYPE;
	note(type, seen);
	if (!(octet(p, HEAD) & FU_START))
		return true;
	data += don ? DONL : 0;
	if (p->len < data)
		return false;
	seen->start = opener(type) || (type < VCL_END && p->len > data && octet(p, data) & FIRST_SLICE);
	return true;
}

static bool look(const struct octets *p, bool don, struct seen *seen)
{
	if (p->len < HEAD || octet(p, 0) & F || !(octet(p, 1) & 0x07))
		return false;
	seen->layer = (uint8_t)((octet(p, 0) & 1) << 5 | octet(p, 1) >> 3);
	seen->tid = (uint8_t)((octet(p, 1) & 0x07) - 1);
	switch (type_at(p, 0)) {
	case AP:
		return aggregate(p, don, seen);
	case FU:
		return fragment(p, don, seen);
	default:
		return unit(p, 0, p->len, don ? DONL : 0, seen);
	}
}

static enum class class_of(const struct seen *seen, const struct highest *highest)
{
	if (seen->key)
		return CLASS_KEY;
	if (!seen->slice)
		return CLASS_UNKNOWN;
	if (!seen->referenced && highest && seen->tid == highest->tid)
		return CLASS_DISCARDABLE;
	return seen->tid || seen->layer ? CLASS_ENHANCEMENT : CLASS_BASE;
}

void h265_recognise(const struct octets *payload, bool marker, bool don, struct highest *highest, struct said *said)
{
	struct seen seen = { 0 };

	if (!look(payload, don, &seen)) {
		said_implausible(said, marker);
		return;
	}
	if (highest)
		highest_raise(highest, seen.tid, seen.layer);
	*said = (struct said){ .start = seen.start, .end = marker, .class = class_of(&seen, highest) };
}
