/* SPDX-License-Identifier: BSD-3-Clause
 *
 * area.c - the surplus area as a sender emits it (wire format, sections 2.4 and 5.7). */
#include <string.h>

#include <mdshim/wire.h>

enum { AREA_MAX = 65527, UDP_HEADER = 8 };

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

static int write_auth(uint8_t *dst, size_t size, size_t ocs_at, size_t at, const struct md_area *a,
	const struct md_lend *lend)
{
	size_t mac_at = at + 4;

	dst[at] = MD_KIND_AUTH;
	dst[at + 1] = MD_AUTH_LEN;
	dst[at + 2] = a->key->keyid;
	dst[at + 3] = a->next_keyid;
	return md_auth_mac(a->key, a->tuple, a->user, a->pieces, a->user_len, dst, size, ocs_at, mac_at, lend,
		dst + mac_at);
}

ptrdiff_t md_area_write(uint8_t *dst, size_t room, const struct md_area *area, const struct md_lend *lend)
{
	size_t need = needed(area), size = area->fill > need ? area->fill : need;
	size_t pad = (area->user_len + UDP_HEADER) & 1; /* the OCS lies on an even offset of the IP datagram */
	ptrdiff_t n;
	uint16_t ocs;
	int rc;

	if (!makes_sense(area, need))
		return MD_E_VALUE;
	if (size > room)
		return MD_E_ROOM;
	memset(dst, 0, size); /* pad octet, OCS and MAC as the sums want them, EOL and fill */
	n = write_options(dst + pad + 2, size - pad - 2, area);
	if (n < 0)
		return n;
	if (area->key) {
		rc = write_auth(dst, size, pad, pad + 2 + (size_t)n, area, lend);
		if (rc < 0)
			return rc;
	}
	ocs = md_ocs(dst + pad, size - pad, size);
	dst[pad] = (uint8_t)(ocs >> 8);
	dst[pad + 1] = (uint8_t)ocs;
	return (ptrdiff_t)size;
}
