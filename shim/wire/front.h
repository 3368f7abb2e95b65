/* SPDX-License-Identifier: BSD-3-Clause
 *
 * front.h - what stands in front of the user data in the input of the MAC (wire format, section 5.4). */
#ifndef MD_WIRE_FRONT_H
#define MD_WIRE_FRONT_H

#include <endian.h>
#include <string.h>

#include <mdshim/wire.h>

enum {
	FRONT_MAX = 52,     /* four zeros, pseudo-header of IPv6, UDP header */
	FRONT_UDP = 17
};

static inline void front_word(uint8_t *p, size_t v)
{
	uint16_t word = htobe16((uint16_t)v);

	memcpy(p, &word, sizeof word);
}

/* What the UDP header says; its checksum counts as zero. */
static inline void front_udp(uint8_t *p, const struct md_traffic_key *key, const struct md_tuple *t, size_t udp_length)
{
	front_word(p, key->nat ? 0 : t->sport);
	front_word(p + 2, t->dport);
	front_word(p + 4, udp_length);
	front_word(p + 6, 0);
}

/* Four zeros, pseudo-header, UDP header. Their length: 24 or 52. */
static inline size_t front_put(uint8_t dst[FRONT_MAX], const struct md_traffic_key *key, const struct md_tuple *t,
	size_t udp_length)
{
	static const uint8_t nowhere[16];
	const uint8_t *src = key->nat ? nowhere : t->src;

	memset(dst, 0, 4);
	if (t->version == 6) {
		memcpy(dst + 4, src, 16);
		memcpy(dst + 20, t->dst, 16);
		front_word(dst + 36, 0);
		front_word(dst + 38, udp_length);
		front_word(dst + 40, 0);
		front_word(dst + 42, FRONT_UDP);
		front_udp(dst + 44, key, t, udp_length);
		return 52;
	}
	memcpy(dst + 4, src, 4);
	memcpy(dst + 8, t->dst, 4);
	front_word(dst + 12, FRONT_UDP);
	front_word(dst + 14, udp_length);
	front_udp(dst + 16, key, t, udp_length);
	return 24;
}

#endif
