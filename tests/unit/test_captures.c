/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first */
#include <cmocka.h>
#include <stdio.h>

#include "classify.h"
#include "mdu.h"
#include "pieces.h"

/* --- Reading: classic pcap, written on this byte order, Ethernet, IPv4 or IPv6 without extension headers, UDP  */

struct datagram {
	uint16_t from, to; /* ports */
	uint8_t *data;
	size_t len;
};

struct capture {
	uint8_t *file;
	size_t n;
	struct datagram datagram[400];
};

static uint32_t host32(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof value);
	return value;
}

static uint16_t net16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static struct datagram of_frame(uint8_t *frame)
{
	uint8_t *ip = frame + 14, *udp = net16(frame + 12) == 0x0800 ? ip + 4 * (ip[0] & 15) : ip + 40;

	return (struct datagram){ net16(udp), net16(udp + 2), udp + 8, net16(udp + 4) - 8u };
}

static struct capture *open_capture(const char *name)
{
	struct capture *c = calloc(1, sizeof *c);
	size_t size = 1 << 20, got;
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "tests/captures/%s.pcap", name);
	f = fopen(path, "rb");
	assert_non_null(f);
	assert_non_null(c);
	c->file = malloc(size);
	assert_non_null(c->file);
	got = fread(c->file, 1, size, f);
	fclose(f);
	assert_int_equal(host32(c->file), 0xA1B2C3D4);
	assert_int_equal(host32(c->file + 20), 1);
	for (size_t at = 24; at < got; at += 16 + host32(c->file + at + 8)) {
		assert_true(c->n < sizeof c->datagram / sizeof c->datagram[0]);
		c->datagram[c->n++] = of_frame(c->file + at + 16);
	}
	return c;
}

static void close_capture(struct capture *c)
{
	free(c->file);
	free(c);
}

/* --- Running one stream through the rooms ---------------------------------------------------------- */

enum { KEYS = 4 };

/* What is known of one stream. Numbers without another remark are from tshark 4.0 (fields rtp.timestamp, rtp.marker and
 * rtp.p_type). */
struct truth {
	const char *name;
	uint16_t to;          /* destination port */
	uint8_t payload_type;
	enum format format;
	enum protection protection;
	bool encrypted;
	unsigned packets, pictures, ends;
	unsigned keys;
	unsigned key[KEYS];   /* pictures, counted from 0 */
	enum class rest;      /* class of all other pictures */
};

struct run {
	const struct truth *truth;
	struct reading reading;
	struct plausible plausible;
	struct dd_structure structure;
	struct mdu_flow flow;
	struct mdu_stream stream;
	uint32_t last_ts;
	bool last_marker;
	unsigned packets, ends;
	uint8_t counter;
	enum class class[400]; /* of each picture, after its last packet */
};

/* Reads the packet as its sender gave it and once more in other pieces; both must agree. */
static bool read_packet(struct run *run, const struct datagram *d, struct rtp *rtp, struct mdu_in *in)
{
	struct pieces whole = pieces_whole(d->data, d->len), cut = pieces_cut(d->data, d->len, 12, 3);
	struct plausible plausible = run->plausible;
	struct dd_structure structure = run->structure;
	const struct truth *t = run->truth;
	struct said said;
	struct rtp again;
	bool ours;

	assert_int_equal(classify_first(&whole.all, false), PROTO_RTP);
	ours = rtp_recognise(&whole.all, rtp) && rtp->payload_type == t->payload_type;
	assert_true(rtp_recognise(&cut.all, &again));
	if (ours) {
		in->media = classify_rtp(rtp, &run->reading, t->protection, t->encrypted, &run->plausible, &run->structure,
			&in->said);
		assert_int_equal(classify_rtp(&again, &run->reading, t->protection, t->encrypted, &plausible, &structure,
			&said), in->media);
		assert_int_equal(said.class, in->said.class);
		assert_int_equal(said.start, in->said.start);
		assert_int_equal(said.end, in->said.end);
		assert_int_equal(said.has_layer, in->said.has_layer);
		assert_int_equal(said.layer, in->said.layer);
		assert_int_equal(again.seq, rtp->seq);
		in->ts = rtp->ts;
	}
	pieces_free(&whole);
	pieces_free(&cut);
	return ours;
}

/* An MDU opens where the timestamp changes; the roles follow from that and from the marker. */
static void check_video(struct run *run, const struct rtp *rtp, const struct mdu_out *out)
{
	bool changes = !run->packets || rtp->ts != run->last_ts;
	enum role role = changes ? rtp->marker ? ROLE_ONLY : ROLE_START : rtp->marker ? ROLE_END : ROLE_MIDDLE;

	assert_int_equal(out->opened, changes);
	assert_int_equal(out->role, role);
	assert_int_equal(out->counter, (uint8_t)(run->flow.first + run->flow.n - 1));
	/* These senders set the marker on every picture's last packet and nowhere else. */
	if (run->packets)
		assert_int_equal(changes, run->last_marker);
}

static void step(struct run *run, const struct rtp *rtp, const struct mdu_in *in)
{
	struct mdu_out out;

	mdu_step(&run->flow, &run->stream, 4, in, &out);
	if (in->media == MEDIA_VIDEO)
		check_video(run, rtp, &out);
	run->last_ts = rtp->ts;
	run->last_marker = rtp->marker;
	run->packets++;
	run->ends += in->said.end;
	run->class[run->flow.n - 1] = out.class;
}

static void run_stream(struct run *run, const struct truth *truth)
{
	struct capture *c = open_capture(truth->name);

	*run = (struct run){ .truth = truth, .flow.first = 250 };
	reading_defaults(&run->reading);
	run->reading.format[truth->payload_type] = (uint8_t)truth->format;
	for (size_t i = 0; i < c->n; i++) {
		const struct datagram *d = &c->datagram[i];
		struct octets head = octets_of(&(struct iovec){ d->data, 2 }, 1);
		struct mdu_in in = { 0 };
		struct rtp rtp;

		if (d->to == truth->to && classify_first(&head, false) == PROTO_RTP && read_packet(run, d, &rtp, &in))
			step(run, &rtp, &in);
	}
	close_capture(c);
	assert_int_equal(run->packets, truth->packets);
	assert_int_equal(run->flow.n, truth->pictures);
	assert_int_equal(run->ends, truth->ends);
}

static bool is_key(const struct truth *truth, unsigned picture)
{
	for (unsigned i = 0; i < truth->keys; i++)
		if (truth->key[i] == picture)
			return true;
	return false;
}

static void stream_is_as_known(void **state)
{
	const struct truth *truth = *state;
	struct run run;

	run_stream(&run, truth);
	for (unsigned i = 0; i < truth->pictures; i++)
		assert_int_equal(run.class[i], is_key(truth, i) ? CLASS_KEY : truth->rest);
}

static struct truth streams[] = {
	/* Keys: pictures with NAL units 5, 7 or 8 by tshark's dissector; GStreamer's depayloader (buffers without the
	 * delta-unit flag) says the same. */
	{ "gst-h264", 5004, 96, FORMAT_H264, PROTECTION_AUTO, false, 300, 33, 32, 3, { 0, 12, 24 }, CLASS_BASE },
	/* Keys: ffprobe 5.1 on the depayloaded stream. */
	{ "ffmpeg-h264-rtcp", 5004, 96, FORMAT_H264, PROTECTION_AUTO, false, 259, 38, 38, 2, { 0, 30 }, CLASS_BASE },
	/* Keys: tshark's h265 dissector: picture 0 is IDR_N_LP (20) behind parameter sets, picture 30 CRA (21). */
	{ "gst-h265", 5004, 97, FORMAT_H265, PROTECTION_AUTO, false, 243, 31, 30, 2, { 0, 30 }, CLASS_BASE },
	/* Keys: tshark's vp8 dissector (vp8.hdr.frametype) and GStreamer's depayloader. */
	{ "gst-vp8", 5004, 98, FORMAT_VP8, PROTECTION_AUTO, false, 243, 42, 42, 2, { 0, 30 }, CLASS_BASE },
	{ "gst-bundle-vp8-opus-rtcp", 5004, 98, FORMAT_VP8, PROTECTION_AUTO, false, 220, 48, 47, 2, { 0, 30 }, CLASS_BASE },
	/* Keys: GStreamer's depayloader, as far as the capture holds whole pictures; picture 60 is cut off, and P of its
	 * descriptors is 0. */
	{ "gst-vp9", 5004, 99, FORMAT_VP9, PROTECTION_AUTO, false, 243, 61, 60, 3, { 0, 30, 60 }, CLASS_BASE },
	/* Every picture counts as a key: FFmpeg never sets P. Only two begin with a key frame's header (82 49 83). */
	{ "ffmpeg-vp9-rtcp", 5004, 96, FORMAT_VP9, PROTECTION_AUTO, false, 259, 60, 59, 0, { 0 }, CLASS_KEY },
	/* Keys: ffprobe on the OBUs put together again (into IVF) by a script: one key frame in the 37 whole pictures. */
	{ "chromium-plain-av1", 57440, 45, FORMAT_AV1, PROTECTION_AUTO, false, 196, 38, 37, 1, { 0 }, CLASS_BASE },
	/* Nothing but header and marker where the payload is encrypted. */
	{ "chromium-dtls-srtp-vp8", 56253, 96, FORMAT_VP8, PROTECTION_AUTO, true, 155, 39, 38, 0, { 0 }, CLASS_UNKNOWN },
	{ "gst-srtp-h264", 5004, 96, FORMAT_H264, PROTECTION_SRTP, false, 300, 32, 31, 0, { 0 }, CLASS_UNKNOWN },
	/* A payload type nobody configured is video of unknown format. */
	{ "gst-h264", 5004, 96, FORMAT_UNKNOWN, PROTECTION_CLEAR, false, 300, 33, 32, 0, { 0 }, CLASS_UNKNOWN },
	/* Every packet of audio or repair is an MDU. */
	{ "gst-opus", 5004, 111, FORMAT_AUDIO, PROTECTION_AUTO, false, 197, 197, 0, 0, { 0 }, CLASS_AUDIO },
	{ "gst-bundle-vp8-opus-rtcp", 5004, 111, FORMAT_AUDIO, PROTECTION_AUTO, false, 78, 78, 0, 0, { 0 }, CLASS_AUDIO },
	{ "chromium-plain-av1", 57440, 111, FORMAT_AUDIO, PROTECTION_AUTO, false, 76, 76, 0, 0, { 0 }, CLASS_AUDIO },
	{ "chromium-plain-av1", 57440, 46, FORMAT_RTX, PROTECTION_AUTO, false, 4, 4, 0, 0, { 0 }, CLASS_REPAIR },
	/* 33 video PES packets by ffprobe, three of them with its K flag. */
	{ "gst-mp2t", 5004, 33, FORMAT_MPEGTS, PROTECTION_AUTO, false, 196, 33, 0, 3, { 0, 12, 24 }, CLASS_BASE },
};

/* The packets with a cell whose PES packet begins, found by a script that reads only PID 0x41's unit start bit. */
static void transport_stream_opens_an_mdu_at_each_pes_packet(void **state)
{
	static const unsigned starts[] = { 0, 10, 17, 24, 31, 36, 42, 48, 54, 60, 66, 72, 78, 85, 91, 97, 103, 109, 115, 121,
		127, 132, 137, 143, 148, 156, 161, 167, 172, 178, 183, 189, 195 };
	struct capture *c = open_capture("gst-mp2t");
	unsigned next = 0;

	(void)state;
	for (unsigned i = 0; i < c->n; i++) {
		struct octets all = octets_of(&(struct iovec){ c->datagram[i].data, c->datagram[i].len }, 1);
		struct said said;
		struct rtp rtp;

		assert_true(rtp_recognise(&all, &rtp));
		said = mpegts_recognise(&rtp.payload);
		assert_int_equal(said.start, next < 33 && starts[next] == i);
		assert_int_equal(said.end, 0);
		next += said.start;
	}
	close_capture(c);
}

/* The keys of this stream came by a side channel: nothing on the socket says that it is encrypted. The ninth payload
 * with the forbidden bit is the twelfth. */
static void plausibility_finds_encryption(void **state)
{
	static const struct truth truth = { "gst-srtp-h264", 5004, 96, FORMAT_H264, PROTECTION_AUTO, false, 300, 32, 31, 0,
		{ 0 }, CLASS_UNKNOWN };
	struct run run;
	unsigned wrong = 0;

	(void)state;
	run_stream(&run, &truth);
	assert_int_equal(run.plausible.implausible, 9);
	assert_true(run.plausible.parsed <= 12);
	for (unsigned i = 0; i < run.flow.n; i++)
		wrong += run.class[i] != CLASS_UNKNOWN;
	/* The pictures that began in the first twelve packets may have been taken for something; no other one. */
	assert_true(wrong <= 2);
	for (unsigned i = 2; i < run.flow.n; i++)
		assert_int_equal(run.class[i], CLASS_UNKNOWN);
}

/* Nearly any octets can be read as VP8; what gives these away are bits that senders leave alone. */
static void plausibility_finds_encrypted_vp8(void **state)
{
	static const struct truth truth = { "chromium-dtls-srtp-vp8", 56253, 96, FORMAT_VP8, PROTECTION_AUTO, false, 155, 39, 38,
		0, { 0 }, CLASS_UNKNOWN };
	struct run run;

	(void)state;
	run_stream(&run, &truth);
	assert_int_equal(run.plausible.implausible, 9);
	assert_true(run.plausible.parsed <= 16);
	for (unsigned i = 6; i < run.flow.n; i++)
		assert_int_equal(run.class[i], CLASS_UNKNOWN);
}

/* By the first two octets: the rows of RFC 9443, in the order of enum protocol; then how many are taken for RTP in the
 * end. Counted by a script of its own. */
struct census {
	const char *name;
	uint16_t turn_port; /* datagrams to this port go to a TURN server */
	unsigned of[PROTO_RTP + 1], rtp;
};

static struct census censuses[] = {
	{ "chromium-plain-av1", 0,
		{ [PROTO_STUN] = 24, [PROTO_RTCP] = 30, [PROTO_RTP] = 276 }, 276 },
	{ "chromium-dtls-srtp-vp8", 0,
		{ [PROTO_STUN] = 34, [PROTO_DTLS] = 6, [PROTO_RTCP] = 30, [PROTO_RTP] = 260 }, 260 },
	{ "gst-bundle-vp8-opus-rtcp", 0, { [PROTO_RTCP] = 2, [PROTO_RTP] = 298 }, 298 },
	{ "ffmpeg-h264-rtcp", 0, { [PROTO_RTCP] = 1, [PROTO_RTP] = 259 }, 259 },
	{ "ffmpeg-vp9-rtcp", 0, { [PROTO_RTCP] = 1, [PROTO_RTP] = 259 }, 259 },
	/* Without a configured TURN server, ChannelData is a QUIC short header (and native on a socket without QUIC). */
	{ "coturn-channeldata", 0, { [PROTO_STUN] = 92, [PROTO_QUIC_SHORT] = 238 }, 0 },
	{ "coturn-channeldata", 3478, { [PROTO_STUN] = 92, [PROTO_CHANNEL] = 120, [PROTO_QUIC_SHORT] = 118 }, 0 },
	/* A trap: 57 SRT control packets begin with 0x80, have 16 octets or more, and pass for RTP; the data, which begin
	 * with a sequence number, pass for DTLS. Only the route keeps them apart. */
	{ "srt-mpegts", 0, { [PROTO_DTLS] = 143, [PROTO_RTP] = 57 }, 57 },
	/* A trap: the QUIC bit is greased (RFC 9287), so that 23 of 214 short headers fall into other rows. */
	{ "quic-ngtcp2", 0, { [PROTO_NONE] = 10, [PROTO_STUN] = 4, [PROTO_ZRTP] = 2, [PROTO_DTLS] = 6,
		[PROTO_QUIC_LONG] = 6, [PROTO_QUIC_SHORT] = 191, [PROTO_RTP] = 1 }, 1 },
};

static void first_octets_are_as_counted(void **state)
{
	const struct census *census = *state;
	struct capture *c = open_capture(census->name);
	unsigned of[PROTO_RTP + 1] = { 0 }, taken = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct datagram *d = &c->datagram[i];
		struct octets all = octets_of(&(struct iovec){ d->data, d->len }, 1);
		enum protocol protocol = classify_first(&all, census->turn_port && d->to == census->turn_port);
		struct rtp rtp;

		of[protocol]++;
		taken += protocol == PROTO_RTP && rtp_recognise(&all, &rtp);
	}
	close_capture(c);
	for (unsigned i = 0; i <= PROTO_RTP; i++)
		assert_int_equal(of[i], census->of[i]);
	assert_int_equal(taken, census->rtp);
}

/* Elements 2 and 4 are in every packet of this session, 4 with two octets; 3, 7, 8 and 9 come now and then
 * (tshark: rtp.ext.rfc5285.id). */
static void extension_elements_are_found(void **state)
{
	static const unsigned expected[10] = { [2] = 196, [3] = 1, [4] = 196, [7] = 9, [8] = 1, [9] = 46 };
	struct capture *c = open_capture("chromium-plain-av1");
	unsigned found[10] = { 0 };

	(void)state;
	for (size_t i = 0; i < c->n; i++) {
		const struct datagram *d = &c->datagram[i];
		struct octets all = octets_of(&(struct iovec){ d->data, d->len }, 1), element;
		struct rtp rtp;

		if (classify_first(&all, false) != PROTO_RTP || !rtp_recognise(&all, &rtp) || rtp.payload_type != 45)
			continue;
		assert_int_equal(rtp.profile, 0xBEDE);
		for (unsigned id = 1; id < 10; id++)
			found[id] += ext_find(&rtp, id, &element);
		assert_true(ext_find(&rtp, 4, &element));
		assert_int_equal(element.len, 2);
	}
	close_capture(c);
	for (unsigned id = 1; id < 10; id++)
		assert_int_equal(found[id], expected[id]);
}

enum { STREAMS = sizeof streams / sizeof streams[0], CENSUSES = sizeof censuses / sizeof censuses[0] };

int main(void)
{
	static char name[STREAMS + CENSUSES][80];
	struct CMUnitTest tests[STREAMS + CENSUSES + 3] = {
		cmocka_unit_test(transport_stream_opens_an_mdu_at_each_pes_packet),
		cmocka_unit_test(plausibility_finds_encryption),
		cmocka_unit_test(plausibility_finds_encrypted_vp8),
		cmocka_unit_test(extension_elements_are_found),
	};
	size_t n = 3;

	for (size_t i = 0; i < STREAMS; i++, n++) {
		snprintf(name[n - 3], sizeof name[0], "%s, payload type %u, format %d", streams[i].name,
			streams[i].payload_type, (int)streams[i].format);
		tests[n] = (struct CMUnitTest){ name[n - 3], stream_is_as_known, NULL, NULL, &streams[i] };
	}
	for (size_t i = 0; i < CENSUSES; i++, n++) {
		snprintf(name[n - 3], sizeof name[0], "%s, protocols by first octet%s", censuses[i].name,
			censuses[i].turn_port ? ", TURN server known" : "");
		tests[n] = (struct CMUnitTest){ name[n - 3], first_octets_are_as_counted, NULL, NULL, &censuses[i] };
	}
	return _cmocka_run_group_tests("captures", tests, n, NULL, NULL);
}
