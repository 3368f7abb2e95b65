/* SPDX-License-Identifier: BSD-3-Clause
 *
 * auth.h - what the AUTH rooms share with their tests: the choice between CPU and lent cipher; and
 * what they share among themselves. */
#ifndef MD_WIRE_AUTH_H
#define MD_WIRE_AUTH_H

#include <mdshim/wire.h>

/* As md_auth_kdf() and md_traffic_key_make(), but the caller says whether to use the CPU's AES. */
ptrdiff_t auth_kdf(uint8_t out[20], const struct md_key *key, const uint8_t *context, size_t len,
	const struct md_lend *lend, bool cpu);
int auth_traffic_key(struct md_traffic_key *out, const struct md_key *key, const struct md_tuple *tuple,
	const struct md_lend *lend, bool cpu);

/* Whether md_auth_mac() can do anything with these lengths and places. */
bool auth_fits(const struct md_tuple *tuple, size_t user_len, size_t surplus_len, size_t ocs_at, size_t mac_at);

/* md_auth_mac() of an area of surplus_len octets, for those that go alone among many: smaller, not faster. */
int auth_mac(const struct md_area *a, const uint8_t *surplus, size_t surplus_len, size_t mac_at, const struct md_lend *lend,
	uint8_t mac[MD_MAC_LEN]);

/* Puts the MAC into each of 1..MD_AREA_BATCH areas that have a mac_at and no error: laid out by area.c, so that the fields
 * of OCS and MAC are zero and the rest is as it will be sent. An error takes the place of the length. */
void auth_sign(struct md_area_job *const job[], size_t n, const struct md_lend *lend);

#endif
