/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cmac.h - AES-128-CMAC (RFC 4493) piece by piece, on the CPU's instructions or on a lent cipher. */
#ifndef MD_WIRE_CMAC_H
#define MD_WIRE_CMAC_H

#include <mdshim/wire.h>

#include "aes.h"

/* One message under way. */
struct cmac {
	MD_ALIGNED(16) uint8_t scratch[MD_AES_SCRATCH]; /* the lent cipher's; not touched otherwise */
	uint8_t state[16];
	uint8_t rest[16];    /* held back: the last block is masked with a subkey; zeros behind have */
	size_t have;
	const struct md_traffic_key *key;
	const struct md_lend *lend;
};

/* Fills the parts of out that CMAC uses: schedule, subkeys, expanded. cpu: use the CPU's instructions, which must be
 * there; otherwise lend. Errors: MD_E_LEND. */
int cmac_key(struct md_traffic_key *out, const uint8_t key[16], const struct md_lend *lend, bool cpu);

/* lend is needed for a key that was not expanded. Errors: MD_E_LEND. */
int cmac_begin(struct cmac *c, const struct md_traffic_key *key, const struct md_lend *lend);
void cmac_add(struct cmac *c, const void *octets, size_t len);
void cmac_end(struct cmac *c, uint8_t mac[16]);

/* One message of cmac_lanes(): front, then the first covered octets of the pieces, which hold as many, then tail. */
struct cmac_input {
	const struct md_traffic_key *key; /* expanded */
	const uint8_t *front;
	size_t front_len;                 /* at most CMAC_FRONT */
	const struct iovec *piece;
	size_t covered;                   /* this and tail_len: at most 65535 */
	const uint8_t *tail;
	size_t tail_len;
};

/* All of up to CMAC_LANES messages at once, of any lengths and keys: the cheap way for a batch. About 2 KB of stack. */
enum { CMAC_LANES = 8, CMAC_FRONT = 64 };
void cmac_lanes(const struct cmac_input *in, size_t n, uint8_t mac[][16]);

/* What CMAC masks the last block of a message with that does not have to be padded: K1, from the key's K2. */
void cmac_subkey_whole(uint8_t out[16], const struct md_traffic_key *key);

/* Makes the last block of a message what CMAC wants: K1 for a whole one, K2 for one that was padded. */
void cmac_mask_last(uint8_t block[16], const struct md_traffic_key *key, bool whole);

/* The first 96 bits of all of it by an expanded key, for len octets at flat, at least one, behind which there are zeros up to
 * CMAC_ROOM(len), which may be changed. The cheap way where the caller has put the message together anyhow. */
#define CMAC_ROOM(len) ((len) + 16)
static inline void cmac_flat(const struct md_traffic_key *key, uint8_t *flat, size_t len, uint8_t mac[MD_MAC_LEN])
{
	const uint8_t *mask = key->subkey;
	uint8_t first[16];

	if (len % 16) {
		flat[len] = 0x80;
	} else {
		cmac_subkey_whole(first, key);
		mask = first;
	}
	aes_mac(key->u.schedule, mask, flat, (len + 15) / 16, mac);
}

/* All of it, with a key of its own. As md_cmac(), but the caller chooses. */
int cmac_pieces(const uint8_t key[16], const struct iovec *piece, size_t n, const struct md_lend *lend, bool cpu,
	uint8_t mac[16]);

#endif
