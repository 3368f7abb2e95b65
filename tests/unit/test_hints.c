/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "control.h"
#include "hints.h"
#include "notes.h"
#include "process.h"
#include "stats.h"

enum { UNIT = 3000 };

static struct sock sock;

static struct md_hint hint(unsigned given)
{
	return (struct md_hint){ .version = MD_HINT_VERSION, .given = (uint16_t)given, .mdu = 5, .burst = 9000, .start = 1, .end = 1,
		.importance = MD_IS_KEY, .d = 3, .p = 2, .l = 1, .stream = 9 };
}

static int start(void **state)
{
	(void)state;
	if (process_start() || hints_start())
		return -1;
	process_is_new();
	return 0;
}

static struct control control_of(const struct md_hint *h, size_t len)
{
	_Alignas(struct cmsghdr) uint8_t room[128] = { 0 };
	struct msghdr msg = { .msg_control = room };
	struct control control;

	msg.msg_controllen = md_hint_put(room, 0, sizeof(room), h);
	((struct cmsghdr *)(void *)room)->cmsg_len -= sizeof(*h) - len;
	control_read(&msg, &control);
	return control;
}

static void a_hint_is_read_and_is_not_foreign(void **state)
{
	struct md_hint h = hint(MD_HINT_ALL);
	struct control control = control_of(&h, sizeof(h));

	(void)state;
	assert_false(control.foreign);
	assert_int_equal(control.bad_hints, 0);
	assert_memory_equal(&control.hint, &h, sizeof(h));
}

static void values_that_must_not_be_sent_are_refused(void **state)
{
	static const struct { uint8_t d, p, l; bool good; } values[] = { { 0, 1, 0, true }, { 3, 3, 2, true }, { 4, 1, 0, false },
		{ 0, 0, 0, false }, { 0, 4, 0, false }, { 0, 1, 3, false }, { 255, 255, 255, false } };
	struct md_hint h;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct control control;

		h = hint(MD_HINT_DPL);
		h.d = values[i].d, h.p = values[i].p, h.l = values[i].l;
		control = control_of(&h, sizeof(h));
		assert_int_equal(control.bad_hints, !values[i].good);
		assert_int_equal(control.hint.given, values[i].good ? MD_HINT_DPL : 0);
	}
	h = hint(MD_HINT_MDU);
	h.version = 2;
	assert_int_equal(control_of(&h, sizeof(h)).bad_hints, 1);
	h = hint(0x80);
	assert_int_equal(control_of(&h, sizeof(h)).bad_hints, 1);
	h = hint(MD_HINT_IMPORTANCE);
	h.importance = 0;
	assert_int_equal(control_of(&h, sizeof(h)).bad_hints, 1);
	h.importance = 7;
	assert_int_equal(control_of(&h, sizeof(h)).bad_hints, 1);
	h = hint(MD_HINT_START);
	h.start = 2;
	assert_int_equal(control_of(&h, sizeof(h)).bad_hints, 1);
	h = hint(MD_HINT_ALL);
	for (size_t len = 0; len < sizeof(h); len++)
		assert_int_equal(control_of(&h, len).bad_hints, 1);
	h.d = 9;
	h.given = MD_HINT_MDU; /* what is not given may hold anything */
	assert_int_equal(control_of(&h, sizeof(h)).bad_hints, 0);
}

static void each_item_comes_from_the_strongest_that_gives_it(void **state)
{
	struct rtp rtp = { .ssrc = 77, .seq = 65535 }, other = { .ssrc = 77, .seq = 0 };
	struct md_hint packet = hint(MD_HINT_MDU), ahead = hint(MD_HINT_MDU | MD_HINT_END), all = hint(MD_HINT_ALL), h;
	struct md_hint_rtp told = { .ssrc = 77, .seq = 65535 };

	(void)state;
	memset(&sock, 0, sizeof(sock));
	packet.mdu = 1, ahead.mdu = 2, all.mdu = 3, ahead.end = 0, all.stream = 4;
	told.hint = ahead;
	h = packet;
	hints_merge(&h, &sock, &rtp);
	assert_int_equal(h.given, MD_HINT_MDU);
	assert_int_equal(hints_told(&sock, MD_HINT_RTP, &told, sizeof(told), 1), 0);
	assert_int_equal(hints_told(&sock, MD_HINT_SOCKET, &all, sizeof(all), 1), 0);
	h = packet;
	hints_merge(&h, &sock, &rtp);
	assert_int_equal(h.given, MD_HINT_ALL);
	assert_int_equal(h.mdu, 1);
	assert_int_equal(h.end, 0);
	assert_int_equal(h.stream, 4);
	h = (struct md_hint){ .given = 0 };
	hints_merge(&h, &sock, &rtp);
	assert_int_equal(h.mdu, 2);
	h = (struct md_hint){ .given = 0 };
	hints_merge(&h, &sock, &other);
	assert_int_equal(h.mdu, 3);
	h = (struct md_hint){ .given = 0 };
	hints_merge(&h, &sock, NULL);
	assert_int_equal(h.mdu, 3);
}

static void the_door_answers_like_a_kernel(void **state)
{
	struct md_hint good = hint(MD_HINT_ALL), bad = hint(MD_HINT_DPL);
	struct md_hint_rtp two[2] = { { .hint = good }, { .zero = 1, .hint = good } };
	uint64_t refused = stats_page()->count[MD_C_HINTS_BAD];

	(void)state;
	memset(&sock, 0, sizeof(sock));
	bad.p = 0;
	assert_int_equal(hints_told(&sock, MD_HINT_SOCKET, NULL, 0, 1), 0);
	assert_int_equal(hints_told(&sock, 99, &good, sizeof(good), 1), -ENOPROTOOPT);
	assert_int_equal(hints_told(&sock, MD_HINT_SOCKET, &good, 3, 1), -EINVAL);
	assert_int_equal(hints_told(&sock, MD_HINT_SOCKET, &bad, sizeof(bad), 1), -EINVAL);
	assert_int_equal(hints_told(&sock, MD_HINT_SOCKET, NULL, sizeof(bad), 1), -EFAULT);
	assert_int_equal(hints_told(&sock, MD_HINT_RTP, two, sizeof(two), 1), -EINVAL);
	assert_int_equal(hints_told(&sock, MD_HINT_RTP, two, sizeof(two[0]), 1), 0);
	assert_int_equal(stats_page()->count[MD_C_HINTS_BAD] - refused, 3);
	assert_int_equal(sock.hints, 0);
}

static void importance_is_class_and_kind(void **state)
{
	struct mdu_in in = { .media = MEDIA_AUDIO, .said.class = CLASS_AUDIO };
	struct md_hint h = hint(MD_HINT_ALL);

	(void)state;
	hints_apply(&h, &in);
	assert_int_equal(in.media, MEDIA_VIDEO);
	assert_int_equal(in.said.class, CLASS_KEY);
	assert_true(in.said.start && in.said.end && in.has_identity);
	assert_int_equal(in.identity, 5);
	h.importance = MD_IS_REPAIR;
	hints_apply(&h, &in);
	assert_int_equal(in.media, MEDIA_REPAIR);
	h.importance = MD_IS_AUDIO;
	hints_apply(&h, &in);
	assert_int_equal(in.media, MEDIA_AUDIO);
	in = (struct mdu_in){ .media = MEDIA_MPEGTS, .said.end = true };
	h = hint(MD_HINT_END);
	h.end = 0;
	hints_apply(&h, &in);
	assert_int_equal(in.media, MEDIA_MPEGTS);
	assert_false(in.said.end || in.has_identity);
}

static uint8_t burst(struct flow *flow, unsigned octets, size_t packet, uint32_t now)
{
	struct md_hint h = hint(octets ? MD_HINT_BURST : 0);

	h.burst = octets;
	return hints_burst(flow, &sock, &h, packet, now, UNIT);
}

static void a_hinted_burst_lasts_for_its_octets(void **state)
{
	struct flow *flow = calloc(2, sizeof(*flow));

	(void)state;
	assert_int_equal(burst(flow, 0, 1200, 100), 0);
	assert_int_equal(burst(flow, 3500, 1200, 100), 2);
	assert_int_equal(burst(flow + 1, 0, 1200, 101), 0);
	assert_int_equal(burst(flow, 0, 1200, 101), 2);
	assert_int_equal(burst(flow, 0, 1200, 102), 2);
	assert_int_equal(burst(flow, 0, 1200, 103), 0);
	free(flow);
}

static void a_hinted_burst_lasts_for_50_ms(void **state)
{
	struct flow *flow = calloc(1, sizeof(*flow));

	(void)state;
	assert_int_equal(burst(flow, 100000, 1200, 65530), 34);
	assert_int_equal(burst(flow, 0, 1200, 65580), 34);
	assert_int_equal(burst(flow, 0, 1200, 65581), 0);
	assert_int_equal(burst(flow, 10000000, 1200, 70000), 255);
	free(flow);
}

static void a_burst_told_with_each_packet_is_one(void **state)
{
	struct flow *flow = calloc(1, sizeof(*flow));

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(burst(flow, 3600, 1200, 10), 2);
	assert_int_equal(burst(flow, 0, 1200, 10), 0);
	assert_int_equal(burst(flow, 3600, 1200, 10), 2);
	assert_int_equal(burst(flow, 9001, 1200, 10), 4);
	assert_int_equal(burst(flow, 0, 7800, 10), 4);
	assert_int_equal(burst(flow, 0, 1200, 10), 4);
	assert_int_equal(burst(flow, 0, 1200, 10), 0);
	free(flow);
}

static void a_burst_on_the_socket_is_one_burst(void **state)
{
	struct flow *flow = calloc(1, sizeof(*flow));
	struct md_hint told = hint(MD_HINT_BURST | MD_HINT_STREAM), h;

	(void)state;
	memset(&sock, 0, sizeof(sock));
	hints_told(&sock, MD_HINT_SOCKET, &told, sizeof(told), 1);
	for (int i = 0; i < 3; i++) {
		h = (struct md_hint){ .given = 0 };
		hints_merge(&h, &sock, NULL);
		assert_int_equal(h.given, i ? MD_HINT_STREAM : MD_HINT_STREAM | MD_HINT_BURST);
		assert_int_equal(hints_burst(flow, &sock, &h, 4500, 5, UNIT), i < 2 ? 3 : 0);
	}
	free(flow);
}

/* --- Notes ------------------------------------------------------------------------------------------------------------ */

static void the_last_notes_of_each_source_are_found(void **state)
{
	uint64_t word[NOTE_WORDS] = { 1, 0, 0 }, found[NOTE_WORDS];
	struct notes notes = { 0 };

	(void)state;
	assert_int_equal(notes_make(&notes), 0);
	assert_false(notes_any(&notes));
	for (uint64_t seq = 0; seq < 70000; seq++)
		for (uint64_t ssrc = 1; ssrc <= 3; ssrc++) {
			word[1] = ssrc, word[2] = seq;
			notes_put(&notes, ssrc << 32 | (uint16_t)seq, word);
		}
	for (uint64_t seq = 70000 - 1024; seq < 70000; seq++)
		for (uint64_t ssrc = 1; ssrc <= 3; ssrc++) {
			assert_true(notes_find(&notes, ssrc << 32 | (uint16_t)seq, found));
			assert_true(found[1] == ssrc && found[2] == seq);
		}
	assert_false(notes_find(&notes, 4ull << 32 | 70000 % 65536, found));
	assert_true(notes_any(&notes));
}

static struct notes shared;

static void *writer(void *argument)
{
	uint64_t me = *(uint64_t *)argument, word[NOTE_WORDS];

	for (uint64_t n = 1; n < 200000; n++) {
		word[0] = n, word[1] = n * me, word[2] = n ^ me;
		notes_put(&shared, 5, word);
	}
	return NULL;
}

/* All in one bucket, under one key: a reader finds a whole note or none. */
static void a_torn_note_is_no_note(void **state)
{
	uint64_t name[2] = { 3, 1000003 }, word[NOTE_WORDS];
	pthread_t thread[2];

	(void)state;
	assert_int_equal(notes_make(&shared), 0);
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, writer, &name[i]);
	for (int i = 0; i < 200000; i++)
		if (notes_find(&shared, 5, word))
			assert_true((word[1] == word[0] * 3 && word[2] == (word[0] ^ 3)) ||
				(word[1] == word[0] * 1000003 && word[2] == (word[0] ^ 1000003)));
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}

static void a_child_inherits_no_notes(void **state)
{
	uint64_t word[NOTE_WORDS] = { 1, 2, 3 };
	struct notes notes = { 0 };
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(notes_make(&notes), 0);
	notes_put(&notes, 9, word);
	assert_true(notes_find(&notes, 9, word));
	pid = fork();
	if (pid == 0)
		_exit(notes_find(&notes, 9, word));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hint_is_read_and_is_not_foreign),
		cmocka_unit_test(values_that_must_not_be_sent_are_refused),
		cmocka_unit_test(each_item_comes_from_the_strongest_that_gives_it),
		cmocka_unit_test(the_door_answers_like_a_kernel),
		cmocka_unit_test(importance_is_class_and_kind),
		cmocka_unit_test(a_hinted_burst_lasts_for_its_octets),
		cmocka_unit_test(a_hinted_burst_lasts_for_50_ms),
		cmocka_unit_test(a_burst_told_with_each_packet_is_one),
		cmocka_unit_test(a_burst_on_the_socket_is_one_burst),
		cmocka_unit_test(the_last_notes_of_each_source_are_found),
		cmocka_unit_test(a_torn_note_is_no_note),
		cmocka_unit_test(a_child_inherits_no_notes),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
