/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "recognise.h"

/* Cells of ISO/IEC 13818-1, clause 2.4.3; a payload holds a whole number of them (RFC 2250, section 2). */
enum {
	CELL = 188, SYNC = 0x47, HEAD = 4, LOOK = 6,
	UNIT_START = 0x40,                                   /* octet 1 */
	SCRAMBLED = 0xC0, ADAPTATION = 0x20, PAYLOAD = 0x10, /* octet 3 */
	RANDOM_ACCESS = 0x40,                                /* octet 5 */
	PES_HEAD = 4, VIDEO = 0xE0, VIDEO_MASK = 0xF0
};

static bool video_begins(const struct octets *cell, size_t at)
{
	return octet(cell, at) == 0 && octet(cell, at + 1) == 0 && octet(cell, at + 2) == 1 &&
		(octet(cell, at + 3) & VIDEO_MASK) == VIDEO;
}

/* head: the first octets of the cell in a row. False: the adaptation field runs past the end of the cell. */
static inline bool cell_says(const uint8_t head[static LOOK], const struct octets *cell, struct said *said)
{
	size_t payload = HEAD;
	bool access = false;

	if (head[3] & ADAPTATION) {
		payload += 1u + head[4];
		if (payload > CELL)
			return false;
		access = head[4] && head[5] & RANDOM_ACCESS;
	}
	if (!(head[1] & UNIT_START) || (head[3] & (SCRAMBLED | PAYLOAD)) != PAYLOAD)
		return true;
	if (payload + PES_HEAD > CELL || !video_begins(cell, payload))
		return true;
	said->start = true;
	if (said->class != CLASS_KEY)
		said->class = access ? CLASS_KEY : CLASS_BASE;
	return true;
}

/* The head of the cell lies in several pieces. */
static __attribute__((noinline)) bool cut_cell_says(const struct octets *cell, struct said *said)
{
	uint8_t head[LOOK];

	for (size_t i = 0; i < LOOK; i++)
		head[i] = octet(cell, i);
	return cell_says(head, cell, said);
}

/* The first octets of a cell that tells nothing: no unit starts, and there is no adaptation field. */
static inline bool dull(const uint8_t *cell)
{
	static const uint8_t of[HEAD] = { 0xFF, UNIT_START, 0, ADAPTATION }, is[HEAD] = { SYNC };
	uint32_t head, mask, value;

	memcpy(&head, cell, sizeof head);
	memcpy(&mask, of, sizeof mask);
	memcpy(&value, is, sizeof value);
	return (head & mask) == value;
}

static inline size_t dull_octets(const struct octets *payload)
{
	const uint8_t *p = payload->flat;
	size_t left = payload->flat_len;

	for (; left >= CELL && dull(p); p += CELL)
		left -= CELL;
	return payload->flat_len - left;
}

/* From a cell on that may tell something, or is none. */
static __attribute__((noinline)) struct said cells_say(const struct octets *payload, size_t at)
{
	struct said said = { .implausible = !at && (payload->len < CELL || octet(payload, 0) != SYNC) };
	struct octets rest;

	octets_behind(payload, at, &rest);
	for (; rest.len >= CELL && octet(&rest, 0) == SYNC; octets_behind(&rest, CELL, &rest))
		if (!(rest.flat_len >= LOOK ? cell_says(rest.flat, &rest, &said) : cut_cell_says(&rest, &said)))
			return said_implausible(false);
	return said;
}

struct said mpegts_recognise(const struct octets *payload)
{
	size_t at = dull_octets(payload);

	if (at && payload->len - at < CELL)
		return (struct said){ 0 };
	return cells_say(payload, at);
}
