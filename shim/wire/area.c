/* SPDX-License-Identifier: BSD-3-Clause
 *
 * area.c - the surplus area as a sender emits it (wire format, sections 2.4 and 5.7). */
#include <string.h>

#include "auth.h"
#include "cmac.h"
#include "front.h"
#include "metadata.h"
#include "sum.h"

enum {
	AREA_MAX = 65527,
	UDP_HEADER = 8,
	BEHIND = 48,        /* octets of an area that is written in one pass, fill included */
	BEHIND_COVER = 156, /* of user data under its MAC */
	BEHIND_ZEROS = 32,  /* from its MAC on, while that is computed */
	BEHIND_FLAT = FRONT_MAX + BEHIND_COVER + 3 + METADATA_ROOM + 4 + BEHIND_ZEROS
};

static inline size_t needed(const struct md_area *a)
{
	return MD_AREA_FIXED + (a->meta ? md_metadata_size(a->ids, a->meta->option) : 0) +
	       (a->token ? md_token_option_size(a->token_len) : 0) + (a->key ? MD_AUTH_LEN : 0);
}

size_t md_area_size(const struct md_area *area)
{
	size_t need = needed(area);

	return area->fill > need ? area->fill : need;
}

static inline bool makes_sense(const struct md_area *a, size_t need)
{
	if (a->token && (a->token_len < MD_TOKEN_MIN || a->token_len > MD_TOKEN_MAX))
		return false;
	if (a->key && !a->tuple)
		return false;
	return !a->fill || (a->fill >= need && a->fill <= AREA_MAX);
}

/* MED or OFC, then the token. Octets written. */
static ptrdiff_t write_options(uint8_t *dst, size_t room, const struct md_area *a)
{
	ptrdiff_t done = 0, n;

	if (a->meta) {
		done = md_metadata_write(dst, room, a->ids, a->meta);
		if (done < 0)
			return done;
	}
	if (!a->token)
		return done;
	n = md_exp_write(dst + done, room - (size_t)done, a->ids->token_exid, a->token, a->token_len);
	return n < 0 ? n : done + n;
}

static void write_auth(uint8_t *at, const struct md_area *a)
{
	at[0] = MD_KIND_AUTH;
	at[1] = MD_AUTH_LEN;
	at[2] = a->key->keyid;
	at[3] = a->next_keyid;
}

/* The OCS lies on an even offset of the IP datagram. */
static inline size_t pad_of(const struct md_area *area)
{
	return (area->user_len + UDP_HEADER) & 1;
}

/* All but MAC and OCS, whose fields are zero. The area's length; *mac_at is 0 without AUTH. */
static inline __attribute__((always_inline)) ptrdiff_t lay_out(uint8_t *dst, size_t room, const struct md_area *area, size_t *mac_at)
{
	size_t need = needed(area), size = area->fill > need ? area->fill : need, at = pad_of(area) + 2;
	ptrdiff_t n;

	if (!makes_sense(area, need))
		return MD_E_VALUE;
	if (size > room)
		return MD_E_ROOM;
	memset(dst, 0, size); /* pad octet, OCS and MAC as the sums want them, EOL and fill */
	n = write_options(dst + at, size - at, area);
	if (n < 0)
		return n;
	at += (size_t)n;
	*mac_at = 0;
	if (area->key) {
		write_auth(dst + at, area);
		*mac_at = at + 4;
	}
	return (ptrdiff_t)size;
}

static inline void sum_up(uint8_t *dst, size_t size, const struct md_area *area)
{
	size_t pad = pad_of(area);
	uint16_t ocs = md_ocs(dst + pad, size - pad, size);

	dst[pad] = (uint8_t)(ocs >> 8);
	dst[pad + 1] = (uint8_t)ocs;
}

/* --- In one pass ------------------------------------------------------------------------------------------------------ */

_Static_assert((int)MD_AREA_USUAL <= (int)BEHIND, "one option and AUTH fit");
_Static_assert(2 + METADATA_HEAD + (int)MD_MED_VALUE + 4 + (int)BEHIND_ZEROS >= (int)BEHIND, "of the shortest area all is written");
_Static_assert(MD_MAC_LEN + 1 + CMAC_ROOM(0) - 1 <= (int)BEHIND_ZEROS, "behind the longest there are zeros");

/* One option and a MAC by the CPU's own instructions: what every datagram has but a few. *covered: octets of user data that
 * the MAC covers. */
static inline bool is_usual(const struct md_area *a, size_t room, size_t *covered)
{
	const struct md_traffic_key *key = a->key;

	if (!key || !a->meta || a->token || a->fill || !a->tuple || room <= BEHIND)
		return false;
	*covered = (size_t)key->cover - 1 < a->user_len ? key->cover : a->user_len; /* a cover of 0 is beyond every length */
	return key->expanded && key->algorithm == MD_AES_128_CMAC_96 && *covered <= BEHIND_COVER &&
		auth_fits(a->tuple, a->user_len, BEHIND, 0, 2);
}

/* As sum_up(), of an area behind which there are zeros. */
static inline void sum_usual(uint8_t *ocs, size_t size)
{
	uint64_t sum = htobe16((uint16_t)size);
	uint16_t word;

	#pragma GCC unroll 6
	for (size_t i = 0; i < BEHIND; i += 8)
		sum = sum_add(sum, sum_load(ocs + i));
	word = (uint16_t)~sum_fold(sum);
	word = word ? word : 0xffff;
	memcpy(ocs, &word, 2);
}

/* False: there are fewer user data than were promised. */
static inline bool cover(uint8_t *to, const struct iovec *user, size_t pieces, size_t covered)
{
	for (; pieces && covered > user->iov_len; user++, pieces--) {
		if (user->iov_len)
			memcpy(to, user->iov_base, user->iov_len);
		to += user->iov_len;
		covered -= user->iov_len;
	}
	if (covered && !pieces)
		return false;
	if (__builtin_expect(covered == MD_COVER_MIN, 1))
		memcpy(to, user->iov_base, MD_COVER_MIN);
	else if (covered)
		memcpy(to, user->iov_base, covered);
	return true;
}

/* The MAC lies in front of the last octet, which is an EOL, or of where it were without a pad octet. */
static inline __attribute__((always_inline)) ptrdiff_t write_once(uint8_t *dst, const struct md_area *area, size_t covered,
	const struct iovec *user, size_t pieces)
{
	MD_ALIGNED(16) uint8_t flat[BEHIND_FLAT];
	const struct md_traffic_key *key = area->key;
	size_t pad = pad_of(area), front = front_put(flat, key, area->tuple, area->user_len + UDP_HEADER), size;
	uint8_t *made = flat + front + covered, *auth;

	if (!cover(flat + front, user, pieces, covered))
		return MD_E_VALUE;
	memset(made, 0, 4); /* pad octet and OCS */
	auth = metadata_put(made + pad + 2, area->ids, area->meta);
	if (!auth)
		return MD_E_VALUE;
	write_auth(auth, area);
	memset(auth + 4, 0, BEHIND_ZEROS); /* MAC and EOL; up to the end of what is copied, and of what the MAC wants */
	size = (size_t)(auth - made) - pad + MD_AUTH_LEN + 1;
	memcpy(dst, made, BEHIND);
	dst[BEHIND] = 0;
	dst += pad;
	cmac_flat(key, flat, front + covered + size, dst + size - 1 - MD_MAC_LEN);
	sum_usual(dst, size);
	return (ptrdiff_t)size;
}

static __attribute__((noinline)) ptrdiff_t write_any(uint8_t *dst, size_t room, const struct md_area *area,
	const struct md_lend *lend)
{
	size_t mac_at;
	ptrdiff_t size = lay_out(dst, room, area, &mac_at);
	int rc;

	if (size < 0)
		return size;
	if (mac_at) {
		rc = md_auth_mac(area->key, area->tuple, area->user, area->pieces, area->user_len, dst, (size_t)size,
			pad_of(area), mac_at, lend, dst + mac_at);
		if (rc < 0)
			return rc;
	}
	sum_up(dst, (size_t)size, area);
	return size;
}

ptrdiff_t md_area_write(uint8_t *dst, size_t room, const struct md_area *area, const struct md_lend *lend)
{
	size_t covered;

	if (is_usual(area, room, &covered))
		return write_once(dst, area, covered, area->user, area->pieces);
	return write_any(dst, room, area, lend);
}

static __attribute__((noinline)) ptrdiff_t write_any_behind(uint8_t *user, size_t room, const struct md_area *area,
	const struct md_lend *lend)
{
	struct iovec piece = { user, area->user_len };
	struct md_area one = *area;

	one.user = &piece;
	one.pieces = 1;
	return write_any(user + area->user_len, room, &one, lend);
}

ptrdiff_t md_area_write_behind(uint8_t *user, size_t room, const struct md_area *area, const struct md_lend *lend)
{
	const struct iovec piece = { user, area->user_len };
	size_t covered;

	if (is_usual(area, room, &covered))
		return write_once(user + area->user_len, area, covered, &piece, 1);
	return write_any_behind(user, room, area, lend);
}

/* --- Several ---------------------------------------------------------------------------------------------------------- */

static void write_batch(struct md_area_job *job, size_t n, const struct md_lend *lend)
{
	struct md_area_job *sign[MD_AREA_BATCH];
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		job[i].len = lay_out(job[i].dst, job[i].room, job[i].area, &job[i].mac_at);
		if (job[i].len >= 0 && job[i].mac_at)
			sign[count++] = &job[i];
	}
	auth_sign(sign, count, lend);
	for (size_t i = 0; i < n; i++)
		if (job[i].len >= 0)
			sum_up(job[i].dst, (size_t)job[i].len, job[i].area);
}

void md_area_write_all(struct md_area_job *job, size_t n, const struct md_lend *lend)
{
	for (size_t at = 0; at < n; at += MD_AREA_BATCH)
		write_batch(job + at, n - at < MD_AREA_BATCH ? n - at : MD_AREA_BATCH, lend);
}
