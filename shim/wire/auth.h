/* SPDX-License-Identifier: BSD-3-Clause
 *
 * auth.h - what the AUTH rooms share with their tests: the choice between CPU and lent cipher. */
#ifndef MD_WIRE_AUTH_H
#define MD_WIRE_AUTH_H

#include <mdshim/wire.h>

/* As md_auth_kdf() and md_traffic_key_make(), but the caller says whether to use the CPU's AES. */
ptrdiff_t auth_kdf(uint8_t out[20], const struct md_key *key, const uint8_t *context, size_t len,
	const struct md_lend *lend, bool cpu);
int auth_traffic_key(struct md_traffic_key *out, const struct md_key *key, const struct md_tuple *tuple,
	const struct md_lend *lend, bool cpu);

#endif
