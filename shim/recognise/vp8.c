/* SPDX-License-Identifier: BSD-3-Clause */
#include "recognise.h"

/* The payload descriptor, RFC 7741 section 4.2. */
enum {
	X = 0x80, N = 0x20, S = 0x10, PID = 0x07,
	I = 0x80, L = 0x40, T = 0x20, K = 0x10, LONG_PICTURE_ID = 0x80, TID = 0xC0,
	INTER_FRAME = 0x01, /* P of the payload header, section 4.3: 0 is a key frame */
	RESERVED = 0x48, RESERVED_EXTENSION = 0x0F,
	START_CODE = 0x9D012A, START_CODE_AT = 3 /* of key frames: RFC 6386, section 9.1 */
};

struct descriptor {
	size_t len;
	bool layered; /* above temporal layer 0 */
};

static bool descriptor_read(const struct octets *payload, struct descriptor *d)
{
	uint8_t flags;

	*d = (struct descriptor){ .len = 1 };
	if (!(octet(payload, 0) & X))
		return true;
	if (payload->len < 2)
		return false;
	flags = octet(payload, 1);
	d->len = 2;
	if (flags & I) {
		if (payload->len <= d->len)
			return false;
		d->len += octet(payload, d->len) & LONG_PICTURE_ID ? 2 : 1;
	}
	if (flags & L)
		d->len++;
	if (flags & (T | K)) {
		if (payload->len <= d->len)
			return false;
		d->layered = flags & T && octet(payload, d->len) & TID;
		d->len++;
	}
	return payload->len >= d->len;
}

static enum class class_of(const struct octets *payload, const struct descriptor *d, bool start)
{
	if (start && !(octet(payload, d->len) & INTER_FRAME))
		return CLASS_KEY;
	if (octet(payload, 0) & N)
		return CLASS_DISCARDABLE;
	return d->layered ? CLASS_ENHANCEMENT : CLASS_BASE;
}

void vp8_recognise(const struct octets *payload, bool marker, struct said *said)
{
	struct descriptor d;
	bool start;

	if (!payload->len || !descriptor_read(payload, &d)) {
		said_implausible(said, marker);
		return;
	}
	start = (octet(payload, 0) & (S | PID)) == S;
	if (start && payload->len == d.len) {
		said_implausible(said, marker);
		return;
	}
	*said = (struct said){ .start = start, .end = marker, .class = class_of(payload, &d, start) };
}

bool vp8_doubtful(const struct octets *payload)
{
	uint8_t first = payload->len ? octet(payload, 0) : RESERVED;
	struct descriptor d;

	if (first & RESERVED || !descriptor_read(payload, &d) || (first & X && octet(payload, 1) & RESERVED_EXTENSION))
		return true;
	if ((first & (S | PID)) != S || payload->len < d.len + START_CODE_AT + 3 || octet(payload, d.len) & INTER_FRAME)
		return false;
	return ((uint32_t)octet_u16(payload, d.len + START_CODE_AT) << 8 | octet(payload, d.len + START_CODE_AT + 2)) !=
		START_CODE;
}
