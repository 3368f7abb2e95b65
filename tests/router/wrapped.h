/* SPDX-License-Identifier: BSD-3-Clause
 *
 * wrapped.h - wrapped datagrams to try a router with: made right, spoilt in one bit, and their sums made right again. */
#ifndef MD_TEST_WRAPPED_H
#define MD_TEST_WRAPPED_H

#include <string.h>

#include <mdshim/wire.h>

enum { WRAPPED_ROOM = 2048 };

struct wrap {
	bool inlined;
	struct md_tuple outer, inner; /* inline mode: only outer */
	uint8_t outer_tos, inner_tos, inner_ttl;
	const struct md_traffic_key *key; /* NULL: no AUTH */
	const struct md_ids *ids; /* NULL: as by default */
	const struct md_metadata *meta;   /* NULL: none */
	const uint8_t *token;
	size_t token_len;
	const uint8_t *payload;
	size_t payload_len;
};

struct wrapped {
	uint8_t octets[WRAPPED_ROOM];
	size_t len;
	size_t udp_at, user_at, surplus_at;
};

/* 0, or a negative enum md_err. */
static inline int wrapped_make(struct wrapped *w, const struct wrap *how, const struct md_lend *lend)
{
	static const struct md_ids usual = MD_IDS_DEFAULT;
	struct md_ip ip = { .ttl = how->inner_ttl, .tos = how->inner_tos, .df = true, .id = 0x1234 };
	uint8_t user[WRAPPED_ROOM], *at = w->octets;
	ptrdiff_t head = 0, area;
	struct iovec piece;

	if (!how->inlined) {
		head = md_headers_write(user, sizeof(user), &how->inner, &ip, how->payload_len,
			md_sum(0, how->payload, how->payload_len), 0);
		if (head < 0 || (size_t)head + how->payload_len > sizeof(user))
			return MD_E_ROOM;
	}
	memcpy(user + head, how->payload, how->payload_len);
	piece = (struct iovec){ user, (size_t)head + how->payload_len };
	struct md_area options = { .ids = how->ids ? how->ids : &usual, .meta = how->meta, .token = how->token, .token_len = how->token_len,
		.key = how->key, .next_keyid = how->key ? how->key->keyid : 0, .tuple = &how->outer, .user = &piece,
		.pieces = 1, .user_len = piece.iov_len };

	ip = (struct md_ip){ .ttl = 64, .tos = how->outer_tos, .df = true, .id = 0x4242 };
	head = md_headers_write(at, sizeof(w->octets), &how->outer, &ip, piece.iov_len, md_sum(0, user, piece.iov_len),
		md_area_size(&options));
	if (head < 0 || (size_t)head + piece.iov_len > sizeof(w->octets))
		return MD_E_ROOM;
	w->udp_at = (size_t)head - 8;
	w->user_at = (size_t)head;
	w->surplus_at = w->user_at + piece.iov_len;
	memcpy(at + head, user, piece.iov_len);
	area = md_area_write(at + w->surplus_at, sizeof(w->octets) - w->surplus_at, &options, lend);
	if (area < 0)
		return (int)area;
	w->len = w->surplus_at + (size_t)area;
	return 0;
}

static inline uint16_t wrapped_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void wrapped_put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* UDP checksum over a pseudo-header made of what the header now says. */
static inline void wrapped_mend_udp(uint8_t *packet, size_t udp_at, size_t udp_len)
{
	bool v4 = packet[0] >> 4 == 4;
	uint8_t rest[4] = { 0, 17 };
	uint16_t sum;

	wrapped_put16(rest + 2, (uint16_t)udp_len);
	wrapped_put16(packet + udp_at + 6, 0);
	sum = md_sum(0, packet + (v4 ? 12 : 8), v4 ? 8 : 32);
	sum = md_sum(sum, rest, sizeof(rest));
	sum = (uint16_t)~md_sum(sum, packet + udp_at, udp_len);
	wrapped_put16(packet + udp_at + 6, sum ? sum : 0xffff);
}

/* Makes IP checksum, UDP checksum and OCS right for what the packet now says; false where there is nothing to make right
 * any more, such as a UDP Length that points beyond the packet. */
static inline bool wrapped_mend(uint8_t *packet, size_t len)
{
	bool v4 = packet[0] >> 4 == 4;
	size_t header = v4 ? (size_t)(packet[0] & 15) * 4 : 40, end, udp_len, ocs_at;

	if ((!v4 && packet[0] >> 4 != 6) || header < 20 || header + 8 > len)
		return false;
	end = v4 ? wrapped_u16(packet + 2) : wrapped_u16(packet + 4) + 40u;
	if (v4) {
		wrapped_put16(packet + 10, 0);
		wrapped_put16(packet + 10, (uint16_t)~md_sum(0, packet, header));
	}
	udp_len = wrapped_u16(packet + header + 4);
	if (end > len || udp_len < 8 || header + udp_len > end)
		return false;
	ocs_at = header + udp_len + udp_len % 2;
	if (ocs_at + 2 <= end) {
		wrapped_put16(packet + ocs_at, 0);
		wrapped_put16(packet + ocs_at, md_ocs(packet + ocs_at, end - ocs_at, end - header - udp_len));
	}
	wrapped_mend_udp(packet, header, udp_len);
	return true;
}

/* The name of the field that holds the bit, if AUTH leaves the bit alone and so a change of it may pass; else NULL.
 * mended: the sums were made right again afterwards. cover as in struct md_key. */
static inline const char *wrapped_outside_auth(const struct wrapped *w, size_t bit, uint32_t cover, bool mended)
{
	size_t at = bit / 8, udp = w->udp_at;
	unsigned mask = 0x80u >> bit % 8;

	if (w->octets[0] >> 4 == 4) {
		if (at == 1)
			return "IPv4 TOS";
		if (at == 4 || at == 5)
			return "IPv4 Identification";
		if (at == 6 && mask & 0xc0)
			return "IPv4 flags (reserved, DF)";
		if (at == 8)
			return "IPv4 TTL";
		if (at == 10 || at == 11)
			return "IPv4 header checksum";
	} else {
		if ((at == 0 && mask & 0x0f) || (at == 1 && mask & 0xf0))
			return "IPv6 traffic class";
		if (at >= 1 && at <= 3)
			return "IPv6 flow label";
		if (at == 7)
			return "IPv6 hop limit";
	}
	if (!mended)
		return NULL;
	if (at == udp + 6 || at == udp + 7)
		return "UDP checksum (made right again)";
	if (at >= w->surplus_at && (at - w->surplus_at - (w->surplus_at - udp) % 2) < 2)
		return "OCS (made right again)";
	if (cover && at >= w->user_at + cover && at < w->surplus_at)
		return "user data behind cover";
	return NULL;
}

#endif
