/* SPDX-License-Identifier: BSD-3-Clause */
#include "recognise.h"

/* Cells of ISO/IEC 13818-1, clause 2.4.3; a payload holds a whole number of them (RFC 2250, section 2). */
enum {
	CELL = 188, SYNC = 0x47, HEAD = 4,
	UNIT_START = 0x40,                            /* octet 1 */
	SCRAMBLED = 0xC0, ADAPTATION = 0x20, PAYLOAD = 0x10, /* octet 3 */
	RANDOM_ACCESS = 0x40,                         /* octet 5 */
	PES_HEAD = 4, VIDEO_FIRST = 0xE0, VIDEO_LAST = 0xEF
};

static bool video_begins(const struct octets *p, size_t at)
{
	uint32_t head = octet_u32(p, at);

	return head >> 8 == 1 && (head & 0xFF) >= VIDEO_FIRST && (head & 0xFF) <= VIDEO_LAST;
}

/* The whole cell at `at`. False: its adaptation field runs past its end. */
static bool cell(const struct octets *p, size_t at, struct said *said)
{
	uint8_t control = octet(p, at + 3);
	size_t payload = HEAD;
	bool access = false;

	if (control & ADAPTATION) {
		size_t len = octet(p, at + HEAD);

		payload += 1 + len;
		if (payload > CELL)
			return false;
		access = len && octet(p, at + HEAD + 1) & RANDOM_ACCESS;
	}
	if (!(octet(p, at + 1) & UNIT_START) || !(control & PAYLOAD) || control & SCRAMBLED)
		return true;
	if (payload + PES_HEAD > CELL || !video_begins(p, at + payload))
		return true;
	said->start = true;
	if (said->class != CLASS_KEY)
		said->class = access ? CLASS_KEY : CLASS_BASE;
	return true;
}

void mpegts_recognise(const struct octets *payload, struct said *said)
{
	size_t at = 0;

	*said = (struct said){ 0 };
	for (; payload->len - at >= CELL && octet(payload, at) == SYNC; at += CELL)
		if (!cell(payload, at, said)) {
			said_implausible(said, false);
			return;
		}
	if (!at)
		said_implausible(said, false);
}
