/* SPDX-License-Identifier: BSD-3-Clause */
/* libcrypto's block functions are deprecated in favour of EVP, which allocates per key and costs ten times as much per
 * packet; libmdwire builds CMAC and HMAC from the bare primitives. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "lend.h"

#include <openssl/aes.h>
#include <openssl/sha.h>

_Static_assert(sizeof(AES_KEY) <= MD_AES_SCRATCH, "AES_KEY fits the scratch area");
_Static_assert(sizeof(SHA_CTX) <= MD_SHA1_SCRATCH, "SHA_CTX fits the scratch area");

static void aes_key(void *scratch, const uint8_t key[16])
{
	AES_set_encrypt_key(key, 128, scratch);
}

static void aes_block(const void *scratch, const uint8_t in[16], uint8_t out[16])
{
	AES_encrypt(in, out, scratch);
}

static void sha1_begin(void *scratch)
{
	SHA1_Init(scratch);
}

static void sha1_add(void *scratch, const void *octets, size_t len)
{
	SHA1_Update(scratch, octets, len);
}

static void sha1_end(void *scratch, uint8_t digest[20])
{
	SHA1_Final(digest, scratch);
}

const struct md_lend lend_libcrypto = { aes_key, aes_block, sha1_begin, sha1_add, sha1_end };
