/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "payload.h"
#include "process.h"
#include "tapped.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct reading reading;
static uint64_t serial; /* no two packets of a run are alike, as with authentication tags */

static void start(void)
{
	reading_defaults(&reading);
	for (unsigned i = 0; i < FORMAT_COUNT; i++)
		reading.format[96 + i] = (uint8_t)i;
	reading.dd_id = 1;
	reading.framemark_id = 2;
	REQUIRE(process_start() == 0 && tapped_start(&reading, 16) == 0);
	process_is_new();
}

/* What is in the packet that is being built. */
struct building {
	enum tapped_kind kind;
	uint32_t stream;
};

/* The packet is done: len octets, the last of which are its own. */
static void done(const void *conn, struct building *b, const uint8_t *data, size_t len)
{
	uint8_t packet[64 + 8];
	struct tapped tapped;
	struct pieces parts;

	len = len < 64 ? len : 64;
	memcpy(packet, data, len);
	serial++;
	memcpy(packet + len, &serial, sizeof serial);
	tapped_done(conn, packet, len + sizeof serial);
	parts = pieces_cut(packet, len + sizeof serial, len, 3);
	REQUIRE(tapped_packet(&parts.all, &tapped));
	REQUIRE(b->kind == TAPPED_DATAGRAM ? tapped.kind == TAPPED_DATAGRAM || tapped.kind == TAPPED_FRAME : tapped.kind == b->kind);
	REQUIRE(b->kind != TAPPED_STREAM || tapped.stream == b->stream);
	REQUIRE(tapped.kind != TAPPED_FRAME || (tapped.said.class < CLASS_COUNT && tapped.media <= MEDIA_MPEGTS));
	pieces_free(&parts);
	tapped_done(conn, packet, 3); /* too short to be known again */
	b->kind = TAPPED_NOTHING;
}

static void srtp(const uint8_t *data, size_t len)
{
	struct pieces whole = pieces_whole(data, len);
	struct tap_note note;
	struct said said;
	enum media media;
	struct rtp rtp;

	if (tapped_read(whole.n ? whole.piece[0].iov_base : NULL, len, &note)) {
		tapped_keep(&note);
		REQUIRE(rtp_recognise(&whole.all, &rtp) && tapped_rtp(&rtp, &said, &media));
		REQUIRE(said.class < CLASS_COUNT && media <= MEDIA_MPEGTS);
		rtp.ts++;
		REQUIRE(!tapped_rtp(&rtp, &said, &media));
	}
	pieces_free(&whole);
}

/* Calls of a QUIC writer and of SRTP, in any order: each an octet for what, one for the connection, one for a length. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char conn[2];
	struct building b[2] = { { TAPPED_NOTHING, 0 }, { TAPPED_NOTHING, 0 } };

	if (!serial)
		start();
	done(&conn[0], &b[0], data, 0);
	done(&conn[1], &b[1], data, 0);
	while (size > 3) {
		size_t len = data[2] < size - 3 ? data[2] : size - 3;
		unsigned c = data[1] & 1;
		struct pieces parts = pieces_cut(data + 3, len, data[1] >> 1, data[1] & 2 ? 7 : 0);

		switch (data[0] % 4) {
		case 0:
			tapped_put_stream(&conn[c], data[1]);
			if (b[c].kind == TAPPED_NOTHING)
				b[c] = (struct building){ TAPPED_STREAM, data[1] };
			break;
		case 1:
			tapped_put_datagram(&conn[c], parts.piece, parts.n);
			if (b[c].kind == TAPPED_NOTHING)
				b[c].kind = TAPPED_DATAGRAM;
			break;
		case 2: done(&conn[c], &b[c], data + 3, len); break;
		default: srtp(data + 3, len);
		}
		pieces_free(&parts);
		data += 3 + len;
		size -= 3 + len;
	}
	done(&conn[0], &b[0], data, 0);
	done(&conn[1], &b[1], data, 0);
	return 0;
}
