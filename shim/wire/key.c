/* SPDX-License-Identifier: BSD-3-Clause
 *
 * key.c - from a master key to the traffic key of one four-tuple (wire format, section 5.3; RFC 5926). */
#include <string.h>

#include "aes.h"
#include "auth.h"
#include "cmac.h"
#include "out.h"
#include "wipe.h"

enum { CMAC_KEY = 16, SHA1_KEY = 20, COVER_MAX = 65535 };

ptrdiff_t md_auth_context(uint8_t *dst, size_t room, const struct md_tuple *tuple, bool nat)
{
	struct out o = { dst, room, 0 };
	size_t size = tuple->version == 4 ? 4 : 16;

	if (tuple->version != 4 && tuple->version != 6)
		return MD_E_VALUE;
	if (nat)
		put_zero(&o, size);
	else
		put(&o, tuple->src, size);
	put(&o, tuple->dst, size);
	put_u16(&o, nat ? 0 : tuple->sport);
	put_u16(&o, tuple->dport);
	put_zero(&o, 8); /* where TCP-AO has the two initial sequence numbers */
	return out_done(&o);
}

/* Section 5.3: a master key that is no AES key is made one (RFC 5926, 3.1.1.2). */
static int aes_master(uint8_t out[CMAC_KEY], const struct md_key *key, const struct md_lend *lend, bool cpu)
{
	static const uint8_t zero[CMAC_KEY];
	struct iovec whole = { (void *)(uintptr_t)key->key, key->len };

	if (key->len != CMAC_KEY)
		return cmac_pieces(zero, &whole, 1, lend, cpu, out);
	memcpy(out, key->key, CMAC_KEY);
	return 0;
}

ptrdiff_t auth_kdf(uint8_t out[20], const struct md_key *key, const uint8_t *context, size_t len,
	const struct md_lend *lend, bool cpu)
{
	static const uint8_t label[] = { 0x01, 'T', 'C', 'P', '-', 'A', 'O' };
	uint8_t bits[2] = { 0x00, key->algorithm == MD_HMAC_SHA1_96 ? 8 * SHA1_KEY : 8 * CMAC_KEY };
	struct iovec input[3] = {
		{ (void *)(uintptr_t)label, sizeof label }, { (void *)(uintptr_t)context, len }, { bits, sizeof bits },
	};
	uint8_t master[CMAC_KEY];
	int rc;

	if (!key->len || key->len > MD_KEY_MAX)
		return MD_E_VALUE;
	if (key->algorithm == MD_HMAC_SHA1_96) {
		rc = md_hmac_sha1(key->key, key->len, input, 3, lend, out);
		return rc < 0 ? rc : SHA1_KEY;
	}
	if (key->algorithm != MD_AES_128_CMAC_96)
		return MD_E_VALUE;
	rc = aes_master(master, key, lend, cpu);
	if (rc == 0)
		rc = cmac_pieces(master, input, 3, lend, cpu, out);
	wipe(master, sizeof master);
	return rc < 0 ? rc : CMAC_KEY;
}

ptrdiff_t md_auth_kdf(uint8_t out[20], const struct md_key *key, const uint8_t *context, size_t len,
	const struct md_lend *lend)
{
	return auth_kdf(out, key, context, len, lend, aes_present());
}

int auth_traffic_key(struct md_traffic_key *out, const struct md_key *key, const struct md_tuple *tuple,
	const struct md_lend *lend, bool cpu)
{
	uint8_t context[44], octets[20];
	ptrdiff_t len = md_auth_context(context, sizeof context, tuple, key->nat);
	int rc = 0;

	if (len < 0 || (key->cover && key->cover < MD_COVER_MIN) || key->cover > COVER_MAX)
		return MD_E_VALUE;
	len = auth_kdf(octets, key, context, (size_t)len, lend, cpu);
	if (len < 0)
		return (int)len;
	*out = (struct md_traffic_key){
		.cover = key->cover, .keyid = key->keyid, .algorithm = (uint8_t)key->algorithm, .nat = key->nat,
	};
	if (key->algorithm == MD_HMAC_SHA1_96)
		memcpy(out->u.hmac, octets, SHA1_KEY);
	else
		rc = cmac_key(out, octets, lend, cpu);
	wipe(octets, sizeof octets);
	return rc;
}

int md_traffic_key_make(struct md_traffic_key *out, const struct md_key *key, const struct md_tuple *tuple,
	const struct md_lend *lend)
{
	return auth_traffic_key(out, key, tuple, lend, aes_present());
}
