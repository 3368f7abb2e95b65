/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Why airtime was wasted, as "make gain" counts it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <radio_random.h>
#include <waste.h>

enum { MS = 1000, BUDGET = 150 * MS, DELAY = 10 * MS, MOST = 40, PIECES = 30 };

static void every_cause_has_its_share(void **state)
{
	struct frame frame[] = { { .key = true }, { .key = true }, { .ref = true }, { 0 }, { 0 }, { .ref = true } };
	int64_t done[] = { 200 * MS, 200 * MS, 160 * MS, 100 * MS, INT64_MAX, 150 * MS };
	int64_t when[] = { 200 * MS, 200 * MS, 200 * MS, 200 * MS, INT64_MAX, 150 * MS };
	int64_t alone[] = { 151 * MS, 150 * MS, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX };
	unsigned carried[] = { 100, 200, 300, 400, 500, 8500 };
	struct frames frames = { frame, sizeof(frame) / sizeof(*frame), 2 };
	struct arm_result r = { .done = done, .when = when, .alone = alone, .carried = carried };
	double share[WASTE_CAUSES];

	(void)state;
	waste_shares(share, &frames, &r, BUDGET);
	for (int c = 0; c < WASTE_CAUSES; c++)
		assert_true(share[c] > (c + 1) * 0.01 - 1e-9 && share[c] < (c + 1) * 0.01 + 1e-9);
	r.alone = NULL; /* in the closed loop */
	waste_shares(share, &frames, &r, BUDGET);
	assert_true(share[WASTE_FORCED] == 0);
	assert_true(share[WASTE_KEY] > 0.03 - 1e-9 && share[WASTE_KEY] < 0.03 + 1e-9);
}

static struct sample sample[MOST * PIECES];
static struct frame frame[MOST];

/* Key frames so far apart that each finds the link free: then the link itself says when they arrive. */
static void key_frame_alone_arrives_when_a_free_link_brings_it(void **state)
{
	struct capture capture = { .sample = sample };
	struct frames frames = { frame, MOST, MOST };
	const struct trace_profile *profile = trace_profile("hard-a");
	uint64_t seed = 7;

	(void)state;
	for (unsigned i = 0; i < MOST; i++) {
		frame[i] = (struct frame){ .sent = (int64_t)i * 8000 * MS + 123, .key = true, .packets = 1 + random_below(&seed, PIECES) };
		for (unsigned k = 0; k < frame[i].packets; k++)
			sample[capture.samples++] = (struct sample){ .frame = i,
				.packet = { .arrived = frame[i].sent + k * 3000, .size = 100 + random_below(&seed, 1400) } };
	}
	capture.length = sample[capture.samples - 1].packet.arrived;
	for (unsigned round = 1; round <= 5; round++) {
		struct arm_setting s = { .policy = &queue_tail, .queue = RADIO_QUEUE_DEFAULTS, .skip = round * 17117, .delay = DELAY };
		struct arm_result r;
		struct trace t;

		assert_int_equal(trace_generate(&t, profile, 120, round), 0);
		s.trace = &t;
		assert_int_equal(arm_play(&r, &capture, &frames, CODEC_H264, &s), 0);
		for (unsigned i = 0; i < MOST; i++)
			assert_int_equal(r.alone[i], r.done[i]);
		arm_free(&r);
		trace_free(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cause_has_its_share),
		cmocka_unit_test(key_frame_alone_arrives_when_a_free_link_brings_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
