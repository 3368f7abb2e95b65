/* SPDX-License-Identifier: BSD-3-Clause
 *
 * out.h - counting writer: goes on counting where it no longer writes, so that the end is checked once. */
#ifndef MD_WIRE_OUT_H
#define MD_WIRE_OUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <mdshim/wire.h>

struct out {
	uint8_t *dst;
	size_t room, need;
};

static inline void put(struct out *o, const void *src, size_t n)
{
	if (o->need <= o->room && n <= o->room - o->need && n)
		memcpy(o->dst + o->need, src, n);
	o->need += n;
}

static inline void put_zero(struct out *o, size_t n)
{
	if (o->need <= o->room && n <= o->room - o->need && n)
		memset(o->dst + o->need, 0, n);
	o->need += n;
}

static inline void put_u8(struct out *o, unsigned v)
{
	uint8_t b = (uint8_t)v;

	put(o, &b, 1);
}

static inline void put_u16(struct out *o, unsigned v)
{
	uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	put(o, b, sizeof b);
}

static inline void put_u32(struct out *o, uint32_t v)
{
	uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	put(o, b, sizeof b);
}

/* What a function that writes returns: octets written, or MD_E_ROOM. */
static inline ptrdiff_t out_done(const struct out *o)
{
	return o->need <= o->room ? (ptrdiff_t)o->need : MD_E_ROOM;
}

#endif
