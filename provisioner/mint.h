/* SPDX-License-Identifier: BSD-3-Clause
 *
 * mint.h - makes books: how many codes each meaning gets, the codes, and the keys that ride along. */
#ifndef PROVISION_MINT_H
#define PROVISION_MINT_H

#include "config.h"

/* What has to be remembered of keys for longer than they live: when each KeyID was last in use. No secret. */
struct keyring {
	int64_t ended[256];          /* 0: never used */
	uint8_t last;                /* the KeyID given out last */
};

struct mint {
	const struct domain_config *config;
	uint32_t book;
	int64_t now, not_before, not_after;
	const uint64_t *use;         /* by meaning number, or NULL */
	const struct md_codebook *before; /* the book whose keys go on, or NULL */
};

/* How many codes each of n meanings gets out of a budget: in proportion to use, 5 at least; without use all alike. Fails
 * (false) if the budget is less than 5 for each. */
bool mint_share(const uint64_t *use, unsigned n, unsigned budget, uint16_t *codes);

/* A new, indexed book. The keyring is changed only on success. 0, -EIO without random numbers, -EINVAL for a configuration
 * that gives no book. */
int mint_book(const struct mint *mint, struct keyring *ring, struct md_codebook *out);

#endif
