/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cmaclanes.c - AES-128-CMAC (RFC 4493) of several messages at once, each in a lane of its own.
 *
 * A lane advances by runs of whole blocks: long pieces are read where they lie, everything else is gathered in the lane
 * first. All lanes go on together by as many blocks as the shortest of their runs has. */
#include <string.h>

#include "aes.h"
#include "cmac.h"

enum {
	GATHERED = 144,      /* octets of a gathered run: all of a message whose key covers 64 octets of user data */
	LONG = 64            /* a piece from this length on is read in place */
};

_Static_assert((int)AES_LANES == (int)CMAC_LANES, "one lane for each message");
_Static_assert(GATHERED % 16 == 0 && (int)GATHERED >= (int)CMAC_FRONT, "whole blocks, and room for the front");

struct lane {
	struct aes_lane aes;
	const struct cmac_input *in;
	const struct iovec *piece;
	uint32_t at;                 /* octets of the piece that are done */
	uint32_t covered, tail;      /* octets that are left */
	uint32_t blocks;             /* of the run that are left */
	bool last;                   /* no run comes behind this one */
	MD_ALIGNED(16) uint8_t run[GATHERED];
};

struct span {
	const uint8_t *at;
	size_t len;
};

/* What comes next and lies together. Nothing if all is done. */
static inline struct span ahead(struct lane *l)
{
	size_t len;

	if (!l->covered)
		return (struct span){ l->in->tail + (l->in->tail_len - l->tail), l->tail };
	while (l->at == l->piece->iov_len) {
		l->piece++;
		l->at = 0;
	}
	len = l->piece->iov_len - l->at;
	return (struct span){ (const uint8_t *)l->piece->iov_base + l->at, len < l->covered ? len : l->covered };
}

static inline void advance(struct lane *l, size_t len)
{
	if (!l->covered) {
		l->tail -= (uint32_t)len;
		return;
	}
	l->at += (uint32_t)len;
	l->covered -= (uint32_t)len;
}

/* The last block is never read in place: it gets a mask. */
static inline void run_in_place(struct lane *l, const struct span *span)
{
	bool end = span->len == l->covered + l->tail;

	l->aes.block = span->at;
	l->blocks = (uint32_t)(end ? span->len - 1 : span->len) / 16;
	advance(l, (size_t)16 * l->blocks);
}

static inline void end_message(struct lane *l, size_t have)
{
	bool whole = have && have % 16 == 0;

	l->blocks = (uint32_t)(whole ? have / 16 : have / 16 + 1);
	if (!whole) {
		memset(l->run + have, 0, 16 - have % 16);
		l->run[have] = 0x80;
	}
	cmac_mask_last(l->run + 16 * (l->blocks - 1), l->in->key, whole);
	l->last = true;
}

/* Gathers the next run behind the octets that the lane has, or finds it where it lies. */
static void next_run(struct lane *l, size_t have)
{
	l->aes.block = l->run;
	while (have < GATHERED && l->covered + l->tail) {
		struct span span = ahead(l);
		size_t n = span.len < GATHERED - have ? span.len : GATHERED - have;

		if (span.len >= LONG) {
			n = (0 - have) & 15;
			if (!have) {
				run_in_place(l, &span);
				return;
			}
			if (!n)
				break;
		}
		memcpy(l->run + have, span.at, n);
		have += n;
		advance(l, n);
	}
	if (l->covered + l->tail)
		l->blocks = (uint32_t)have / 16;
	else
		end_message(l, have);
}

static void begin(struct lane *l, const struct cmac_input *in)
{
	l->aes.schedule = in->key->u.schedule;
	memset(l->aes.state, 0, sizeof l->aes.state);
	l->in = in;
	l->piece = in->piece;
	l->at = 0;
	l->covered = (uint32_t)in->covered;
	l->tail = (uint32_t)in->tail_len;
	l->last = false;
	if (in->front_len)
		memcpy(l->run, in->front, in->front_len);
	next_run(l, in->front_len);
}

__attribute__((noinline)) void cmac_lanes(const struct cmac_input *in, size_t n, uint8_t mac[][16])
{
	struct aes_lane *under_way[CMAC_LANES]; /* each the beginning of a lane */
	struct lane lane[CMAC_LANES];

	for (size_t i = 0; i < n; i++) {
		begin(&lane[i], &in[i]);
		under_way[i] = &lane[i].aes;
	}
	for (size_t lanes = n; lanes;) {
		uint32_t blocks = UINT32_MAX;

		for (size_t i = 0; i < lanes; i++) {
			const struct lane *l = (const void *)under_way[i];

			blocks = l->blocks < blocks ? l->blocks : blocks;
		}
		aes_chain_lanes(under_way, lanes, blocks);
		for (size_t i = 0; i < lanes;) {
			struct lane *l = (void *)under_way[i];

			l->blocks -= blocks;
			if (!l->blocks && l->last) {
				memcpy(mac[l - lane], l->aes.state, 16);
				under_way[i] = under_way[--lanes];
				continue;
			}
			if (!l->blocks)
				next_run(l, 0);
			i++;
		}
	}
}
