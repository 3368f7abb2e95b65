/* SPDX-License-Identifier: BSD-3-Clause
 *
 * hmac.c - HMAC-SHA1 (RFC 2104) over a lent SHA-1. */
#include "hmac.h"

#include <string.h>

#include "wipe.h"

enum { INNER = 0x36, OUTER = 0x5c };

static void flip(uint8_t pad[64], uint8_t with)
{
	for (int i = 0; i < 64; i++)
		pad[i] ^= with;
}

int hmac_begin(struct hmac *h, const uint8_t *key, size_t len, const struct md_lend *lend)
{
	if (!lend || !lend->sha1_begin || !lend->sha1_add || !lend->sha1_end)
		return MD_E_LEND;
	h->lend = lend;
	memset(h->pad, 0, sizeof h->pad);
	if (len > sizeof h->pad) {
		lend->sha1_begin(h->scratch);
		lend->sha1_add(h->scratch, key, len);
		lend->sha1_end(h->scratch, h->pad);
	} else if (len) {
		memcpy(h->pad, key, len);
	}
	flip(h->pad, INNER);
	lend->sha1_begin(h->scratch);
	lend->sha1_add(h->scratch, h->pad, sizeof h->pad);
	flip(h->pad, INNER ^ OUTER);
	return 0;
}

void hmac_add(struct hmac *h, const void *octets, size_t len)
{
	if (len)
		h->lend->sha1_add(h->scratch, octets, len);
}

void hmac_end(struct hmac *h, uint8_t mac[20])
{
	uint8_t inner[20];

	h->lend->sha1_end(h->scratch, inner);
	h->lend->sha1_begin(h->scratch);
	h->lend->sha1_add(h->scratch, h->pad, sizeof h->pad);
	h->lend->sha1_add(h->scratch, inner, sizeof inner);
	h->lend->sha1_end(h->scratch, mac);
	wipe(h, sizeof *h);
	wipe(inner, sizeof inner);
}

int md_hmac_sha1(const uint8_t *key, size_t len, const struct iovec *piece, size_t n, const struct md_lend *lend,
	uint8_t mac[20])
{
	struct hmac h;

	if (hmac_begin(&h, key, len, lend) < 0)
		return MD_E_LEND;
	for (size_t i = 0; i < n; i++)
		hmac_add(&h, piece[i].iov_base, piece[i].iov_len);
	hmac_end(&h, mac);
	return 0;
}
