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

/* The longest descriptor, and the first octet of the payload header behind it. */
enum { DESCRIPTOR = 6, HEAD = DESCRIPTOR + 1 };

/* Octets of the descriptor as it announces itself; above 0 only what lies within its HEAD octets is looked at. */
static inline size_t descriptor_read(const uint8_t p[static HEAD], bool *layered)
{
	size_t at = 2;

	*layered = false;
	if (!(p[0] & X))
		return 1;
	if (p[1] & I)
		at += p[2] & LONG_PICTURE_ID ? 2 : 1;
	if (p[1] & L)
		at++;
	if (p[1] & (T | K)) {
		*layered = p[1] & T && p[at] & TID;
		at++;
	}
	return at;
}

static inline enum class class_of(const uint8_t p[static HEAD], size_t descriptor, bool layered, bool start)
{
	if (start && !(p[descriptor] & INTER_FRAME))
		return CLASS_KEY;
	if (p[0] & N)
		return CLASS_DISCARDABLE;
	return layered ? CLASS_ENHANCEMENT : CLASS_BASE;
}

/* p: the first octets in a row, zeros where the payload of len octets is shorter. */
static inline struct said read_payload(const uint8_t p[static HEAD], size_t len, bool marker)
{
	bool layered, start = (p[0] & (S | PID)) == S;
	size_t descriptor = descriptor_read(p, &layered);

	if (len < descriptor + start)
		return said_implausible(marker);
	return (struct said){ .start = start, .end = marker, .class = class_of(p, descriptor, layered, start) };
}

/* Octets that lie in several pieces, or are fewer than a descriptor may have. */
static void gather(const struct octets *payload, uint8_t head[static HEAD])
{
	for (size_t i = 0; i < HEAD; i++)
		head[i] = i < payload->len ? octet(payload, i) : 0;
}

static __attribute__((noinline)) struct said cut_payload(const struct octets *payload, bool marker)
{
	uint8_t head[HEAD];

	gather(payload, head);
	return read_payload(head, payload->len, marker);
}

struct said vp8_recognise(const struct octets *payload, bool marker)
{
	if (payload->flat_len >= HEAD)
		return read_payload(payload->flat, payload->len, marker);
	return cut_payload(payload, marker);
}

bool vp8_doubtful(const struct octets *payload)
{
	uint8_t head[HEAD];
	bool layered;
	size_t descriptor, code;

	gather(payload, head);
	descriptor = descriptor_read(head, &layered);
	if (payload->len < descriptor || head[0] & RESERVED || (head[0] & X && head[1] & RESERVED_EXTENSION))
		return true;
	code = descriptor + START_CODE_AT;
	if ((head[0] & (S | PID)) != S || payload->len < code + 3 || head[descriptor] & INTER_FRAME)
		return false;
	return ((uint32_t)octet_u16(payload, code) << 8 | octet(payload, code + 2)) != START_CODE;
}
