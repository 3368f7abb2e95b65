/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The bound of "make gain": exact where all choices can be tried, and above what any policy does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arm.h>
#include <cmocka.h>
#include <oracle.h>
#include <radio_random.h>

enum { MOST = 300, PIECES = 4, GOP = 7, DELAY = 10000, BUDGET = 150000 };

static struct frame frame[MOST];
static struct sample sample[MOST * PIECES];
static struct frames frames = { .frame = frame };
static struct capture capture = { .sample = sample };

static void mark(struct radio_packet *p, unsigned n, const struct frame *f, enum codec codec)
{
	bool middle = codec == CODEC_VP8 && f->layer == 1;

	p->flow = 1;
	p->marks = (struct radio_marks){ .known = true, .name = (uint8_t)n, .d = f->key ? 1 : f->ref ? 2 : 3,
		.p = f->key || f->ref ? 1 : middle ? 2 : 3, .l = f->key || f->ref ? 1 : 2 };
}

/* A film of random sizes: every second frame refers to nothing that comes (H.264), or the pattern 0 2 1 2 (VP8). */
static void make_film(unsigned count, enum codec codec, uint64_t *seed)
{
	static const uint8_t layer[] = { 0, 2, 1, 2 };
	size_t n = 0;

	memset(frame, 0, sizeof(frame));
	memset(sample, 0, sizeof(sample));
	for (unsigned i = 0; i < count; i++) {
		struct frame *f = &frame[i];
		unsigned place = i % GOP;

		f->sent = (int64_t)i * 33333;
		f->key = place == 0;
		f->layer = codec == CODEC_VP8 ? layer[place % 4] : 0;
		f->ref = codec == CODEC_VP8 ? f->layer == 0 : place % 2 == 0;
		f->sync = codec == CODEC_VP8 && place % 4 == 1;
		f->packets = 1 + random_below(seed, f->key ? PIECES : 2);
		for (unsigned k = 0; k < f->packets; k++, n++) {
			sample[n].packet.arrived = f->sent + k * 500;
			sample[n].packet.size = 200 + random_below(seed, 1300);
			sample[n].frame = i;
			mark(&sample[n].packet, i, f, codec);
		}
	}
	frames.count = count;
	capture.samples = n;
	capture.length = sample[n - 1].packet.arrived;
}

/* Some milliseconds with an opportunity, and some gaps. */
static void make_trace(struct trace *t, uint32_t *at, unsigned most, uint64_t *seed)
{
	uint32_t ms = 0;

	t->at = at;
	t->count = most;
	for (unsigned i = 0; i < most; i++)
		at[i] = ms += 1 + random_below(seed, random_below(seed, 10) ? 30 : 300);
	t->period = ms;
}

/* Frames in time when just the frames of the set are carried, in their order. */
static unsigned carry(unsigned set, const struct trace *t, enum codec codec)
{
	int64_t done[16], when[16];
	uint64_t used = 0;
	unsigned in = 0;

	for (unsigned i = 0; i < frames.count; i++)
		done[i] = INT64_MAX;
	for (size_t n = 0; n < capture.samples; n++) {
		const struct sample *s = &sample[n];

		if (!(set >> s->frame & 1))
			continue;
		while (trace_time(t, used / TRACE_OCTETS) <= s->packet.arrived)
			used = (used / TRACE_OCTETS + 1) * TRACE_OCTETS;
		used += s->packet.size;
		done[s->frame] = trace_time(t, (used - 1) / TRACE_OCTETS) + DELAY;
	}
	frames_decodable(&frames, codec, done, when);
	for (unsigned i = 0; i < frames.count; i++)
		in += when[i] != INT64_MAX && when[i] - frame[i].sent <= BUDGET;
	return in;
}

static double bound(const struct trace *t, enum codec codec)
{
	return oracle_in_time(&capture, &frames, codec, &(struct oracle_setting){ .trace = t, .delay = DELAY, .budget = BUDGET });
}

static void bound_is_the_best_of_all_choices(void **state)
{
	enum { COUNT = 10 };
	uint32_t at[40];
	struct trace t;

	(void)state;
	for (uint64_t round = 1; round <= 60; round++) {
		uint64_t seed = round;
		enum codec codec = round & 1 ? CODEC_H264 : CODEC_VP8;
		unsigned best = 0;

		make_film(COUNT, codec, &seed);
		make_trace(&t, at, 40, &seed);
		for (unsigned set = 0; set < 1u << COUNT; set++) {
			unsigned in = carry(set, &t, codec);

			best = in > best ? in : best;
		}
		assert_float_equal(bound(&t, codec) * COUNT, best, 1e-6);
	}
}

static double played(const struct radio_queue_policy *policy, const struct trace *t, enum codec codec)
{
	struct arm_setting s = { .policy = policy, .queue = RADIO_QUEUE_DEFAULTS, .trace = t, .delay = DELAY };
	struct arm_result r;
	unsigned in = 0;

	assert_int_equal(arm_play(&r, &capture, &frames, codec, &s), 0);
	for (unsigned i = 0; i < frames.count; i++)
		in += r.when[i] != INT64_MAX && r.when[i] - frame[i].sent <= BUDGET;
	arm_free(&r);
	return (double)in / frames.count;
}

static void no_policy_passes_the_bound(void **state)
{
	static uint32_t at[2000];
	double mdu = 0, tail = 0, most = 0;
	struct trace t;

	(void)state;
	for (uint64_t round = 1; round <= 40; round++) {
		uint64_t seed = 1000 + round;
		enum codec codec = round & 1 ? CODEC_H264 : CODEC_VP8;
		double best;

		make_film(MOST, codec, &seed);
		make_trace(&t, at, 2000, &seed);
		best = bound(&t, codec);
		for (size_t i = 0; radio_queue_policies[i]; i++)
			assert_true(played(radio_queue_policies[i], &t, codec) <= best + 1e-9);
		most += best;
		mdu += played(&queue_mdu, &t, codec);
		tail += played(&queue_tail, &t, codec);
	}
	/* And the MDU-aware policy has most of what can be had over tail drop. */
	assert_true(mdu - tail > 0.6 * (most - tail));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bound_is_the_best_of_all_choices),
		cmocka_unit_test(no_policy_passes_the_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
