/* SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "process.h"
#include "tapped.h"

enum { PT = 96, LEN = 400, DD = 13 };

static struct reading reading;

static int start(void **state)
{
	(void)state;
	reading_defaults(&reading);
	reading.format[PT] = FORMAT_H264;
	reading.dd_id = DD;
	if (process_start() || tapped_start(&reading, 64))
		return -1;
	process_is_new();
	return 0;
}

/* A slice of H.264 in one packet. */
static void rtp(uint8_t p[static LEN], uint32_t ssrc, uint16_t seq, uint32_t ts, uint8_t nal)
{
	memset(p, 0x33, LEN);
	p[0] = 0x80, p[1] = 0x80 | PT;
	p[2] = (uint8_t)(seq >> 8), p[3] = (uint8_t)seq;
	for (int i = 0; i < 4; i++) {
		p[4 + i] = (uint8_t)(ts >> (24 - 8 * i));
		p[8 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
	}
	p[12] = nal, p[13] = 0x9a;
}

static bool found(uint32_t ssrc, uint16_t seq, uint32_t ts, struct said *said)
{
	struct rtp header = { .ssrc = ssrc, .seq = seq, .ts = ts };
	enum media media;

	return tapped_rtp(&header, said, &media) && media == MEDIA_VIDEO;
}

/* The same behind a dependency descriptor, in the two-byte form of RFC 8285. */
static size_t described(uint8_t p[static LEN], uint16_t seq, const uint8_t *descriptor, uint8_t len)
{
	uint8_t words = (uint8_t)((2 + len + 3) / 4);

	rtp(p, 4711, seq, 90000u * seq, 0x41);
	p[0] |= 0x10;
	memset(p + 12, 0, 4 + 4u * words);
	p[12] = 0x10, p[15] = words, p[16] = DD, p[17] = len;
	memcpy(p + 18, descriptor, len);
	p[16 + 4 * words] = 0x41, p[17 + 4 * words] = 0x9a;
	return LEN;
}

/* As Chromium sends them for AV1 in L1T3: a key frame with the structure, then a picture of the highest layer. */
static void descriptors_are_read_with_their_structure(void **state)
{
	static const uint8_t key[] = { 0xc0, 0x00, 0x01, 0x80, 0x02, 0x14, 0xea, 0xa8, 0x60, 0x41, 0x4d, 0x14, 0x10, 0x20, 0x84,
		0x27, 0x04, 0xff, 0x02, 0xcf };
	static const uint8_t top[] = { 0xc3, 0x00, 0x02 };
	struct tap_note note;
	struct said said;
	uint8_t p[LEN];

	(void)state;
	assert_true(tapped_read(p, described(p, 1, key, sizeof(key)), &note));
	tapped_keep(&note);
	assert_true(found(4711, 1, 90000, &said));
	assert_true(said.has_frame && said.frame == 1 && said.class == CLASS_KEY);
	assert_true(tapped_read(p, described(p, 2, top, sizeof(top)), &note));
	tapped_keep(&note);
	assert_true(found(4711, 2, 180000, &said));
	assert_true(said.has_frame && said.frame == 2 && said.class == CLASS_DISCARDABLE);
}

static void a_clear_packet_is_found_after_encryption(void **state)
{
	struct tap_note note;
	struct said said;
	uint8_t p[LEN];

	(void)state;
	rtp(p, 7, 65535, 90000, 0x65);
	assert_true(tapped_read(p, LEN, &note));
	assert_false(found(7, 65535, 90000, &said)); /* not before it is encrypted */
	tapped_keep(&note);
	assert_true(found(7, 65535, 90000, &said));
	assert_true(said.start && said.end);
	assert_int_equal(said.class, CLASS_KEY);
	assert_false(found(7, 0, 90000, &said));
	assert_false(found(8, 65535, 90000, &said));
	assert_false(found(7, 65535, 180000, &said)); /* one round of numbers later */
	rtp(p, 7, 0, 93000, 0x01);
	assert_true(tapped_read(p, LEN, &note));
	tapped_keep(&note);
	assert_true(found(7, 0, 93000, &said));
	assert_int_equal(said.class, CLASS_DISCARDABLE);
}

static void what_is_no_rtp_is_not_noted(void **state)
{
	struct tap_note note;
	uint8_t p[LEN];

	(void)state;
	rtp(p, 7, 1, 1, 0x65);
	for (size_t len = 0; len < 12; len++)
		assert_false(tapped_read(p, len, &note));
	p[0] = 0x40;
	assert_false(tapped_read(p, LEN, &note));
	rtp(p, 7, 1, 1, 0x65);
	p[1] = 200; /* RTCP */
	assert_false(tapped_read(p, LEN, &note));
}

static bool protect(uint32_t ssrc, uint32_t i, uint8_t nal)
{
	struct tap_note note;
	uint8_t p[LEN];

	rtp(p, ssrc, (uint16_t)i, i, nal);
	if (!tapped_read(p, LEN, &note))
		return false;
	tapped_keep(&note);
	return true;
}

static void a_frame_may_be_encrypted_before_it_is_sent(void **state)
{
	enum { AHEAD = 256 };
	struct said said;

	(void)state;
	for (uint32_t i = 0; i < 70000; i++)
		for (uint32_t ssrc = 100; ssrc < 104; ssrc++) {
			assert_true(protect(ssrc, i, ssrc % 2 ? 0x65 : 0x01));
			if (i < AHEAD)
				continue;
			assert_true(found(ssrc, (uint16_t)(i - AHEAD), i - AHEAD, &said));
			assert_int_equal(said.class, ssrc % 2 ? CLASS_KEY : CLASS_DISCARDABLE);
		}
}

/* A thread that is far ahead may overwrite what another one noted; it never makes it wrong. */
static void *protector(void *argument)
{
	uint32_t ssrc = *(uint32_t *)argument, right = 0;
	struct said said;

	for (uint32_t i = 0; i < 50000; i++) {
		protect(ssrc, i, ssrc % 2 ? 0x65 : 0x01);
		if (!found(ssrc, (uint16_t)i, i, &said))
			continue;
		if (said.class != (ssrc % 2 ? CLASS_KEY : CLASS_DISCARDABLE))
			return NULL;
		right++;
	}
	return right > 40000 ? argument : NULL;
}

static void sources_of_several_threads_are_apart(void **state)
{
	uint32_t ssrc[4] = { 1001, 1002, 1003, 1004 };
	pthread_t thread[4];
	void *result;

	(void)state;
	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, protector, &ssrc[i]);
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], &result);
		assert_non_null(result);
	}
}

/* --- QUIC -------------------------------------------------------------------------------------------------------------- */

static int conn, other;

static void cipher(uint8_t *p, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
}

static bool sent(uint8_t *p, size_t len, struct tapped *tapped)
{
	struct iovec iov[2] = { { p, len - 3 }, { p + len - 3, 3 } };
	struct octets octets = octets_of(iov, 2);

	return tapped_packet(&octets, tapped);
}

static void the_packet_that_carries_a_stream_is_found_wherever_it_is_copied(void **state)
{
	uint8_t p[LEN], copy[LEN];
	struct tapped tapped;

	(void)state;
	cipher(p, LEN, 1);
	tapped_put_stream(&conn, 8);
	tapped_done(&conn, p, LEN);
	memcpy(copy, p, LEN);
	assert_true(sent(copy, LEN, &tapped));
	assert_int_equal(tapped.kind, TAPPED_STREAM);
	assert_int_equal(tapped.stream, 8);
	assert_false(sent(copy, LEN - 1, &tapped));
	copy[LEN - 1] ^= 1;
	assert_false(sent(copy, LEN, &tapped));
}

static void the_first_of_several_streams_names_the_packet(void **state)
{
	uint8_t p[LEN];
	struct tapped tapped;

	(void)state;
	tapped_put_stream(&conn, 4);
	tapped_put_stream(&other, 12);
	tapped_put_stream(&conn, 8);
	cipher(p, LEN, 2);
	tapped_done(&conn, p, LEN);
	assert_true(sent(p, LEN, &tapped));
	assert_int_equal(tapped.stream, 4);
	cipher(p, LEN, 3);
	tapped_done(&conn, p, LEN); /* acknowledgements only */
	assert_true(sent(p, LEN, &tapped));
	assert_int_equal(tapped.kind, TAPPED_NOTHING);
	cipher(p, LEN, 4);
	tapped_done(&other, p, LEN);
	assert_true(sent(p, LEN, &tapped));
	assert_int_equal(tapped.stream, 12);
}

static void rtp_in_a_datagram_is_a_frame(void **state)
{
	uint8_t p[LEN], id[8] = { 0xc0, 0, 0, 0, 0, 0, 0, 5 }, clear[LEN];
	struct iovec data[2] = { { id, sizeof(id) }, { clear, LEN } };
	struct tapped tapped;

	(void)state;
	rtp(clear, 77, 3, 4500, 0x65);
	tapped_put_datagram(&conn, data, 2);
	cipher(p, LEN, 5);
	tapped_done(&conn, p, LEN);
	assert_true(sent(p, LEN, &tapped));
	assert_int_equal(tapped.kind, TAPPED_FRAME);
	assert_int_equal(tapped.stream, 77);
	assert_int_equal(tapped.ts, 4500);
	assert_int_equal(tapped.said.class, CLASS_KEY);
	assert_true(tapped.said.end);
	data[0] = (struct iovec){ "anything", 8 };
	tapped_put_datagram(&conn, data, 1);
	cipher(p, LEN, 6);
	tapped_done(&conn, p, LEN);
	assert_true(sent(p, LEN, &tapped));
	assert_int_equal(tapped.kind, TAPPED_DATAGRAM);
	tapped_put_datagram(&conn, data, 0);
	tapped_done(&conn, p, 7); /* too short to be known again */
	assert_false(sent(p, 7, &tapped));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clear_packet_is_found_after_encryption),
		cmocka_unit_test(descriptors_are_read_with_their_structure),
		cmocka_unit_test(what_is_no_rtp_is_not_noted),
		cmocka_unit_test(a_frame_may_be_encrypted_before_it_is_sent),
		cmocka_unit_test(sources_of_several_threads_are_apart),
		cmocka_unit_test(the_packet_that_carries_a_stream_is_found_wherever_it_is_copied),
		cmocka_unit_test(the_first_of_several_streams_names_the_packet),
		cmocka_unit_test(rtp_in_a_datagram_is_a_frame),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
