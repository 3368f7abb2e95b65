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
	REFERENCED = NRI << 20, /* a slice that others refer to: one of two bits */
	LAYERED = 1 << 27,
	DROPPABLE = 1 << 28,   /* said by an extension */
	BROKEN = 1 << 29,
	TYPES = (1 << 24) - 1
};

static inline uint32_t referenced(uint8_t head)
{
	return (uint32_t)(head & NRI) * (REFERENCED / NRI);
}

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
	if (type & SLICES)
		seen |= referenced(head);
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
	return (BIT(head & TYPE) & TYPES) | referenced(indicator);
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

static inline struct said verdict(uint32_t seen, bool marker)
{
	return (struct said){ .start = seen & START, .end = marker, .class = class_of(seen) };
}

static __attribute__((noinline)) struct said any_recognise(const struct octets *payload, bool marker)
{
	uint32_t seen = look(payload);

	return seen & BROKEN ? said_implausible(marker) : verdict(seen, marker);
}

/* Nearly all packets of a film: a fragment that is not the first, or a slice. */
struct said h264_recognise(const struct octets *payload, bool marker)
{
	const uint8_t *p = payload->flat;
	uint32_t type;

	if (payload->flat_len < 2)
		return any_recognise(payload, marker);
	if ((p[0] & (F | TYPE)) == FU_A && !(p[1] & FU_START))
		return verdict(of_fragment(p[0], p[1]), marker);
	type = BIT(p[0] & TYPE);
	if (p[0] & F || !(type & WITH_FIRST_MB))
		return any_recognise(payload, marker);
	return verdict(type | referenced(p[0]) | (p[1] & FIRST_MB_0 ? START : 0), marker);
}
