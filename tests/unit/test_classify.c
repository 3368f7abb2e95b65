/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "vectors.h"

#include "classify.h"
#include "pieces.h"

/* --- demux.json ------------------------------------------------------------------------------------------------------- */

static const char *const protocols[] = {
	[PROTO_NONE] = "DROP", [PROTO_STUN] = "STUN", [PROTO_ZRTP] = "ZRTP", [PROTO_DTLS] = "DTLS", [PROTO_CHANNEL] = "TURN",
	[PROTO_RTCP] = "RTCP", [PROTO_QUIC_LONG] = "QUIC", [PROTO_QUIC_SHORT] = "QUIC", [PROTO_RTP] = "RTP",
};

static const char *treatment(enum protocol protocol)
{
	return protocol == PROTO_RTP ? "media" : protocol == PROTO_QUIC_SHORT ? "quic" : "native";
}

static void demux(void **state)
{
	const struct vector_case *c = *state;
	uint8_t data[2] = { (uint8_t)vec_int(c->in, "first"), (uint8_t)vec_int(c->in, "second") };

	for (size_t cut = 0; cut <= sizeof data; cut++) {
		struct pieces p = pieces_cut(data, sizeof data, cut, 0);
		enum protocol protocol = classify_first(&p.all, vec_bool(c->in, "turn_server"));

		assert_string_equal(protocols[protocol], vec_text(c->out, "protocol"));
		assert_string_equal(treatment(protocol), vec_text(c->out, "treatment"));
		pieces_free(&p);
	}
}

/* --- classifier.json -------------------------------------------------------------------------------------------------- */

static const char *const classes[CLASS_COUNT] = { "unknown", "discardable", "enhancement", "base", "key", "audio", "repair" };

/* How a case is put to the recognisers. */
struct question {
	const char *codec;
	bool marker;
	const struct highest *highest; /* NULL: nothing is known */
	const struct dd_structure *structure;
};

struct answer {
	bool there;
	struct said said;
	int spatial, temporal;
	struct highest highest;
	bool known;
};

static struct answer ask(const struct question *q, const struct octets *o)
{
	struct answer a = { .there = true, .spatial = -1, .temporal = -1 };
	struct highest *highest = q->highest ? &a.highest : NULL;
	struct dd_structure structure = *q->structure;

	if (q->highest)
		a.highest = *q->highest;
	if (!strcmp(q->codec, "vp8"))
		vp8_recognise(o, q->marker, &a.said);
	else if (!strcmp(q->codec, "vp9"))
		vp9_recognise(o, q->marker, highest, &a.said);
	else if (!strcmp(q->codec, "h264"))
		h264_recognise(o, q->marker, &a.said);
	else if (!strcmp(q->codec, "h265"))
		h265_recognise(o, q->marker, false, highest, &a.said);
	else if (!strcmp(q->codec, "av1"))
		av1_recognise(o, q->marker, &a.said);
	else if (!strcmp(q->codec, "mpegts"))
		mpegts_recognise(o, &a.said);
	else if (!strcmp(q->codec, "fm"))
		a.there = framemark_recognise(o, &a.said);
	else if (!strcmp(q->codec, "dd"))
		a.there = dd_recognise(o, &structure, &a.said, &a.spatial, &a.temporal);
	else
		fail_msg("no such codec: %s", q->codec);
	a.known = structure.known;
	return a;
}

static void assert_same_answer(const struct answer *a, const struct answer *b)
{
	assert_int_equal(a->there, b->there);
	assert_int_equal(a->known, b->known);
	if (!a->there)
		return;
	assert_int_equal(a->said.start, b->said.start);
	assert_int_equal(a->said.end, b->said.end);
	assert_int_equal(a->said.implausible, b->said.implausible);
	assert_int_equal(a->said.has_layer, b->said.has_layer);
	assert_int_equal(a->said.layer, b->said.layer);
	assert_int_equal(a->said.has_frame, b->said.has_frame);
	assert_int_equal(a->said.frame, b->said.frame);
	assert_int_equal(a->said.class, b->said.class);
	assert_int_equal(a->spatial, b->spatial);
	assert_int_equal(a->temporal, b->temporal);
	assert_int_equal(a->highest.tid, b->highest.tid);
	assert_int_equal(a->highest.sid, b->highest.sid);
}

static struct answer ask_cut(const struct question *q, const uint8_t *data, size_t len, size_t first, size_t step)
{
	struct pieces p = pieces_cut(data, len, first, step);
	struct answer a = ask(q, &p.all);

	pieces_free(&p);
	return a;
}

/* Two pieces at every octet, and every octet a piece of its own: the answer stays. */
static void assert_any_cut(const struct question *q, struct blob b, const struct answer *whole)
{
	struct answer cut;

	for (size_t at = 0; at < b.len; at++) {
		cut = ask_cut(q, b.at, b.len, at, 0);
		assert_same_answer(whole, &cut);
	}
	cut = ask_cut(q, b.at, b.len, 0, 1);
	assert_same_answer(whole, &cut);
}

/* Every truncation has an answer; the blocks have exactly its size. What is implausible says nothing but its marker. */
static void assert_any_truncation(const struct question *q, struct blob b)
{
	for (size_t len = 0; len < b.len; len++) {
		struct answer whole = ask_cut(q, b.at, len, len, 0), cut = ask_cut(q, b.at, len, len / 2, 0);

		assert_same_answer(&whole, &cut);
		assert_true(whole.said.class <= CLASS_KEY);
		if (whole.there && whole.said.implausible) {
			assert_int_equal(whole.said.class, CLASS_UNKNOWN);
			assert_false(whole.said.start);
			assert_int_equal(whole.said.end, strcmp(q->codec, "mpegts") ? q->marker : 0);
		}
	}
}

static void assert_result(const struct answer *a, const json_t *result)
{
	if (json_is_null(result)) {
		assert_false(a->there);
		return;
	}
	assert_true(a->there);
	assert_int_equal(a->said.start, vec_int(result, "start"));
	assert_int_equal(a->said.end, vec_int(result, "end"));
	assert_string_equal(classes[a->said.class], vec_text(result, "class"));
	assert_int_equal(a->said.has_frame, json_object_get(result, "frame") != NULL);
	assert_int_equal(a->said.frame, vec_int_or(result, "frame", 0));
	assert_int_equal(a->spatial, vec_int_or(result, "s", -1));
	assert_int_equal(a->temporal, vec_int_or(result, "t", -1));
}

static void recognise(void **state)
{
	const struct vector_case *c = *state;
	struct blob from = vec_octets(c->in, "structure_from");
	struct blob b = vec_octets(c->in, json_object_get(c->in, "payload") ? "payload" : "element");
	struct highest highest = { (uint8_t)vec_int_or(c->in, "max_tid", 0), (uint8_t)vec_int_or(c->in, "max_sid", 0), true };
	struct dd_structure structure = { 0 };
	struct question q = { vec_text(c->in, "codec"), vec_int_or(c->in, "marker", 0),
		json_object_get(c->in, "max_tid") ? &highest : NULL, &structure };
	struct answer a;

	if (from.at) {
		struct octets o = octets_of(&(struct iovec){ from.at, from.len }, 1);
		int spatial, temporal;
		struct said said;

		assert_true(dd_recognise(&o, &structure, &said, &spatial, &temporal));
		assert_true(structure.known);
	}
	a = ask_cut(&q, b.at, b.len, b.len, 0);
	assert_result(&a, vec_member(c->out, "result"));
	assert_any_cut(&q, b, &a);
	assert_any_truncation(&q, b);
}

/* --- Formats: what the case files leave open ------------------------------------------------------------------------------- */

static struct said payload_says(enum format format, const char *hex, bool don)
{
	struct blob b = blob_of_hex(hex);
	struct octets o = octets_of(&(struct iovec){ b.at, b.len }, 1);
	struct highest highest = { 0 };
	struct said said = { 0 };

	switch (format) {
	case FORMAT_H264:
		h264_recognise(&o, false, &said);
		break;
	case FORMAT_H265:
		h265_recognise(&o, false, don, &highest, &said);
		break;
	case FORMAT_VP9:
		vp9_recognise(&o, false, &highest, &said);
		break;
	case FORMAT_AV1:
		av1_recognise(&o, false, &said);
		break;
	default:
		fail();
	}
	return said;
}

static void assert_says(enum format format, const char *hex, bool start, enum class class, bool implausible)
{
	struct said said = payload_says(format, hex, false);

	assert_int_equal(said.start, start);
	assert_int_equal(said.class, class);
	assert_int_equal(said.implausible, implausible);
}

static void h264_fu_b_and_stap_b_have_a_don(void **state)
{
	(void)state;
	assert_says(FORMAT_H264, "7d85000188", true, CLASS_KEY, false);
	assert_says(FORMAT_H264, "7d85800108", false, CLASS_KEY, false);
	assert_says(FORMAT_H264, "7d8500", false, CLASS_UNKNOWN, true);
	assert_says(FORMAT_H264, "79000100026588", true, CLASS_KEY, false);
	assert_says(FORMAT_H264, "7900", false, CLASS_UNKNOWN, true);
}

static void h264_scalable_slices(void **state)
{
	(void)state;
	assert_says(FORMAT_H264, "74c01000aa", false, CLASS_ENHANCEMENT, false); /* dependency id 1 */
	assert_says(FORMAT_H264, "74c00020aa", false, CLASS_ENHANCEMENT, false); /* temporal id 1 */
	assert_says(FORMAT_H264, "74c00008aa", false, CLASS_DISCARDABLE, false);
	assert_says(FORMAT_H264, "14c00000aa", false, CLASS_DISCARDABLE, false); /* NRI 0 */
	assert_says(FORMAT_H264, "6ec00000", false, CLASS_BASE, false);          /* prefix alone */
	assert_says(FORMAT_H264, "74c010", false, CLASS_UNKNOWN, true);
}

static void h264_small_print(void **state)
{
	(void)state;
	assert_says(FORMAT_H264, "7c85", false, CLASS_KEY, false);             /* an empty fragment is allowed */
	assert_says(FORMAT_H264, "65", false, CLASS_UNKNOWN, true);            /* a slice without a slice header is not */
	assert_says(FORMAT_H264, "7800026588" "0000", true, CLASS_KEY, false); /* two odd octets at the end */
	assert_says(FORMAT_H264, "7800026588" "000000", false, CLASS_UNKNOWN, true);
	assert_says(FORMAT_H264, "78000009", false, CLASS_UNKNOWN, true);      /* an entry without octets */
	assert_says(FORMAT_H264, "780002e588", false, CLASS_UNKNOWN, true);    /* the forbidden bit of an entry */
	assert_says(FORMAT_H264, "1f00", false, CLASS_UNKNOWN, false);
}

static void h265_decoding_order_numbers(void **state)
{
	struct said said;

	(void)state;
	said = payload_says(FORMAT_H265, "6001" "0001" "000340010c" "00" "00032601af", true);
	assert_true(said.start && said.class == CLASS_KEY);
	said = payload_says(FORMAT_H265, "6201" "81" "0001" "af", true);
	assert_true(said.start && said.class == CLASS_BASE);
	said = payload_says(FORMAT_H265, "6201" "81" "8001" "2f", true);
	assert_true(!said.start && said.class == CLASS_BASE);
	said = payload_says(FORMAT_H265, "6201" "01" "af", true); /* only the first fragment has one */
	assert_true(!said.start && !said.implausible);
	said = payload_says(FORMAT_H265, "0201" "0001" "af", true);
	assert_true(said.start && said.class == CLASS_BASE);
	said = payload_says(FORMAT_H265, "6201" "81" "00", true);
	assert_true(said.implausible);
}

static void h265_small_print(void **state)
{
	(void)state;
	assert_says(FORMAT_H265, "620181", false, CLASS_BASE, false);                  /* an empty fragment */
	assert_says(FORMAT_H265, "0201", false, CLASS_UNKNOWN, true);                  /* a slice without a header */
	assert_says(FORMAT_H265, "4e0205", true, CLASS_UNKNOWN, false);                /* SEI of an upper temporal layer */
	assert_says(FORMAT_H265, "6001" "0003460150" "00030201d0", true, CLASS_BASE, false); /* AUD, then a slice */
	assert_says(FORMAT_H265, "6001" "00030201d0" "00", false, CLASS_UNKNOWN, true);
	assert_says(FORMAT_H265, "6001", false, CLASS_UNKNOWN, true);
	assert_says(FORMAT_H265, "6401aa", false, CLASS_UNKNOWN, false);               /* PACI */
}

static void vp9_scalability_structure(void **state)
{
	(void)state;
	assert_says(FORMAT_VP9, "0a" "10" "01400168", true, CLASS_KEY, false);   /* one size */
	assert_says(FORMAT_VP9, "0a" "10" "014001", false, CLASS_UNKNOWN, true);
	assert_says(FORMAT_VP9, "0a" "08" "02" "0401" "00", true, CLASS_KEY, false);
	assert_says(FORMAT_VP9, "0a" "08" "02" "0401", false, CLASS_UNKNOWN, true);
	assert_says(FORMAT_VP9, "0a" "08", false, CLASS_UNKNOWN, true);
	assert_says(FORMAT_VP9, "0a", false, CLASS_UNKNOWN, true);
}

static void vp9_four_references_contradict(void **state)
{
	(void)state;
	assert_says(FORMAT_VP9, "58" "030302", true, CLASS_BASE, false);
	assert_says(FORMAT_VP9, "58" "030303", false, CLASS_UNKNOWN, true);
}

static void av1_small_print(void **state)
{
	(void)state;
	assert_says(FORMAT_AV1, "00" "ffffffffffffffffff", false, CLASS_UNKNOWN, true); /* LEB128 of nine octets */
	assert_says(FORMAT_AV1, "20" "00", false, CLASS_UNKNOWN, false);                /* empty elements */
	assert_says(FORMAT_AV1, "20", false, CLASS_UNKNOWN, true);                      /* two announced, none there */
	assert_says(FORMAT_AV1, "50" "34", false, CLASS_UNKNOWN, false);                /* the extension comes later */
	assert_says(FORMAT_AV1, "50" "30", false, CLASS_BASE, false);                   /* the frame header comes later */
	assert_says(FORMAT_AV1, "10" "340810", false, CLASS_ENHANCEMENT, false);        /* a key, but of SID 1 */
	assert_says(FORMAT_AV1, "10" "2010", false, CLASS_BASE, false);                 /* a tile group has no frame type */
}

/* --- classify_rtp: what wins over what --------------------------------------------------------------------------------------- */

enum { DD_ID = 5, FM_ID = 6, PT = 96 };

/* L1T3: the structure of the descriptor cases. */
#define DD_KEY "800001800214eaa860414d1410208427027f0167"

struct subject {
	struct reading reading;
	struct plausible plausible;
	struct dd_structure structure;
};

static struct subject subject(enum format format)
{
	struct subject s = { .reading.dd_id = DD_ID, .reading.framemark_id = FM_ID };

	s.reading.format[PT] = (uint8_t)format;
	return s;
}

/* One packet with these elements (two-byte form) and this payload. */
static struct said packet(struct subject *s, const char *dd, const char *fm, const char *payload, bool marker)
{
	struct blob d = blob_of_hex(dd), f = blob_of_hex(fm), p = blob_of_hex(payload);
	uint8_t words[128];
	size_t len = 0;
	struct rtp rtp = { .marker = marker, .payload_type = PT };
	struct said said;

	if (d.len) {
		words[len++] = DD_ID;
		words[len++] = (uint8_t)d.len;
		memcpy(words + len, d.at, d.len);
		len += d.len;
	}
	if (f.len) {
		words[len++] = FM_ID;
		words[len++] = (uint8_t)f.len;
		memcpy(words + len, f.at, f.len);
		len += f.len;
	}
	rtp.profile = len ? 0x1000 : 0;
	rtp.extension = octets_of(&(struct iovec){ words, len }, 1);
	rtp.payload = octets_of(&(struct iovec){ p.at, p.len }, 1);
	assert_int_equal(classify_rtp(&rtp, &s->reading, PROTECTION_AUTO, false, &s->plausible, &s->structure, &said),
		MEDIA_VIDEO);
	return said;
}

static void descriptor_wins_over_marking_and_payload(void **state)
{
	struct subject s = subject(FORMAT_VP9);
	struct said said = packet(&s, DD_KEY, "500107", "ec80024305", true);

	(void)state;
	assert_true(said.start && !said.end && said.has_frame && said.frame == 1 && !said.has_layer);
	assert_int_equal(said.class, CLASS_KEY);
	said = packet(&s, "430002", "a00005", "ec80024305", false);
	assert_true(!said.start && said.end && said.frame == 2);
	assert_int_equal(said.class, CLASS_DISCARDABLE);
}

static void marking_wins_over_payload(void **state)
{
	struct subject s = subject(FORMAT_VP9);
	struct said said = packet(&s, "", "520207", "8c8001", true);

	(void)state;
	assert_true(!said.start && said.end && said.has_layer && said.layer == 2 && !said.has_frame);
	assert_int_equal(said.class, CLASS_DISCARDABLE);
}

static void what_a_hint_leaves_open_the_next_source_gives(void **state)
{
	struct subject s = subject(FORMAT_VP9);
	/* A marking of one octet names no layer and not the base; the VP9 descriptor does. */
	struct said said = packet(&s, "", "80", "ec80030007", true);

	(void)state;
	assert_true(said.start && !said.end && said.has_layer && said.layer == 0);
	assert_int_equal(said.class, CLASS_BASE);
	/* A descriptor whose structure is unknown has no class; identity, start and end are its own. */
	said = packet(&s, "800009", "", "ec80030307", true);
	assert_true(said.start && !said.end && said.has_frame && said.frame == 9 && !said.has_layer);
	assert_int_equal(said.class, CLASS_ENHANCEMENT);
	said = packet(&s, "800009", "520207", "ec80030307", true);
	assert_true(said.start && !said.end && said.has_frame && !said.has_layer);
	assert_int_equal(said.class, CLASS_DISCARDABLE);
}

static void element_that_contradicts_itself_is_absent(void **state)
{
	struct subject s = subject(FORMAT_VP8);
	struct said said = packet(&s, "8000", "", "1000", true);

	(void)state;
	assert_true(said.start && said.end && !said.has_frame);
	assert_int_equal(said.class, CLASS_KEY);
	said = packet(&s, "800001800214", "40", "1001", true);
	assert_true(!said.start && said.end && !said.has_frame && !s.structure.known);
	assert_int_equal(said.class, CLASS_BASE);
}

static void ids_are_never_guessed(void **state)
{
	struct subject s = subject(FORMAT_VP8);
	struct said said;

	(void)state;
	s.reading.dd_id = s.reading.framemark_id = 0;
	said = packet(&s, DD_KEY, "a00005", "1001", false);
	assert_true(said.start && !said.end && !said.has_frame && !said.has_layer && !s.structure.known);
	assert_int_equal(said.class, CLASS_BASE);
}

static void structure_is_replaced_whole_or_not_at_all(void **state)
{
	struct subject s = subject(FORMAT_UNKNOWN);
	struct dd_structure before;

	(void)state;
	packet(&s, DD_KEY, "", "", false);
	assert_true(s.structure.known);
	assert_int_equal(s.structure.targets, 3);
	before = s.structure;
	packet(&s, "800001800214eaa860414d", "", "", false);
	assert_memory_equal(&before, &s.structure, sizeof before);
	/* One template, one target, no chain. */
	packet(&s, "800001" "8000f0", "", "", false);
	assert_true(s.structure.known);
	assert_int_equal(s.structure.templates, 1);
	assert_int_equal(s.structure.targets, 1);
	assert_int_equal(s.structure.chains, 0);
}

static void descriptor_without_memory_for_its_structure(void **state)
{
	struct blob b = blob_of_hex(DD_KEY);
	struct octets o = octets_of(&(struct iovec){ b.at, b.len }, 1);
	int spatial, temporal;
	struct said said;

	(void)state;
	assert_true(dd_recognise(&o, NULL, &said, &spatial, &temporal));
	assert_int_equal(said.class, CLASS_KEY);
	b = blob_of_hex("c10005");
	o = octets_of(&(struct iovec){ b.at, b.len }, 1);
	assert_true(dd_recognise(&o, NULL, &said, &spatial, &temporal));
	assert_int_equal(said.class, CLASS_UNKNOWN);
	assert_int_equal(spatial, -1);
}

/* Sixty-five templates: every next_layer_idc is 0. */
static void descriptor_with_too_many_templates_is_absent(void **state)
{
	uint8_t data[200] = { 0x80, 0, 1, 0x80 };
	struct octets o = octets_of(&(struct iovec){ data, sizeof data }, 1);
	struct dd_structure structure = { 0 };
	int spatial, temporal;
	struct said said;

	(void)state;
	assert_false(dd_recognise(&o, &structure, &said, &spatial, &temporal));
	assert_false(structure.known);
}

static enum media media_of(const struct reading *reading, uint8_t payload_type, struct said *said)
{
	struct rtp rtp = { .marker = true, .payload_type = payload_type };
	struct plausible plausible = { 0 };

	return classify_rtp(&rtp, reading, PROTECTION_AUTO, false, &plausible, NULL, said);
}

static void payload_types_without_configuration(void **state)
{
	struct reading reading;
	struct said said;

	(void)state;
	memset(&reading, 0xFF, sizeof reading);
	reading_defaults(&reading);
	assert_int_equal(reading.dd_id, 0);
	assert_int_equal(reading.framemark_id, 0);
	for (unsigned type = 0; type < 128; type++) {
		bool audio = type == 0 || type == 8 || type == 9 || type == 18;
		enum media media = media_of(&reading, (uint8_t)type, &said);

		assert_int_equal(media, audio ? MEDIA_AUDIO : type == 33 ? MEDIA_MPEGTS : MEDIA_VIDEO);
		assert_int_equal(said.class, audio ? CLASS_AUDIO : CLASS_UNKNOWN);
		assert_int_equal(said.end, media == MEDIA_VIDEO);
	}
}

static void retransmission_and_fec_are_repair(void **state)
{
	struct reading reading = { .format = { [97] = FORMAT_RTX, [98] = FORMAT_FEC } };
	struct said said;

	(void)state;
	for (uint8_t type = 97; type <= 98; type++) {
		assert_int_equal(media_of(&reading, type, &said), MEDIA_REPAIR);
		assert_int_equal(said.class, CLASS_REPAIR);
	}
}

/* --- Protection ---------------------------------------------------------------------------------------------------------------- */

static enum class h264_class(struct subject *s, const char *hex, enum protection protection, bool encrypted, bool cryptex)
{
	struct blob b = blob_of_hex(hex);
	struct rtp rtp = { .marker = true, .payload_type = PT, .cryptex = cryptex };
	struct said said;

	rtp.payload = octets_of(&(struct iovec){ b.at, b.len }, 1);
	assert_int_equal(classify_rtp(&rtp, &s->reading, protection, encrypted, &s->plausible, NULL, &said), MEDIA_VIDEO);
	assert_true(said.end);
	return said.class;
}

static void encrypted_payload_is_not_read(void **state)
{
	struct subject s = subject(FORMAT_H264);

	(void)state;
	assert_int_equal(h264_class(&s, "6588", PROTECTION_CLEAR, false, false), CLASS_KEY);
	assert_int_equal(h264_class(&s, "6588", PROTECTION_AUTO, false, false), CLASS_KEY);
	assert_int_equal(h264_class(&s, "6588", PROTECTION_AUTO, true, false), CLASS_UNKNOWN);
	assert_int_equal(h264_class(&s, "6588", PROTECTION_SRTP, false, false), CLASS_UNKNOWN);
	assert_int_equal(h264_class(&s, "6588", PROTECTION_AUTO, false, true), CLASS_UNKNOWN);
	assert_int_equal(h264_class(&s, "6588", PROTECTION_CLEAR, false, true), CLASS_UNKNOWN);
	assert_int_equal(s.plausible.parsed, 2);
}

static void header_extension_of_an_encrypted_packet_is_read(void **state)
{
	uint8_t words[] = { FM_ID, 3, 0xA0, 0, 5 }, noise[] = { 0xE5, 0x88 };
	struct subject s = subject(FORMAT_H264);
	struct rtp rtp = { .payload_type = PT, .profile = 0x1000 };
	struct said said;

	(void)state;
	rtp.extension = octets_of(&(struct iovec){ words, sizeof words }, 1);
	rtp.payload = octets_of(&(struct iovec){ noise, sizeof noise }, 1);
	classify_rtp(&rtp, &s.reading, PROTECTION_SRTP, true, &s.plausible, NULL, &said);
	assert_true(said.start && said.has_layer);
	assert_int_equal(said.class, CLASS_KEY);
}

static void nine_implausible_payloads_of_64_mean_encryption(void **state)
{
	struct subject s = subject(FORMAT_H264);

	(void)state;
	for (int i = 0; i < 8; i++)
		assert_int_equal(h264_class(&s, "e588", PROTECTION_AUTO, false, false), CLASS_UNKNOWN);
	assert_int_equal(h264_class(&s, "6588", PROTECTION_AUTO, false, false), CLASS_KEY);
	assert_int_equal(h264_class(&s, "e588", PROTECTION_AUTO, false, false), CLASS_UNKNOWN);
	assert_int_equal(h264_class(&s, "6588", PROTECTION_AUTO, false, false), CLASS_UNKNOWN);
	/* A configuration that says "clear" is believed. */
	assert_int_equal(h264_class(&s, "6588", PROTECTION_CLEAR, false, false), CLASS_KEY);
}

static void later_implausible_payloads_mean_nothing(void **state)
{
	struct subject s = subject(FORMAT_H264);

	(void)state;
	for (int i = 0; i < 8; i++)
		h264_class(&s, "e588", PROTECTION_AUTO, false, false);
	for (int i = 0; i < 56; i++)
		h264_class(&s, "6588", PROTECTION_AUTO, false, false);
	for (int i = 0; i < 100; i++)
		h264_class(&s, "e588", PROTECTION_AUTO, false, false);
	assert_int_equal(h264_class(&s, "6588", PROTECTION_AUTO, false, false), CLASS_KEY);
}

/* WebRTC senders measure the path with packets that are all padding. */
static void empty_payloads_are_not_judged(void **state)
{
	struct subject s = subject(FORMAT_H264);

	(void)state;
	for (int i = 0; i < 64; i++)
		assert_int_equal(h264_class(&s, "", PROTECTION_AUTO, false, false), CLASS_UNKNOWN);
	assert_int_equal(s.plausible.parsed, 0);
	assert_int_equal(h264_class(&s, "6588", PROTECTION_AUTO, false, false), CLASS_KEY);
}

static void one_octet_of_128_to_191_decides_nothing(void **state)
{
	uint8_t data = 0x80;
	struct octets o = octets_of(&(struct iovec){ &data, 1 }, 1), none = { 0 };

	(void)state;
	assert_int_equal(classify_first(&o, false), PROTO_NONE);
	assert_int_equal(classify_first(&none, false), PROTO_NONE);
	data = 0;
	assert_int_equal(classify_first(&o, false), PROTO_STUN);
}

int main(void)
{
	const struct vector_op ops[] = { { "demux", NULL, demux }, { "classifier", NULL, recognise } };
	const struct CMUnitTest more[] = {
		cmocka_unit_test(h264_fu_b_and_stap_b_have_a_don),
		cmocka_unit_test(h264_scalable_slices),
		cmocka_unit_test(h264_small_print),
		cmocka_unit_test(h265_decoding_order_numbers),
		cmocka_unit_test(h265_small_print),
		cmocka_unit_test(vp9_scalability_structure),
		cmocka_unit_test(vp9_four_references_contradict),
		cmocka_unit_test(av1_small_print),
		cmocka_unit_test(descriptor_wins_over_marking_and_payload),
		cmocka_unit_test(marking_wins_over_payload),
		cmocka_unit_test(what_a_hint_leaves_open_the_next_source_gives),
		cmocka_unit_test(element_that_contradicts_itself_is_absent),
		cmocka_unit_test(ids_are_never_guessed),
		cmocka_unit_test(structure_is_replaced_whole_or_not_at_all),
		cmocka_unit_test(descriptor_without_memory_for_its_structure),
		cmocka_unit_test(descriptor_with_too_many_templates_is_absent),
		cmocka_unit_test(payload_types_without_configuration),
		cmocka_unit_test(retransmission_and_fec_are_repair),
		cmocka_unit_test(encrypted_payload_is_not_read),
		cmocka_unit_test(header_extension_of_an_encrypted_packet_is_read),
		cmocka_unit_test(nine_implausible_payloads_of_64_mean_encryption),
		cmocka_unit_test(later_implausible_payloads_mean_nothing),
		cmocka_unit_test(empty_payloads_are_not_judged),
		cmocka_unit_test(one_octet_of_128_to_191_decides_nothing),
	};

	return VECTORS_RUN("classify", ops, more);
}
