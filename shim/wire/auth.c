/* SPDX-License-Identifier: BSD-3-Clause
 *
 * auth.c - the MAC of the AUTH option (wire format, sections 5.4 to 5.6). */
#include <string.h>

#include "auth.h"
#include "cmac.h"
#include "front.h"
#include "hmac.h"

enum {
	FLAT = 256,        /* inputs below this length are put together first: one pass is cheaper than many pieces */
	SURPLUS_MAX = 65527,
	USER_MAX = 65527
};

/* A MAC of either algorithm under way. */
struct mac {
	const struct md_traffic_key *key;
	union {
		struct cmac cmac;
		struct hmac hmac;
	} u;
};

static int mac_begin(struct mac *m, const struct md_traffic_key *key, const struct md_lend *lend)
{
	m->key = key;
	if (key->algorithm == MD_HMAC_SHA1_96)
		return hmac_begin(&m->u.hmac, key->u.hmac, sizeof key->u.hmac, lend);
	return cmac_begin(&m->u.cmac, key, lend);
}

static void mac_add(struct mac *m, const void *octets, size_t len)
{
	if (m->key->algorithm == MD_HMAC_SHA1_96)
		hmac_add(&m->u.hmac, octets, len);
	else
		cmac_add(&m->u.cmac, octets, len);
}

static void mac_end(struct mac *m, uint8_t mac[MD_MAC_LEN])
{
	uint8_t whole[20];

	if (m->key->algorithm == MD_HMAC_SHA1_96)
		hmac_end(&m->u.hmac, whole);
	else
		cmac_end(&m->u.cmac, whole);
	memcpy(mac, whole, MD_MAC_LEN);
}

/* All that goes into one MAC. */
struct input {
	uint8_t *front;      /* at the beginning of the flat buffer */
	size_t front_len;
	const struct iovec *user;
	size_t pieces, covered;
	const uint8_t *surplus;
	size_t surplus_len, ocs_at, mac_at;
};

/* Puts the rest behind the front, where there is room. False: there are fewer user data than were promised. */
static inline bool gather(const struct input *in)
{
	uint8_t *p = in->front + in->front_len;
	size_t left = in->covered;

	for (size_t i = 0; i < in->pieces && left; i++) {
		size_t n = in->user[i].iov_len < left ? in->user[i].iov_len : left;

		if (n)
			memcpy(p, in->user[i].iov_base, n);
		p += n;
		left -= n;
	}
	memcpy(p, in->surplus, in->surplus_len);
	memset(p + in->surplus_len, 0, CMAC_ROOM(0));
	memset(p + in->ocs_at, 0, 2);
	memset(p + in->mac_at, 0, MD_MAC_LEN);
	return !left;
}

static bool stream(struct mac *m, const struct input *in)
{
	static const uint8_t zero[MD_MAC_LEN];
	size_t left = in->covered, behind = in->ocs_at + 2;

	mac_add(m, in->front, in->front_len);
	for (size_t i = 0; i < in->pieces && left; i++) {
		size_t n = in->user[i].iov_len < left ? in->user[i].iov_len : left;

		mac_add(m, in->user[i].iov_base, n);
		left -= n;
	}
	mac_add(m, in->surplus, in->ocs_at);
	mac_add(m, zero, 2);
	mac_add(m, in->surplus + behind, in->mac_at - behind);
	behind = in->mac_at + MD_MAC_LEN;
	mac_add(m, zero, MD_MAC_LEN);
	mac_add(m, in->surplus + behind, in->surplus_len - behind);
	return !left;
}

inline bool auth_fits(const struct md_tuple *tuple, size_t user_len, size_t surplus_len, size_t ocs_at, size_t mac_at)
{
	if (tuple->version != 4 && tuple->version != 6)
		return false;
	if (user_len > USER_MAX || surplus_len > SURPLUS_MAX || mac_at > surplus_len)
		return false;
	return surplus_len - mac_at >= MD_MAC_LEN && ocs_at < mac_at && mac_at - ocs_at >= 2;
}

/* Of any length, piece by piece, by either algorithm. */
static __attribute__((noinline)) int any_mac(const struct md_traffic_key *key, const struct input *in,
	const struct md_lend *lend, uint8_t mac[MD_MAC_LEN])
{
	struct mac m;
	bool complete;

	if (mac_begin(&m, key, lend) < 0)
		return MD_E_LEND;
	complete = stream(&m, in);
	mac_end(&m, mac);
	return complete ? 0 : MD_E_VALUE;
}

int auth_mac(const struct md_area *a, const uint8_t *surplus, size_t surplus_len, size_t mac_at, const struct md_lend *lend,
	uint8_t mac[MD_MAC_LEN])
{
	uint8_t front[FRONT_MAX];
	struct input in = { front, 0, a->user, a->pieces, 0, surplus, surplus_len, a->user_len & 1, mac_at };

	if (!auth_fits(a->tuple, a->user_len, surplus_len, in.ocs_at, mac_at))
		return MD_E_VALUE;
	in.front_len = front_put(front, a->key, a->tuple, a->user_len + 8);
	in.covered = a->key->cover && a->key->cover < a->user_len ? a->key->cover : a->user_len;
	return any_mac(a->key, &in, lend, mac);
}

int md_auth_mac(const struct md_traffic_key *key, const struct md_tuple *tuple, const struct iovec *user, size_t n,
	size_t user_len, const uint8_t *surplus, size_t surplus_len, size_t ocs_at, size_t mac_at,
	const struct md_lend *lend, uint8_t mac[MD_MAC_LEN])
{
	MD_ALIGNED(16) uint8_t flat[CMAC_ROOM(FLAT)];
	struct input in = { flat, 0, user, n, 0, surplus, surplus_len, ocs_at, mac_at };
	size_t total;

	if (!auth_fits(tuple, user_len, surplus_len, ocs_at, mac_at))
		return MD_E_VALUE;
	in.front_len = front_put(flat, key, tuple, user_len + 8);
	in.covered = key->cover && key->cover < user_len ? key->cover : user_len;
	total = in.front_len + in.covered + surplus_len;
	if (total >= FLAT || key->algorithm == MD_HMAC_SHA1_96 || !key->expanded)
		return any_mac(key, &in, lend, mac);
	if (!gather(&in))
		return MD_E_VALUE;
	cmac_flat(key, flat, total, mac);
	return 0;
}

bool md_mac_equal(const uint8_t a[MD_MAC_LEN], const uint8_t b[MD_MAC_LEN])
{
	unsigned differ = 0;

	for (int i = 0; i < MD_MAC_LEN; i++)
		differ |= (unsigned)(a[i] ^ b[i]);
	return !differ;
}
