/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cmac.c - AES-128-CMAC (RFC 4493). */
#include "cmac.h"

#include <endian.h>
#include <string.h>

#include "wipe.h"

bool md_cpu_has_aes(void)
{
	return aes_present();
}

static bool can_lend_aes(const struct md_lend *lend)
{
	return lend && lend->aes_key && lend->aes_block;
}

static void mask(uint8_t block[16], const uint8_t with[16])
{
	uint64_t a[2], b[2];

	memcpy(a, block, 16);
	memcpy(b, with, 16);
	a[0] ^= b[0];
	a[1] ^= b[1];
	memcpy(block, a, 16);
}

static void chain(struct cmac *c, const uint8_t *block, size_t n)
{
	if (c->key->expanded) {
		aes_chain(c->key->u.schedule, c->state, block, n);
		return;
	}
	for (; n; n--, block += 16) {
		mask(c->state, block);
		c->lend->aes_block(c->scratch, c->state, c->state);
	}
}

/* Multiplication by x in GF(2^128), without a branch on the secret (RFC 4493, section 2.3). */
static void twice(uint8_t out[16], const uint8_t in[16])
{
	uint64_t high, low, carry;

	memcpy(&high, in, 8);
	memcpy(&low, in + 8, 8);
	high = be64toh(high);
	low = be64toh(low);
	carry = 0u - (high >> 63);
	high = htobe64(high << 1 | low >> 63);
	low = htobe64(low << 1 ^ (carry & 0x87));
	memcpy(out, &high, 8);
	memcpy(out + 8, &low, 8);
}

int cmac_key(struct md_traffic_key *out, const uint8_t key[16], const struct md_lend *lend, bool cpu)
{
	static const uint8_t zero[16];
	struct cmac c;

	out->expanded = cpu;
	if (cpu)
		aes_expand(out->u.schedule, key);
	else
		memcpy(out->u.schedule[0], key, 16);
	if (cmac_begin(&c, out, lend) < 0)
		return MD_E_LEND;
	chain(&c, zero, 1);
	twice(out->subkey, c.state);
	twice(out->subkey, out->subkey);
	wipe(&c, sizeof c);
	return 0;
}

int cmac_begin(struct cmac *c, const struct md_traffic_key *key, const struct md_lend *lend)
{
	c->key = key;
	c->lend = lend;
	c->have = 0;
	memset(c->state, 0, sizeof c->state);
	memset(c->rest, 0, sizeof c->rest);
	if (key->expanded)
		return 0;
	if (!can_lend_aes(lend))
		return MD_E_LEND;
	lend->aes_key(c->scratch, key->u.schedule[0]);
	return 0;
}

void cmac_add(struct cmac *c, const void *octets, size_t len)
{
	const uint8_t *p = octets;
	size_t blocks;

	if (!len)
		return;
	if (c->have) {
		size_t n = len < 16 - c->have ? len : 16 - c->have;

		memcpy(c->rest + c->have, p, n);
		c->have += n;
		p += n;
		len -= n;
		if (!len)
			return;
		chain(c, c->rest, 1);
		memset(c->rest, 0, sizeof c->rest);
	}
	blocks = (len - 1) / 16;
	if (blocks)
		chain(c, p, blocks);
	c->have = len - 16 * blocks;
	memcpy(c->rest, p + 16 * blocks, c->have);
}

/* twice() taken back: whether it took 0x87 from the product, the last bit says. */
__attribute__((noinline)) void cmac_subkey_whole(uint8_t out[16], const struct md_traffic_key *key)
{
	uint64_t high, low, carry;

	memcpy(&high, key->subkey, 8);
	memcpy(&low, key->subkey + 8, 8);
	high = be64toh(high);
	low = be64toh(low);
	carry = 0u - (low & 1);
	low ^= carry & 0x87;
	low = htobe64(low >> 1 | high << 63);
	high = htobe64(high >> 1 | carry << 63);
	memcpy(out, &high, 8);
	memcpy(out + 8, &low, 8);
}

void cmac_mask_last(uint8_t block[16], const struct md_traffic_key *key, bool whole)
{
	uint8_t first[16];

	if (!whole) {
		mask(block, key->subkey);
		return;
	}
	cmac_subkey_whole(first, key);
	mask(block, first);
}

void cmac_end(struct cmac *c, uint8_t mac[16])
{
	bool whole = c->have == 16;

	if (!whole)
		c->rest[c->have] = 0x80;
	cmac_mask_last(c->rest, c->key, whole);
	chain(c, c->rest, 1);
	memcpy(mac, c->state, 16);
	if (!c->key->expanded)
		wipe(c->scratch, sizeof c->scratch);
}

int cmac_pieces(const uint8_t key[16], const struct iovec *piece, size_t n, const struct md_lend *lend, bool cpu,
	uint8_t mac[16])
{
	struct md_traffic_key ready;
	struct cmac c;

	if (cmac_key(&ready, key, lend, cpu) < 0)
		return MD_E_LEND;
	cmac_begin(&c, &ready, lend);
	for (size_t i = 0; i < n; i++)
		cmac_add(&c, piece[i].iov_base, piece[i].iov_len);
	cmac_end(&c, mac);
	wipe(&ready, sizeof ready);
	return 0;
}

int md_cmac(const uint8_t key[16], const struct iovec *piece, size_t n, const struct md_lend *lend, uint8_t mac[16])
{
	return cmac_pieces(key, piece, n, lend, aes_present(), mac);
}
