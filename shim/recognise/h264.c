/* SPDX-License-Identifier: BSD-3-Clause */
#include "recognise.h"

/* NAL unit types: ITU-T H.264 table 7-1; 24 and above RFC 6184 section 5.2. */
enum {
	SLICE = 1, PARTITION_A, PARTITION_B, PARTITION_C, IDR_SLICE, SEI, SPS, PPS, AUD,
	SPS_EXTENSION = 13, PREFIX, SUBSET_SPS, SCALABLE_SLICE = 20,
	STAP_A = 24, STAP_B, FU_A = 28, FU_B
};

#define BIT(type) (1u << (type))
#define OPENERS (BIT(SEI) | BIT(SPS) | BIT(PPS) | BIT(AUD))
#define WITH_FIRST_MB (BIT(SLICE) | BIT(PARTITION_A) | BIT(IDR_SLICE))
#define SLICES (WITH_FIRST_MB | BIT(PARTITION_B) | BIT(PARTITION_C) | BIT(SCALABLE_SLICE))
#define KEYS (BIT(IDR_SLICE) | BIT(SPS) | BIT(PPS) | BIT(SPS_EXTENSION) | BIT(SUBSET_SPS))
#define SCALABLE (BIT(PREFIX) | BIT(SCALABLE_SLICE))

enum {
	F = 0x80, NRI = 0x60, TYPE = 0x1F,
	FU_START = 0x80,
	FIRST_MB_0 = 0x80,                                        /* ue(v) 0 is the single bit 1 */
	DEPENDENCY_ID = 0x70, TEMPORAL_ID = 0xE0, DISCARDABLE = 0x08 /* RFC 6190, section 1.1.3 */
};

/* What is seen in a packet, as one word of bits: a bit for each NAL unit type below 24, and above them: */
enum {
	START = 1 << 24,       /* the picture begins */
	REFERENCED = 1 << 25,  /* a slice that others refer to */
	LAYERED = 1 << 26,
	DROPPABLE = 1 << 27,   /* said by an extension */
	BROKEN = 1 << 28,
	USUAL = 1 << 29,       /* something is seen */
	TYPES = (1 << 24) - 1
};

static uint32_t scalable(const struct octets *p, size_t at)
{
	uint8_t dependency = octet(p, at + 2) & DEPENDENCY_ID, third = octet(p, at + 3);

	return (dependency || third & TEMPORAL_ID ? LAYERED : 0u) | (third & DISCARDABLE ? DROPPABLE : 0u);
}

/* A whole NAL unit at `at`: a packet of its own or an entry of an aggregate. */
static uint32_t unit(const struct octets *p, size_t at, size_t len)
{
	uint8_t head = octet(p, at);
	uint32_t type = BIT(head & TYPE), seen = type & TYPES;

	if (head & F)
		return BROKEN;
	if (type & SLICES && head & NRI)
		seen |= REFERENCED;
	if (type & WITH_FIRST_MB) {
		if (len < 2)
			return BROKEN;
		seen |= octet(p, at + 1) & FIRST_MB_0 ? START : 0;
	}
	if (type & SCALABLE)
		seen |= len < 4 ? BROKEN : scalable(p, at);
	return seen;
}

/* Section 5.7.1. Fewer than three octets behind the last entry are padding of some senders. */
static uint32_t aggregate(const struct octets *p, size_t at)
{
	uint32_t seen = 0;
	bool first = true;

	for (; p->len >= at + 3; first = false) {
		size_t len = octet_u16(p, at);
		uint32_t entry;

		at += 2;
		if (!len || p->len - at < len)
			return BROKEN;
		entry = unit(p, at, len);
		seen |= entry | (first && entry & OPENERS ? START : 0);
		at += len;
	}
	return first ? BROKEN : seen;
}

/* Section 5.8. A fragment may be empty. Its extension of RFC 6190 is not read: only the first fragment has it. */
static inline uint32_t of_fragment(uint8_t indicator, uint8_t head)
{
	return (BIT(head & TYPE) & TYPES) | (indicator & NRI ? REFERENCED : 0);
}

static uint32_t fragment(const struct octets *p, size_t don)
{
	uint32_t type, seen;
	uint8_t head;

	if (p->len < 2 + don)
		return BROKEN;
	head = octet(p, 1);
	type = BIT(head & TYPE);
	seen = of_fragment(octet(p, 0), head);
	if (!(head & FU_START))
		return seen;
	if (type & OPENERS)
		return seen | START;
	if (type & WITH_FIRST_MB && p->len > 2 + don && octet(p, 2 + don) & FIRST_MB_0)
		return seen | START;
	return seen;
}

static uint32_t look(const struct octets *p)
{
	uint32_t seen;
	uint8_t head;

	if (!p->len)
		return BROKEN;
	head = octet(p, 0);
	if (head & F)
		return BROKEN;
	switch (head & TYPE) {
	case FU_A:
	case FU_B:
		return fragment(p, (head & TYPE) == FU_B ? 2 : 0);
	case STAP_A:
		return aggregate(p, 1);
	case STAP_B:
		return aggregate(p, 3);
	default:
		seen = unit(p, 0, p->len);
		return seen | (seen & OPENERS ? START : 0);
	}
}

static inline enum class class_of(uint32_t seen)
{
	if (seen & SLICES && !(seen & (KEYS | LAYERED | DROPPABLE)))
		return seen & REFERENCED ? CLASS_BASE : CLASS_DISCARDABLE;
	if (seen & KEYS)
		return CLASS_KEY;
	if (seen & DROPPABLE || (seen & SLICES && !(seen & REFERENCED)))
		return CLASS_DISCARDABLE;
	if (seen & LAYERED)
		return CLASS_ENHANCEMENT;
	return seen & BIT(PREFIX) ? CLASS_BASE : CLASS_UNKNOWN;
}

static __attribute__((noinline)) void any_recognise(const struct octets *payload, bool marker, struct said *said)
{
	uint32_t seen = look(payload);

	if (seen & BROKEN)
		said_implausible(said, marker);
	else
		*said = (struct said){ .start = seen & START, .end = marker, .class = class_of(seen) };
}

/* Nearly all packets of a film: a fragment that is not the first, or a slice. 0: another one. */
static inline uint32_t usual(const uint8_t p[static 2])
{
	uint32_t type = BIT(p[0] & TYPE);

	if (p[0] & F)
		return 0;
	if (type & WITH_FIRST_MB)
		return type | (p[0] & NRI ? REFERENCED : 0) | (p[1] & FIRST_MB_0 ? START : 0);
	return type == BIT(FU_A) && !(p[1] & FU_START) ? of_fragment(p[0], p[1]) | USUAL : 0;
}

void h264_recognise(const struct octets *payload, bool marker, struct said *said)
{
	uint32_t seen = payload->flat_len >= 2 ? usual(payload->flat) : 0;

	if (seen)
		*said = (struct said){ .start = seen & START, .end = marker, .class = class_of(seen) };
	else
		any_recognise(payload, marker, said);
}
