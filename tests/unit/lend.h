/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lend.h - the primitives that libmdwire borrows, made of OpenSSL's low-level functions. */
#ifndef MD_TEST_LEND_H
#define MD_TEST_LEND_H

#include <openssl/aes.h>
#include <openssl/sha.h>

#include <mdshim/wire.h>

_Static_assert(sizeof(AES_KEY) <= MD_AES_SCRATCH, "the scratch area holds OpenSSL's key");
_Static_assert(sizeof(SHA_CTX) <= MD_SHA1_SCRATCH, "the scratch area holds OpenSSL's state");

/* OpenSSL would rather have us use EVP, which allocates. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static inline void lend_aes_key(void *scratch, const uint8_t key[16])
{
	AES_set_encrypt_key(key, 128, scratch);
}

static inline void lend_aes_block(const void *scratch, const uint8_t in[16], uint8_t out[16])
{
	AES_encrypt(in, out, scratch);
}

static inline void lend_sha1_begin(void *scratch)
{
	SHA1_Init(scratch);
}

static inline void lend_sha1_add(void *scratch, const void *octets, size_t len)
{
	SHA1_Update(scratch, octets, len);
}

static inline void lend_sha1_end(void *scratch, uint8_t digest[20])
{
	SHA1_Final(digest, scratch);
}

#pragma GCC diagnostic pop

static inline const struct md_lend *lend_openssl(void)
{
	static const struct md_lend lend = {
		lend_aes_key, lend_aes_block, lend_sha1_begin, lend_sha1_add, lend_sha1_end,
	};

	return &lend;
}

#endif
