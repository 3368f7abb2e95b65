/* SPDX-License-Identifier: BSD-3-Clause
 *
 * hmac.h - HMAC-SHA1 (RFC 2104) piece by piece, over a lent SHA-1. */
#ifndef MD_WIRE_HMAC_H
#define MD_WIRE_HMAC_H

#include <mdshim/wire.h>

/* One message under way. */
struct hmac {
	MD_ALIGNED(16) uint8_t scratch[MD_SHA1_SCRATCH];
	uint8_t pad[64];     /* the key as the outer hash takes it */
	const struct md_lend *lend;
};

/* Errors: MD_E_LEND. */
int hmac_begin(struct hmac *h, const uint8_t *key, size_t len, const struct md_lend *lend);
void hmac_add(struct hmac *h, const void *octets, size_t len);
void hmac_end(struct hmac *h, uint8_t mac[20]);

#endif
