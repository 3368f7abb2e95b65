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

/* What the NAL units of a packet are. */
struct seen {
	uint32_t types; /* a bit for each */
	bool start, referenced, layered, discardable;
};

static void scalable(const struct octets *p, size_t at, struct seen *seen)
{
	uint8_t dependency = octet(p, at + 2) & DEPENDENCY_ID, third = octet(p, at + 3);

	seen->layered |= dependency || third & TEMPORAL_ID;
	seen->discardable |= (third & DISCARDABLE) != 0;
}

/* A whole NAL unit at `at`: a packet of its own or an entry of an aggregate. */
static bool unit(const struct octets *p, size_t at, size_t len, struct seen *seen)
{
	uint8_t head = octet(p, at);
	uint32_t type = BIT(head & TYPE);

	if (head & F)
		return false;
	if (!seen->types && type & OPENERS)
		seen->start = true;
	seen->types |= type;
	if (type & SLICES && head & NRI)
		seen->referenced = true;
	if (type & WITH_FIRST_MB) {
		if (len < 2)
			return false;
		seen->start |= (octet(p, at + 1) & FIRST_MB_0) != 0;
	}
	if (type & SCALABLE) {
		if (len < 4)
			return false;
		scalable(p, at, seen);
	}
	return true;
}

/* Section 5.7.1. Fewer than three octets behind the last entry are padding of some senders. */
static bool aggregate(const struct octets *p, size_t at, struct seen *seen)
{
	while (p->len >= at + 3) {
		size_t len = octet_u16(p, at);

		at += 2;
		if (!len || p->len - at < len || !unit(p, at, len, seen))
			return false;
		at += len;
	}
	return seen->types;
}

/* Section 5.8. A fragment may be empty. Its extension of RFC 6190 is not read: only the first fragment has it. */
static bool fragment(const struct octets *p, size_t don, struct seen *seen)
{
	uint32_t type;
	uint8_t head;

	if (p->len < 2 + don)
		return false;
	head = octet(p, 1);
	type = BIT(head & TYPE);
	seen->types = type;
	seen->referenced = octet(p, 0) & NRI;
	if (!(head & FU_START))
		return true;
	seen->start = type & OPENERS ||
		(type & WITH_FIRST_MB && p->len > 2 + don && octet(p, 2 + don) & FIRST_MB_0);
	return true;
}

static bool look(const struct octets *p, struct seen *seen)
{
	if (!p->len || octet(p, 0) & F)
		return false;
	switch (octet(p, 0) & TYPE) {
	case STAP_A:
		return aggregate(p, 1, seen);
	case STAP_B:
		return aggregate(p, 3, seen);
	case FU_A:
		return fragment(p, 0, seen);
	case FU_B:
		return fragment(p, 2, seen);
	default:
		return unit(p, 0, p->len, seen);
	}
}

static enum class class_of(const struct seen *seen)
{
	bool slices = seen->types & SLICES;

	if (seen->types & KEYS)
		return CLASS_KEY;
	if ((slices && !seen->referenced) || seen->discardable)
		return CLASS_DISCARDABLE;
	if (seen->layered)
		return CLASS_ENHANCEMENT;
	return slices || seen->types & BIT(PREFIX) ? CLASS_BASE : CLASS_UNKNOWN;
}

void h264_recognise(const struct octets *payload, bool marker, struct said *said)
{
	struct seen seen = { 0 };

	if (!look(payload, &seen)) {
		said_implausible(said, marker);
		return;
	}
	*said = (struct said){ .start = seen.start, .end = marker, .class = class_of(&seen) };
}
