/* SPDX-License-Identifier: BSD-3-Clause */
#include "octets.h"

/* Moves the beginning of o forward over pieces until it stands at octet `at` of them. */
static struct octets at_piece(const struct iovec *piece, size_t n, size_t at, size_t len)
{
	struct octets o = { 0 };

	while (n && at >= piece->iov_len) {
		at -= piece->iov_len;
		piece++;
		n--;
	}
	if (!n || !len)
		return o;
	o.flat = (const uint8_t *)piece->iov_base + at;
	o.flat_len = piece->iov_len - at < len ? piece->iov_len - at : len;
	o.len = len;
	o.piece = piece;
	o.pieces = n;
	return o;
}

struct octets octets_of(const struct iovec *piece, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += piece[i].iov_len;
	return at_piece(piece, n, 0, len);
}

struct octets octets_from(const struct octets *o, size_t at)
{
	struct octets rest = *o;

	if (at >= o->len)
		return (struct octets){ 0 };
	if (at < o->flat_len) {
		rest.flat += at;
		rest.flat_len -= at;
		rest.len -= at;
		return rest;
	}
	at += (size_t)(o->flat - (const uint8_t *)o->piece->iov_base);
	return at_piece(o->piece, o->pieces, at,
		o->len + (size_t)(o->flat - (const uint8_t *)o->piece->iov_base) - at);
}

struct octets octets_first(const struct octets *o, size_t len)
{
	struct octets first = *o;

	if (len < first.len)
		first.len = len;
	if (len < first.flat_len)
		first.flat_len = len;
	return first;
}

uint8_t octet_far(const struct octets *o, size_t i)
{
	struct octets rest = octets_from(o, i);

	return rest.flat_len ? rest.flat[0] : 0;
}
