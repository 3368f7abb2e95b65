/* SPDX-License-Identifier: BSD-3-Clause
 *
 * octets.h - the octets of one datagram as they lie in the caller's pieces.
 *
 * Real senders gather a datagram from two to eight pieces, and the first may be just the RTP header; nothing is copied
 * to look at it. */
#ifndef MD_OCTETS_H
#define MD_OCTETS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* A run of len octets. The first flat_len of them are contiguous at flat; the rest is found by walking the pieces. */
struct octets {
	const uint8_t *flat;
	size_t flat_len, len;
	const struct iovec *piece; /* the piece that flat points into, and those behind it */
	size_t pieces;
};

/* All octets of n pieces. Pieces of length 0 may have any pointer. */
struct octets octets_of(const struct iovec *piece, size_t n);

/* The octets from offset at on; none if at lies behind the end. */
struct octets octets_from(const struct octets *o, size_t at);

/* The first len octets, or all if there are fewer. */
struct octets octets_first(const struct octets *o, size_t len);

/* The octet at i, which must be below o->len, where it is not in the first run. */
uint8_t octet_far(const struct octets *o, size_t i);

/* The octet at i, which must be below o->len. */
static inline uint8_t octet(const struct octets *o, size_t i)
{
	return i < o->flat_len ? o->flat[i] : octet_far(o, i);
}

static inline uint16_t octet_u16(const struct octets *o, size_t i)
{
	return (uint16_t)(octet(o, i) << 8 | octet(o, i + 1));
}

static inline uint32_t octet_u32(const struct octets *o, size_t i)
{
	return (uint32_t)octet_u16(o, i) << 16 | octet_u16(o, i + 2);
}

#endif
