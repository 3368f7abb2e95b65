/* SPDX-License-Identifier: BSD-3-Clause */
#include "recognise.h"

/* Header extension elements, RFC 8285. */
enum { ONE_BYTE = 0xBEDE, TWO_BYTE = 0x1000, TWO_BYTE_MASK = 0xFFF0, STOP = 15 };

static bool cut_out(const struct octets *words, size_t at, size_t len, struct octets *element)
{
	octets_behind(words, at, element);
	octets_shorten(element, len);
	return true;
}

/* Section 4.2. An element with id 0 is a padding octet; with a length beside the 0 it ends the list, as id 15 does. */
static bool find_one_byte(const struct octets *words, unsigned id, struct octets *element)
{
	size_t at = 0;

	while (at < words->len) {
		uint8_t head = octet(words, at++);
		size_t len = (head & 0x0F) + 1u;

		if (!head)
			continue;
		if (head >> 4 == 0 || head >> 4 == STOP || words->len - at < len)
			return false;
		if (head >> 4 == id)
			return cut_out(words, at, len, element);
		at += len;
	}
	return false;
}

/* Section 4.3. Padding has no length octet; an element may be empty. */
static bool find_two_byte(const struct octets *words, unsigned id, struct octets *element)
{
	size_t at = 0;

	while (at < words->len) {
		unsigned found = octet(words, at++);
		size_t len;

		if (!found)
			continue;
		if (at == words->len)
			return false;
		len = octet(words, at++);
		if (words->len - at < len)
			return false;
		if (found == id)
			return cut_out(words, at, len, element);
		at += len;
	}
	return false;
}

bool ext_find(const struct rtp *rtp, unsigned id, struct octets *element)
{
	if (rtp->profile == ONE_BYTE)
		return find_one_byte(&rtp->extension, id, element);
	if ((rtp->profile & TWO_BYTE_MASK) == TWO_BYTE)
		return find_two_byte(&rtp->extension, id, element);
	return false;
}
