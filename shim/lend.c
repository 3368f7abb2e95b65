/* SPDX-License-Identifier: BSD-3-Clause */
#include "lend.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

/* OpenSSL's low-level functions: they take their state from the caller and use no heap and no lock, unlike EVP. */
static struct {
	int (*sha1_init)(void *state);
	int (*sha1_update)(void *state, const void *octets, size_t len);
	int (*sha1_final)(unsigned char *digest, void *state);
	int (*aes_key)(const unsigned char *key, int bits, void *schedule);
	void (*aes_block)(const unsigned char *in, unsigned char *out, const void *schedule);
	int (*init)(uint64_t options, const void *settings);
} crypto;

enum { NO_ATEXIT = 0x00080000 }; /* OPENSSL_INIT_NO_ATEXIT: nothing of ours runs when the host exits */

static void aes_key(void *scratch, const uint8_t key[16])
{
	crypto.aes_key(key, 128, scratch);
}

static void aes_block(const void *scratch, const uint8_t in[16], uint8_t out[16])
{
	crypto.aes_block(in, out, scratch);
}

static void sha1_begin(void *scratch)
{
	crypto.sha1_init(scratch);
}

static void sha1_add(void *scratch, const void *octets, size_t len)
{
	crypto.sha1_update(scratch, octets, len);
}

static void sha1_end(void *scratch, uint8_t digest[20])
{
	crypto.sha1_final(digest, scratch);
}

static const struct md_lend lent = { aes_key, aes_block, sha1_begin, sha1_add, sha1_end };

static bool find(void *library, const char *name, void *pointer)
{
	void *symbol = dlsym(library, name);

	if (symbol)
		memcpy(pointer, &symbol, sizeof(symbol));
	return symbol != NULL;
}

/* Deep binding keeps the library's own calls inside it whatever the host brought; a sanitizer's runtime ends the process
 * at it. */
static int binding(void)
{
	if (dlsym(RTLD_DEFAULT, "__asan_init") || dlsym(RTLD_DEFAULT, "__tsan_init") ||
		dlsym(RTLD_DEFAULT, "__ubsan_handle_add_overflow"))
		return RTLD_NOW | RTLD_LOCAL;
	return RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND;
}

int lend_open(enum md_algorithm algorithm, const struct md_lend **lend)
{
	void *library;

	*lend = NULL;
	if (algorithm == MD_AES_128_CMAC_96 && md_cpu_has_aes())
		return 0;
	library = dlopen("libcrypto.so.3", binding());
	if (!library)
		return -ENOENT;
	if (!find(library, "OPENSSL_init_crypto", &crypto.init) || !find(library, "SHA1_Init", &crypto.sha1_init) ||
		!find(library, "SHA1_Update", &crypto.sha1_update) || !find(library, "SHA1_Final", &crypto.sha1_final) ||
		!find(library, "AES_set_encrypt_key", &crypto.aes_key) ||
		!find(library, "AES_encrypt", &crypto.aes_block) || crypto.init(NO_ATEXIT, NULL) != 1)
		return -ENOENT;
	*lend = &lent;
	return 0;
}
