/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "vectors.h"

#include "classify.h"

/* --- classify_rtp: what wins over what ------------------------------------------------------------- */

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

/* --- Protection ------------------------------------------------------------------------------------ */

static enum class h264_class(struct subject *s, const char *hex, enum protection protection, bool encrypted,
	bool cryptex)
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

/* Ciphertext, as far as it matters here: none of its octets tells anything of the others. */
static void noise_is_taken_for_encrypted_in_every_format(void **state)
{
	static const enum format formats[] = { FORMAT_H264, FORMAT_H265, FORMAT_VP8, FORMAT_VP9, FORMAT_AV1, FORMAT_MPEGTS };
	uint32_t noise = 1;

	(void)state;
	for (unsigned f = 0; f < sizeof formats / sizeof formats[0]; f++)
		for (int run = 0; run < 100; run++) {
			struct subject s = subject(formats[f]);
			struct rtp rtp = { .payload_type = PT };
			uint8_t payload[1100];
			struct said said;

			for (int packet = 0; packet < 65; packet++) {
				for (size_t i = 0; i < sizeof payload; i++)
					payload[i] = (uint8_t)((noise = noise * 1664525 + 1013904223) >> 24);
				rtp.payload = octets_of(&(struct iovec){ payload, sizeof payload }, 1);
				classify_rtp(&rtp, &s.reading, PROTECTION_AUTO, false, &s.plausible, NULL, &said);
			}
			assert_int_equal(said.class, CLASS_UNKNOWN);
			assert_int_equal(s.plausible.implausible, 9);
		}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(descriptor_wins_over_marking_and_payload, blobs_free),
		cmocka_unit_test_teardown(marking_wins_over_payload, blobs_free),
		cmocka_unit_test_teardown(what_a_hint_leaves_open_the_next_source_gives, blobs_free),
		cmocka_unit_test_teardown(element_that_contradicts_itself_is_absent, blobs_free),
		cmocka_unit_test_teardown(ids_are_never_guessed, blobs_free),
		cmocka_unit_test_teardown(structure_is_replaced_whole_or_not_at_all, blobs_free),
		cmocka_unit_test_teardown(descriptor_without_memory_for_its_structure, blobs_free),
		cmocka_unit_test_teardown(descriptor_with_too_many_templates_is_absent, blobs_free),
		cmocka_unit_test_teardown(payload_types_without_configuration, blobs_free),
		cmocka_unit_test_teardown(retransmission_and_fec_are_repair, blobs_free),
		cmocka_unit_test_teardown(encrypted_payload_is_not_read, blobs_free),
		cmocka_unit_test_teardown(header_extension_of_an_encrypted_packet_is_read, blobs_free),
		cmocka_unit_test_teardown(nine_implausible_payloads_of_64_mean_encryption, blobs_free),
		cmocka_unit_test(noise_is_taken_for_encrypted_in_every_format),
		cmocka_unit_test_teardown(later_implausible_payloads_mean_nothing, blobs_free),
		cmocka_unit_test_teardown(empty_payloads_are_not_judged, blobs_free),
	};

	return cmocka_run_group_tests_name("precedence", tests, NULL, NULL);
}
