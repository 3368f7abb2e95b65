/* SPDX-License-Identifier: BSD-3-Clause
 *
 * in.h - bounded reader: past its end it gives zeros and stays where it is, and says so once asked. */
#ifndef MD_WIRE_IN_H
#define MD_WIRE_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct in {
	const uint8_t *at;
	size_t left;
	bool ran_out;
};

static inline struct in in_of(const uint8_t *octets, size_t len)
{
	return (struct in){ octets, len, false };
}

/* The next n octets, NULL if there are fewer. */
static inline const uint8_t *take(struct in *in, size_t n)
{
	const uint8_t *p = in->at;

	if (n > in->left) {
		in->ran_out = true;
		in->left = 0;
		return NULL;
	}
	in->at += n;
	in->left -= n;
	return p;
}

static inline uint8_t take_u8(struct in *in)
{
	const uint8_t *p = take(in, 1);

	return p ? p[0] : 0;
}

static inline uint16_t take_u16(struct in *in)
{
	const uint8_t *p = take(in, 2);

	if (!p)
		return 0;
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t take_u32(struct in *in)
{
	uint32_t high = take_u16(in);

	return high << 16 | take_u16(in);
}

static inline void take_into(struct in *in, void *dst, size_t n)
{
	const uint8_t *p = take(in, n);

	if (p)
		memcpy(dst, p, n);
	else
		memset(dst, 0, n);
}

#endif
