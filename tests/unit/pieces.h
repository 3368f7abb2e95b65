/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pieces.h - the same octets in other pieces: every piece is a heap block of exactly its size, so that a sanitizer sees
 * each octet read behind its end. */
#ifndef MD_TEST_PIECES_H
#define MD_TEST_PIECES_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "octets.h"

struct pieces {
	struct iovec *piece;
	size_t n;
	struct octets all;
};

static inline struct iovec piece_copy(const uint8_t *from, size_t len)
{
	uint8_t *copy = len ? malloc(len) : NULL;

	if (!copy)
		return (struct iovec){ NULL, 0 };
	memcpy(copy, from, len);
	return (struct iovec){ copy, len };
}

/* Cut every `step` octets from offset `first` on; 0 for no further cuts. */
static inline struct pieces pieces_cut(const uint8_t *data, size_t len, size_t first, size_t step)
{
	size_t room = 2 + (step ? len / step + 1 : 1), at = first < len ? first : len;
	struct pieces p = { calloc(room, sizeof(struct iovec)), 0, { 0 } };

	if (!p.piece)
		abort();
	p.piece[p.n++] = piece_copy(data, at);
	while (at < len) {
		size_t take = step && step < len - at ? step : len - at;

		p.piece[p.n++] = piece_copy(data + at, take);
		at += take;
	}
	p.all = octets_of(p.piece, p.n);
	return p;
}

static inline struct pieces pieces_whole(const uint8_t *data, size_t len)
{
	return pieces_cut(data, len, len, 0);
}

static inline void pieces_free(struct pieces *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->piece[i].iov_base);
	free(p->piece);
}

#endif
