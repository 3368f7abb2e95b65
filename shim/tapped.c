/* SPDX-License-Identifier: BSD-3-Clause */
#include "tapped.h"

#include <string.h>
#include <time.h>

#include "table.h"

enum { TAG = 8 }; /* octets of a QUIC packet's end that it is known by */

/* First word of a note: kind, media, class and flags, layer, frame. It is never 0. */
enum {
	KIND_SHIFT = 0,
	MEDIA_SHIFT = 4,
	CLASS_SHIFT = 8,
	LAYER_SHIFT = 16,
	FRAME_SHIFT = 32,
	URGENCY_SHIFT = MEDIA_SHIFT, /* of a stream */
	START = 1 << 24,
	END = 1 << 25,
	IMPLAUSIBLE = 1 << 26,
	HAS_LAYER = 1 << 27,
	HAS_FRAME = 1 << 28
};

/* What is remembered of an SSRC that is encrypted. */
struct source {
	struct slot slot;
	uint32_t ssrc;
	_Atomic uint8_t busy;    /* a thread reads or changes what follows */
	struct plausible plausible;
};

/* And the structure of its dependency descriptors; under busy of the above. */
struct described {
	struct slot slot;
	uint32_t ssrc;
	struct dd_structure structure;
};

enum { DESCRIBED_MOST = 4096 };

struct notes tapped_srtp, tapped_quic;
static struct notes building; /* by connection */
static struct notes servers;  /* HTTP/3, by connection: 1 a client's, 2 a server's */
static struct table sources, described;
static const struct reading *reading;

static bool equal(const void *record, const void *key)
{
	return ((const struct source *)record)->ssrc == *(const uint32_t *)key;
}

static void fill(void *record, const void *argument)
{
	((struct source *)record)->ssrc = *(const uint32_t *)argument;
}

static bool described_equal(const void *record, const void *key)
{
	return ((const struct described *)record)->ssrc == *(const uint32_t *)key;
}

static void described_fill(void *record, const void *argument)
{
	((struct described *)record)->ssrc = *(const uint32_t *)argument;
}

int tapped_start(const struct reading *how, uint32_t ssrcs)
{
	int err = table_make(&sources, ssrcs, sizeof(struct source), equal, NULL);

	reading = how;
	if (!err && how->dd_id)
		err = table_make(&described, ssrcs < DESCRIBED_MOST ? ssrcs : DESCRIBED_MOST, sizeof(struct described),
			described_equal, NULL);
	if (!err)
		err = notes_make(&tapped_srtp);
	if (!err)
		err = notes_make(&tapped_quic);
	if (!err)
		err = notes_make(&building);
	return err || !tapped_urgency ? err : notes_make(&servers);
}

/* --- One note ---------------------------------------------------------------------------------------------------------- */

static uint64_t pack(enum tapped_kind kind, enum media media, const struct said *said)
{
	uint32_t flags = (said->start ? START : 0) | (said->end ? END : 0) | (said->implausible ? IMPLAUSIBLE : 0) |
		(said->has_layer ? HAS_LAYER : 0) | (said->has_frame ? HAS_FRAME : 0);

	return (uint64_t)said->frame << FRAME_SHIFT | flags | (uint32_t)said->layer << LAYER_SHIFT |
		(uint32_t)said->class << CLASS_SHIFT | (uint32_t)media << MEDIA_SHIFT | (uint32_t)kind << KIND_SHIFT;
}

static void unpack(uint64_t word, enum media *media, struct said *said)
{
	*media = (enum media)(word >> MEDIA_SHIFT & 0xf);
	*said = (struct said){
		.start = word & START,
		.end = word & END,
		.implausible = word & IMPLAUSIBLE,
		.has_layer = word & HAS_LAYER,
		.has_frame = word & HAS_FRAME,
		.layer = (uint8_t)(word >> LAYER_SHIFT),
		.frame = (uint16_t)(word >> FRAME_SHIFT),
		.class = (enum class)(word >> CLASS_SHIFT & 0xff),
	};
}

/* A record of the packet's SSRC, pinned, or NULL. */
static void *of_ssrc(struct table *table, const struct rtp *rtp, void (*begin)(void *record, const void *argument),
	uint32_t now)
{
	uint32_t hash = rtp->ssrc * 0x9e3779b1u;
	void *record = table_find(table, hash, &rtp->ssrc, now);
	struct table_news news;

	return record ? record : table_add(table, hash, &rtp->ssrc, now, begin, &rtp->ssrc, &news);
}

static enum media classify_source(const struct rtp *rtp, struct source *source, uint32_t now, struct said *said)
{
	bool may_be = reading->dd_id && rtp->profile;
	struct described *of = may_be ? of_ssrc(&described, rtp, described_fill, now) : NULL;
	enum media media = classify_rtp(rtp, reading, PROTECTION_CLEAR, false, &source->plausible, of ? &of->structure : NULL,
		said);

	if (of)
		table_let_go(of);
	return media;
}

/* Of a clear packet. The state of its SSRC is one thread's at a time; another one does not wait and notes nothing. */
static bool classify(const struct rtp *rtp, struct said *said, enum media *media)
{
	struct source *source;
	struct timespec t;
	uint32_t now;
	bool mine;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	now = (uint32_t)((uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000);
	source = of_ssrc(&sources, rtp, fill, now);
	if (!source)
		return false;
	mine = !atomic_exchange_explicit(&source->busy, 1, memory_order_acquire);
	if (mine) {
		*media = classify_source(rtp, source, now, said);
		atomic_store_explicit(&source->busy, 0, memory_order_release);
	}
	table_let_go(source);
	return mine;
}

/* --- SRTP -------------------------------------------------------------------------------------------------------------- */

static uint64_t rtp_key(const struct rtp *rtp)
{
	return (uint64_t)rtp->ssrc << 32 | rtp->seq;
}

static bool read_rtp(const struct octets *packet, struct tap_note *note, enum tapped_kind kind)
{
	enum media media;
	struct said said;
	struct rtp rtp;

	if (classify_first(packet, false) != PROTO_RTP || !rtp_recognise(packet, &rtp) || !classify(&rtp, &said, &media))
		return false;
	note->key = rtp_key(&rtp);
	note->word[0] = pack(kind, media, &said);
	note->word[1] = (uint64_t)rtp.ssrc << 32 | rtp.ts;
	note->word[2] = 0;
	return true;
}

bool tapped_read(const void *packet, size_t len, struct tap_note *note)
{
	struct iovec iov = { (void *)(uintptr_t)packet, len };
	struct octets octets = octets_of(&iov, 1);

	return read_rtp(&octets, note, TAPPED_FRAME);
}

void tapped_keep(const struct tap_note *note)
{
	notes_put(&tapped_srtp, note->key, note->word);
}

bool tapped_rtp(const struct rtp *rtp, struct said *said, enum media *media)
{
	uint64_t word[NOTE_WORDS];

	if (!notes_find(&tapped_srtp, rtp_key(rtp), word) || word[1] != ((uint64_t)rtp->ssrc << 32 | rtp->ts))
		return false;
	unpack(word[0], media, said);
	return true;
}

/* --- QUIC -------------------------------------------------------------------------------------------------------------- */

static uint64_t conn_key(const void *conn)
{
	return (uint64_t)(uintptr_t)conn;
}

static bool begun(const void *conn, uint64_t word[NOTE_WORDS])
{
	return notes_any(&building) && notes_find(&building, conn_key(conn), word) && word[0] != TAPPED_NOTHING;
}

/* --- Urgency of HTTP/3 streams ----------------------------------------------------------------------------------------- */

enum { CLIENT = 1, SERVER, URGENCY_MAX = 7 };

bool tapped_urgency;

/* The stream this thread writes next. */
static _Thread_local int64_t next_stream;
static _Thread_local uint8_t next_urgency; /* of it, and 1 */

void tapped_http3(const void *conn, bool server)
{
	const uint64_t word[NOTE_WORDS] = { server ? SERVER : CLIENT, 0, 0 };

	notes_put(&servers, conn_key(conn), word);
}

bool tapped_http3_server(const void *conn)
{
	uint64_t word[NOTE_WORDS];

	return notes_any(&servers) && notes_find(&servers, conn_key(conn), word) && word[0] == SERVER;
}

void tapped_urgent(int64_t stream, uint32_t urgency)
{
	next_stream = stream;
	next_urgency = (uint8_t)(stream >= 0 && urgency <= URGENCY_MAX ? urgency + 1 : 0);
}

static uint64_t urgency_of(int64_t stream)
{
	uint64_t urgency = next_urgency && next_stream == stream ? next_urgency : 0;

	next_urgency = 0;
	return urgency;
}

void tapped_put_stream(const void *conn, int64_t stream)
{
	uint64_t word[NOTE_WORDS], urgency = urgency_of(stream);

	if (begun(conn, word))
		return;
	word[0] = TAPPED_STREAM | urgency << URGENCY_SHIFT;
	word[1] = (uint64_t)stream;
	word[2] = 0;
	notes_put(&building, conn_key(conn), word);
}

/* RTP over QUIC puts the flow's identifier before the packet, a number of 1, 2, 4 or 8 octets (RFC 9000, section 16). */
static bool read_frame(const struct octets *datagram, struct tap_note *note)
{
	struct octets packet;

	if (!datagram->len)
		return false;
	packet = octets_from(datagram, (size_t)1 << (octet(datagram, 0) >> 6));
	return read_rtp(&packet, note, TAPPED_FRAME);
}

void tapped_put_datagram(const void *conn, const struct iovec *data, size_t n)
{
	struct octets datagram = octets_of(data, n);
	struct tap_note note = { .key = 0 };
	uint64_t word[NOTE_WORDS];

	if (begun(conn, word))
		return;
	if (!read_frame(&datagram, &note)) {
		note.word[0] = TAPPED_DATAGRAM;
		note.word[1] = note.word[2] = 0;
	}
	notes_put(&building, conn_key(conn), note.word);
}

static uint64_t tag_of(const struct octets *packet)
{
	uint64_t tag = 0;

	for (size_t i = packet->len - TAG; i < packet->len; i++)
		tag = tag << 8 | octet(packet, i);
	return tag;
}

void tapped_done(const void *conn, const uint8_t *packet, size_t len)
{
	struct iovec iov = { (void *)(uintptr_t)packet, len };
	uint64_t word[NOTE_WORDS] = { TAPPED_NOTHING, 0, 0 };
	const uint64_t none[NOTE_WORDS] = { TAPPED_NOTHING, 0, 0 };
	struct octets octets = octets_of(&iov, 1);

	if (begun(conn, word))
		notes_put(&building, conn_key(conn), none);
	else
		memcpy(word, none, sizeof(word));
	if (len < TAG)
		return;
	word[2] = len;
	notes_put(&tapped_quic, tag_of(&octets), word);
}

bool tapped_packet(const struct octets *datagram, struct tapped *tapped)
{
	uint64_t word[NOTE_WORDS];

	if (datagram->len < TAG || !notes_find(&tapped_quic, tag_of(datagram), word) || word[2] != datagram->len)
		return false;
	tapped->kind = (enum tapped_kind)(word[0] >> KIND_SHIFT & 0xf);
	tapped->stream = (uint32_t)(tapped->kind == TAPPED_FRAME ? word[1] >> 32 : word[1]);
	tapped->ts = (uint32_t)word[1];
	tapped->urgency = tapped->kind == TAPPED_STREAM ? (uint8_t)(word[0] >> URGENCY_SHIFT & 0xf) : 0;
	unpack(word[0], &tapped->media, &tapped->said);
	return true;
}
