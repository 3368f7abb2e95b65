/* SPDX-License-Identifier: BSD-3-Clause
 *
 * auth.c - traffic key and MAC by OpenSSL, in the words of section 5 of the wire document. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "capread.h"

struct text {
	uint8_t at[65536 + 256];
	size_t len;
};

static void put(struct text *t, const void *from, size_t n)
{
	if (t->len + n > sizeof(t->at))
		abort();
	memcpy(t->at + t->len, from, n);
	t->len += n;
}

static void put16(struct text *t, unsigned value)
{
	put(t, (uint8_t[]){ (uint8_t)(value >> 8), (uint8_t)value }, 2);
}

static void put_zero(struct text *t, size_t n)
{
	static const uint8_t zero[16];

	put(t, zero, n);
}

/* AES-CMAC with a key of 16 octets, or HMAC-SHA1; returns the length of the MAC. */
static size_t mac(bool hmac, const uint8_t *key, size_t key_len, const struct text *t, uint8_t out[EVP_MAX_MD_SIZE])
{
	char cipher[] = "AES-128-CBC", digest[] = "SHA1";
	OSSL_PARAM params[2] = { hmac ? OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0)
				      : OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
		OSSL_PARAM_construct_end() };
	EVP_MAC *algorithm = EVP_MAC_fetch(NULL, hmac ? "HMAC" : "CMAC", NULL);
	EVP_MAC_CTX *context = algorithm ? EVP_MAC_CTX_new(algorithm) : NULL;
	size_t len = 0;

	if (!context || !EVP_MAC_init(context, key, key_len, params) || !EVP_MAC_update(context, t->at, t->len) ||
			!EVP_MAC_final(context, out, &len, EVP_MAX_MD_SIZE)) {
		fprintf(stderr, "capread: OpenSSL gives no %s\n", hmac ? "HMAC" : "CMAC");
		exit(2);
	}
	EVP_MAC_CTX_free(context);
	EVP_MAC_free(algorithm);
	return len;
}

static void put_source(struct text *t, const struct ip *ip, const struct key *key)
{
	if (key->nat)
		put_zero(t, ip->addr_len);
	else
		put(t, ip->src, ip->addr_len);
}

static size_t traffic_key(const struct packet *p, const struct key *key, uint8_t out[EVP_MAX_MD_SIZE])
{
	static struct text t;
	static const uint8_t zero[16];
	const uint8_t *k = key->octet;
	size_t k_len = key->len;
	uint8_t derived[EVP_MAX_MD_SIZE];

	if (!key->hmac && key->len != 16) {
		t.len = 0;
		put(&t, key->octet, key->len);
		k_len = mac(false, zero, 16, &t, derived);
		k = derived;
	}
	t.len = 0;
	put(&t, "\001TCP-AO", 7);
	put_source(&t, &p->ip, key);
	put(&t, p->ip.dst, p->ip.addr_len);
	put16(&t, key->nat ? 0 : p->udp.sport);
	put16(&t, p->udp.dport);
	put_zero(&t, 8);
	put16(&t, key->hmac ? 0x00a0 : 0x0080);
	return mac(key->hmac, k, k_len, &t, out);
}

static void put_pseudo_header(struct text *t, const struct packet *p, const struct key *key)
{
	put_source(t, &p->ip, key);
	put(t, p->ip.dst, p->ip.addr_len);
	if (p->ip.version == 4) {
		put16(t, 17);
		put16(t, p->udp.length);
	} else {
		put16(t, 0);
		put16(t, p->udp.length);
		put16(t, 0);
		put16(t, 17);
	}
}

bool auth_verify(const struct packet *p, const struct key *key)
{
	static struct text t;
	const struct octets *data = &p->udp.data, *surplus = &p->udp.surplus;
	uint8_t k[EVP_MAX_MD_SIZE], expected[EVP_MAX_MD_SIZE];
	size_t k_len = traffic_key(p, key, k), start;

	t.len = 0;
	put_zero(&t, 4);
	put_pseudo_header(&t, p, key);
	put16(&t, key->nat ? 0 : p->udp.sport);
	put16(&t, p->udp.dport);
	put16(&t, p->udp.length);
	put16(&t, 0);
	put(&t, data->at, key->datagram || data->len < key->cover ? data->len : key->cover);
	start = t.len;
	put(&t, surplus->at, surplus->len);
	memset(t.at + start + p->area.odd, 0, 2);
	memset(t.at + start + p->area.mac_at, 0, 12);
	mac(key->hmac, k, k_len, &t, expected);
	return memcmp(expected, surplus->at + p->area.mac_at, 12) == 0;
}

const struct key *auth_key(unsigned id)
{
	for (unsigned i = 0; i < options.keys; i++)
		if (options.key[i].any_id || options.key[i].id == id)
			return &options.key[i];
	return NULL;
}
