/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first */
#include <cmocka.h>

#include "pieces.h"
#include "recognise.h"

#define HEAD(first, second) (first), (second), 0x12, 0x34, 0xDE, 0xAD, 0xBE, 0xEF, 0xCA, 0xFE, 0xF0, 0x0D
#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static void assert_same_octets(const struct octets *part, const uint8_t *data, size_t at, size_t len)
{
	assert_int_equal(part->len, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(octet(part, i), data[at + i]);
}

/* What a packet is expected to be; extension and payload by place. */
struct expected {
	bool taken;
	uint16_t profile;
	bool cryptex;
	size_t extension_at, extension_len, payload_at, payload_len;
};

static void check_one(const struct pieces *p, const uint8_t *data, const struct expected *e)
{
	struct rtp rtp;

	assert_int_equal(rtp_recognise(&p->all, &rtp), e->taken);
	if (!e->taken)
		return;
	assert_int_equal(rtp.marker, data[1] >> 7);
	assert_int_equal(rtp.payload_type, data[1] & 0x7F);
	assert_int_equal(rtp.seq, 0x1234);
	assert_int_equal(rtp.ts, 0xDEADBEEF);
	assert_int_equal(rtp.ssrc, 0xCAFEF00D);
	assert_int_equal(rtp.profile, e->profile);
	assert_int_equal(rtp.cryptex, e->cryptex);
	assert_same_octets(&rtp.extension, data, e->extension_at, e->extension_len);
	assert_same_octets(&rtp.payload, data, e->payload_at, e->payload_len);
}

/* Whole, cut in two at every octet, octet by octet. */
static void check(const uint8_t *data, size_t len, struct expected e)
{
	for (size_t cut = 0; cut <= len + 1; cut++) {
		struct pieces p = pieces_cut(data, len, cut, cut > len);

		check_one(&p, data, &e);
		pieces_free(&p);
	}
}

static void fixed_header_alone(void **state)
{
	(void)state;
	check(BYTES(HEAD(0x80, 0x60)), (struct expected){ .taken = true });
	check(BYTES(HEAD(0x80, 0xE0)), (struct expected){ .taken = true });
}

static void payload_follows_the_header(void **state)
{
	(void)state;
	check(BYTES(HEAD(0x80, 0x60), 1, 2, 3), (struct expected){ .taken = true, .payload_at = 12, .payload_len = 3 });
}

static void eleven_octets_are_no_rtp(void **state)
{
	(void)state;
	for (size_t len = 0; len < 12; len++)
		check((const uint8_t[]){ HEAD(0x80, 0x60) }, len, (struct expected){ .taken = false });
}

static void other_versions_are_no_rtp(void **state)
{
	(void)state;
	check(BYTES(HEAD(0x00, 0x60)), (struct expected){ .taken = false });
	check(BYTES(HEAD(0x40, 0x60)), (struct expected){ .taken = false });
	check(BYTES(HEAD(0xC0, 0x60)), (struct expected){ .taken = false });
}

static void csrc_list_is_skipped(void **state)
{
	(void)state;
	check(BYTES(HEAD(0x82, 0x60), 1, 2, 3, 4, 5, 6, 7, 8, 9),
		(struct expected){ .taken = true, .payload_at = 20, .payload_len = 1 });
}

static void csrc_list_that_does_not_fit_is_no_rtp(void **state)
{
	(void)state;
	check(BYTES(HEAD(0x82, 0x60), 1, 2, 3, 4, 5, 6, 7), (struct expected){ .taken = false });
	check(BYTES(HEAD(0x8F, 0x60), 1, 2, 3, 4), (struct expected){ .taken = false });
}

static void extension_is_cut_out(void **state)
{
	(void)state;
	check(BYTES(HEAD(0x90, 0x60), 0xBE, 0xDE, 0, 1, 0x10, 7, 0, 0, 9, 9),
		(struct expected){ .taken = true, .profile = 0xBEDE, .extension_at = 16, .extension_len = 4,
			.payload_at = 20, .payload_len = 2 });
	check(BYTES(HEAD(0x91, 0x60), 1, 2, 3, 4, 0x12, 0x34, 0, 1, 5, 6, 7, 8),
		(struct expected){ .taken = true, .profile = 0x1234, .extension_at = 20, .extension_len = 4 });
}

static void empty_extension_is_none(void **state)
{
	(void)state;
	check(BYTES(HEAD(0x90, 0x60), 0xBE, 0xDE, 0, 0, 9),
		(struct expected){ .taken = true, .payload_at = 16, .payload_len = 1 });
}

static void extension_that_does_not_fit_is_no_rtp(void **state)
{
	(void)state;
	check(BYTES(HEAD(0x90, 0x60), 0xBE, 0xDE, 0), (struct expected){ .taken = false });
	check(BYTES(HEAD(0x90, 0x60), 0xBE, 0xDE, 0, 2, 1, 2, 3, 4, 5, 6, 7), (struct expected){ .taken = false });
	check(BYTES(HEAD(0x90, 0x60), 0xBE, 0xDE, 0xFF, 0xFF), (struct expected){ .taken = false });
}

static void padding_is_stripped(void **state)
{
	(void)state;
	check(BYTES(HEAD(0xA0, 0x60), 1, 2, 0, 2), (struct expected){ .taken = true, .payload_at = 12, .payload_len = 2 });
	check(BYTES(HEAD(0xB0, 0x60), 0xBE, 0xDE, 0, 1, 0, 0, 0, 0, 7, 1),
		(struct expected){ .taken = true, .profile = 0xBEDE, .extension_at = 16, .extension_len = 4,
			.payload_at = 20, .payload_len = 1 });
}

static void all_padding_is_an_empty_payload(void **state)
{
	(void)state;
	check(BYTES(HEAD(0xA0, 0x60), 0, 0, 3), (struct expected){ .taken = true });
}

static void padding_that_cannot_be_leaves_no_payload(void **state)
{
	(void)state;
	check(BYTES(HEAD(0xA0, 0x60), 1, 2, 4), (struct expected){ .taken = true });
	check(BYTES(HEAD(0xA0, 0x60), 1, 2, 255), (struct expected){ .taken = true });
	check(BYTES(HEAD(0xA0, 0x60), 1, 2, 0), (struct expected){ .taken = true });
	check(BYTES(HEAD(0xA0, 0x60)), (struct expected){ .taken = true });
}

static void cryptex_hides_the_words(void **state)
{
	(void)state;
	check(BYTES(HEAD(0x91, 0x60), 9, 9, 9, 9, 0xC0, 0xDE, 0, 1, 1, 2, 3, 4, 5),
		(struct expected){ .taken = true, .cryptex = true, .payload_at = 24, .payload_len = 1 });
	/* The padding count is encrypted too. */
	check(BYTES(HEAD(0xB0, 0x60), 0xC2, 0xDE, 0, 0, 1, 2, 255),
		(struct expected){ .taken = true, .cryptex = true, .payload_at = 16, .payload_len = 3 });
}

/* Looks for id in the words of a header extension, in all cuts; found_at < 0: not there. */
static void look(uint16_t profile, const uint8_t *words, size_t len, unsigned id, long found_at, size_t found_len)
{
	for (size_t cut = 0; cut <= len + 1; cut++) {
		struct pieces p = pieces_cut(words, len, cut, cut > len);
		struct rtp rtp = { .profile = profile, .extension = p.all };
		struct octets element = { 0 };

		assert_int_equal(ext_find(&rtp, id, &element), found_at >= 0);
		if (found_at >= 0)
			assert_same_octets(&element, words, (size_t)found_at, found_len);
		pieces_free(&p);
	}
}

static void one_byte_elements(void **state)
{
	const uint8_t words[] = { 0x10, 0xAA, 0x22, 1, 2, 3, 0x3F, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0 };

	(void)state;
	look(0xBEDE, words, sizeof words, 1, 1, 1);
	look(0xBEDE, words, sizeof words, 2, 3, 3);
	look(0xBEDE, words, sizeof words, 3, 7, 16);
	look(0xBEDE, words, sizeof words, 4, -1, 0);
	look(0xBEDE, words, sizeof words, 0x12, -1, 0);
}

static void padding_zeros_lie_between_elements(void **state)
{
	(void)state;
	look(0xBEDE, BYTES(0, 0, 0x50, 7, 0, 0, 0x60, 8), 6, 7, 1);
	look(0x1000, BYTES(0, 5, 0, 0, 0, 6, 1, 8), 6, 7, 1);
	look(0x1000, BYTES(0, 5, 0, 0, 0, 6, 1, 8), 5, 3, 0);
}

static void id_15_stops_the_one_byte_list(void **state)
{
	(void)state;
	look(0xBEDE, BYTES(0x10, 7, 0xF0, 1, 0x20, 8, 0, 0), 1, 1, 1);
	look(0xBEDE, BYTES(0x10, 7, 0xF0, 1, 0x20, 8, 0, 0), 2, -1, 0);
	look(0xBEDE, BYTES(0xF0, 7, 0, 0), 15, -1, 0);
}

static void id_0_with_a_length_stops_the_one_byte_list(void **state)
{
	(void)state;
	look(0xBEDE, BYTES(0x10, 7, 0x01, 0, 0x20, 8, 0, 0), 1, 1, 1);
	look(0xBEDE, BYTES(0x10, 7, 0x01, 0, 0x20, 8, 0, 0), 2, -1, 0);
}

static void two_byte_elements(void **state)
{
	const uint8_t words[] = { 1, 1, 7, 15, 2, 8, 9, 200, 0, 255, 1, 5 };

	(void)state;
	for (unsigned appbits = 0; appbits < 16; appbits++) {
		look((uint16_t)(0x1000 + appbits), words, sizeof words, 1, 2, 1);
		look((uint16_t)(0x1000 + appbits), words, sizeof words, 15, 5, 2);
		look((uint16_t)(0x1000 + appbits), words, sizeof words, 200, 9, 0);
		look((uint16_t)(0x1000 + appbits), words, sizeof words, 255, 11, 1);
		look((uint16_t)(0x1000 + appbits), words, sizeof words, 3, -1, 0);
	}
}

static void contradictory_lengths_end_the_search(void **state)
{
	(void)state;
	look(0xBEDE, BYTES(0x10, 7, 0x22, 8), 1, 1, 1);
	look(0xBEDE, BYTES(0x10, 7, 0x22, 8), 2, -1, 0);
	look(0xBEDE, BYTES(0x10), 1, -1, 0);
	look(0x1000, BYTES(1, 1, 7, 2), 1, 2, 1);
	look(0x1000, BYTES(1, 1, 7, 2), 2, -1, 0);
	look(0x1000, BYTES(1, 3, 7, 2), 1, -1, 0);
}

static void other_profiles_have_no_elements(void **state)
{
	(void)state;
	look(0, BYTES(0x10, 7, 0, 0), 1, -1, 0);
	look(0xBEDF, BYTES(0x10, 7, 0, 0), 1, -1, 0);
	look(0x1010, BYTES(1, 1, 7, 0), 1, -1, 0);
	look(0x0FFF, BYTES(1, 1, 7, 0), 1, -1, 0);
}

static void pieces_may_be_empty_and_point_nowhere(void **state)
{
	uint8_t data[] = { HEAD(0x80, 0x60), 1, 2 };
	struct iovec piece[] = { { NULL, 0 }, { data, 12 }, { (void *)1, 0 }, { data + 12, 2 }, { NULL, 0 } };
	struct octets all = octets_of(piece, 5);
	struct rtp rtp;

	(void)state;
	assert_true(rtp_recognise(&all, &rtp));
	assert_same_octets(&rtp.payload, data, 12, 2);
	all = octets_of(piece, 1);
	assert_false(rtp_recognise(&all, &rtp));
	all = octets_of(NULL, 0);
	assert_false(rtp_recognise(&all, &rtp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_header_alone),
		cmocka_unit_test(payload_follows_the_header),
		cmocka_unit_test(eleven_octets_are_no_rtp),
		cmocka_unit_test(other_versions_are_no_rtp),
		cmocka_unit_test(csrc_list_is_skipped),
		cmocka_unit_test(csrc_list_that_does_not_fit_is_no_rtp),
		cmocka_unit_test(extension_is_cut_out),
		cmocka_unit_test(empty_extension_is_none),
		cmocka_unit_test(extension_that_does_not_fit_is_no_rtp),
		cmocka_unit_test(padding_is_stripped),
		cmocka_unit_test(all_padding_is_an_empty_payload),
		cmocka_unit_test(padding_that_cannot_be_leaves_no_payload),
		cmocka_unit_test(cryptex_hides_the_words),
		cmocka_unit_test(one_byte_elements),
		cmocka_unit_test(padding_zeros_lie_between_elements),
		cmocka_unit_test(id_15_stops_the_one_byte_list),
		cmocka_unit_test(id_0_with_a_length_stops_the_one_byte_list),
		cmocka_unit_test(two_byte_elements),
		cmocka_unit_test(contradictory_lengths_end_the_search),
		cmocka_unit_test(other_profiles_have_no_elements),
		cmocka_unit_test(pieces_may_be_empty_and_point_nowhere),
	};

	return cmocka_run_group_tests_name("rtp", tests, NULL, NULL);
}
