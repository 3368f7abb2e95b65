/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "vectors.h"

#include "classify.h"
#include "pieces.h"

/* --- demux.json ------------------------------------------------------------------------------------ */

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

/* --- classifier.json ------------------------------------------------------------------------------- */

static const char *const classes[CLASS_COUNT] = {
	"unknown", "discardable", "enhancement", "base", "key", "audio", "repair"
};

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
		a.said = vp8_recognise(o, q->marker);
	else if (!strcmp(q->codec, "vp9"))
		a.said = vp9_recognise(o, q->marker, highest);
	else if (!strcmp(q->codec, "h264"))
		a.said = h264_recognise(o, q->marker);
	else if (!strcmp(q->codec, "h265"))
		a.said = h265_recognise(o, q->marker, false, highest);
	else if (!strcmp(q->codec, "av1"))
		a.said = av1_recognise(o, q->marker);
	else if (!strcmp(q->codec, "mpegts"))
		a.said = mpegts_recognise(o);
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

/* --- Formats: what the case files leave open ------------------------------------------------------- */

static struct said payload_says(enum format format, const char *hex, bool don)
{
	struct blob b = blob_of_hex(hex);
	struct octets o = octets_of(&(struct iovec){ b.at, b.len }, 1);
	struct highest highest = { 0 };
	struct said said = { 0 };

	switch (format) {
	case FORMAT_H264:
		said = h264_recognise(&o, false);
		break;
	case FORMAT_H265:
		said = h265_recognise(&o, false, don, &highest);
		break;
	case FORMAT_VP9:
		said = vp9_recognise(&o, false, &highest);
		break;
	case FORMAT_AV1:
		said = av1_recognise(&o, false);
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
	assert_says(FORMAT_H264, "7c8742", true, CLASS_KEY, false);            /* parameter sets in fragments */
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
	assert_says(FORMAT_H265, "6001" "000126", false, CLASS_UNKNOWN, true);
	assert_says(FORMAT_H265, "3001d0", true, CLASS_BASE, false);                   /* a reserved kind of slice */
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

static void mpegts_adaptation_field_longer_than_its_cell(void **state)
{
	uint8_t cells[2 * 188] = { 0x47, 0x41, 0, 0x30, 0, 0, 0, 1, 0xE0, [188] = 0x47, 0, 0, 0x20, 183 };
	struct octets o = octets_of(&(struct iovec){ cells, sizeof cells }, 1);
	struct said said;

	(void)state;
	said = mpegts_recognise(&o);
	assert_true(said.start && !said.implausible);
	cells[192] = 184;
	said = mpegts_recognise(&o);
	assert_true(!said.start && said.implausible && said.class == CLASS_UNKNOWN);
	/* Less than a cell behind the whole ones is not read. */
	o = octets_of(&(struct iovec){ cells, sizeof cells - 1 }, 1);
	said = mpegts_recognise(&o);
	assert_true(said.start && !said.implausible);
}

/* Two spatial layers, four templates from id 5 on, two chains, resolutions; put together by a script from the tables of
 * the AV1 RTP specification. */
static void descriptor_of_two_spatial_layers(void **state)
{
	static const struct {
		const char *hex;
		enum class class;
		int spatial;
	} frame[] = {
		{ "850064", CLASS_KEY, 0 }, { "860065", CLASS_BASE, 0 }, { "870066", CLASS_ENHANCEMENT, 1 },
		{ "880067", CLASS_DISCARDABLE, 1 }, { "890068", CLASS_UNKNOWN, -1 }, { "840068", CLASS_UNKNOWN, -1 },
	};
	struct blob b = blob_of_hex("85006480a123fb31450460d01122334813f80b3827f81678");
	struct octets o = octets_of(&(struct iovec){ b.at, b.len }, 1);
	struct dd_structure structure = { 0 };
	int spatial, temporal;
	struct said said;

	(void)state;
	assert_true(dd_recognise(&o, &structure, &said, &spatial, &temporal));
	assert_int_equal(said.class, CLASS_KEY);
	assert_int_equal(structure.templates, 4);
	assert_int_equal(structure.chains, 2);
	for (size_t i = 0; i < sizeof frame / sizeof frame[0]; i++) {
		b = blob_of_hex(frame[i].hex);
		o = octets_of(&(struct iovec){ b.at, b.len }, 1);
		assert_true(dd_recognise(&o, &structure, &said, &spatial, &temporal));
		assert_int_equal(said.class, frame[i].class);
		assert_int_equal(spatial, frame[i].spatial);
		assert_int_equal(temporal, frame[i].spatial < 0 ? -1 : 0);
	}
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

/* --- First octets -------------------------------------------------------------------------------- */

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
		cmocka_unit_test(mpegts_adaptation_field_longer_than_its_cell),
		cmocka_unit_test(descriptor_of_two_spatial_layers),
		cmocka_unit_test(av1_small_print),
		cmocka_unit_test(one_octet_of_128_to_191_decides_nothing),
	};

	return VECTORS_RUN("classify", ops, more);
}
