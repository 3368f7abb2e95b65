/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "vectors.h"

#include "mdu.h"

static const char *const classes[CLASS_COUNT] = {
	"unknown", "discardable", "enhancement", "base", "key", "audio", "repair"
};
static const char *const roles[] = { "start", "middle", "end", "only" };
static const char *const medias[] = { "video", "audio", "repair", "mpegts" };

static unsigned index_of(const char *const *names, size_t n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return i;
	fail_msg("no such name: %s", name);
	return 0;
}

/* --- mdu.json -------------------------------------------------------------------------------------- */

enum { STREAMS = 16 };

struct streams {
	size_t n;
	uint32_t ssrc[STREAMS];
	struct mdu_stream stream[STREAMS];
};

static struct mdu_stream *stream_of(struct streams *s, uint32_t ssrc)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->ssrc[i] == ssrc)
			return &s->stream[i];
	assert_true(s->n < STREAMS);
	s->ssrc[s->n] = ssrc;
	return &s->stream[s->n++];
}

static struct mdu_in in_of(const json_t *p)
{
	return (struct mdu_in){
		.media = index_of(medias, 4, vec_text(p, "media")),
		.ts = (uint32_t)vec_int(p, "ts"),
		.has_identity = json_object_get(p, "mdu"),
		.identity = (uint32_t)vec_int_or(p, "mdu", 0),
		.said = {
			.start = vec_int(p, "start"),
			.end = vec_int(p, "end"),
			.class = index_of(classes, CLASS_COUNT, vec_text(p, "class")),
			.has_frame = json_object_get(p, "frame"),
			.frame = (uint16_t)vec_int_or(p, "frame", 0),
			.has_layer = json_object_get(p, "layer"),
			.layer = (uint8_t)vec_int_or(p, "layer", 0),
		},
	};
}

static void run_case(void **state)
{
	const struct vector_case *c = *state;
	const json_t *packets = vec_member(c->in, "packets"), *expected = vec_member(c->out, "packets");
	struct mdu_flow flow = { .first = (uint8_t)vec_int(c->in, "counter") };
	struct streams streams = { 0 };

	assert_int_equal(json_array_size(packets), json_array_size(expected));
	for (size_t i = 0; i < json_array_size(packets); i++) {
		const json_t *p = json_array_get(packets, i), *e = json_array_get(expected, i);
		struct mdu_in in = in_of(p);
		struct mdu_out out;

		mdu_step(&flow, stream_of(&streams, (uint32_t)vec_int(p, "ssrc")), (unsigned)vec_int(c->in, "colours"), &in, &out);
		assert_int_equal(out.counter, vec_int(e, "counter"));
		assert_string_equal(roles[out.role], vec_text(e, "role"));
		assert_int_equal(out.colour, vec_int_or(e, "colour", -1));
		assert_string_equal(classes[out.class], vec_text(e, "class"));
	}
}

/* --- Cases of our own ------------------------------------------------------------------------------ */

static struct mdu_flow flow;
static struct mdu_stream stream[3];

static int reset(void **state)
{
	(void)state;
	memset(stream, 0, sizeof stream);
	flow = (struct mdu_flow){ 0 };
	return 0;
}

static struct mdu_out step(unsigned s, const struct mdu_in *in)
{
	struct mdu_out out;

	mdu_step(&flow, &stream[s], 4, in, &out);
	return out;
}

static struct mdu_out video(unsigned s, uint32_t ts, bool end)
{
	return step(s, &(struct mdu_in){ .ts = ts, .said = { .end = end, .class = CLASS_BASE } });
}

static struct mdu_out named(uint32_t ts, uint32_t identity, bool end)
{
	return step(0, &(struct mdu_in){ .ts = ts, .has_identity = true, .identity = identity, .said.end = end });
}

static struct mdu_out frame(uint32_t ts, uint16_t number, bool end)
{
	return step(0, &(struct mdu_in){ .ts = ts, .said = { .end = end, .has_frame = true, .frame = number } });
}

static struct mdu_out cell(uint32_t ts, bool start)
{
	return step(0, &(struct mdu_in){ .media = MEDIA_MPEGTS, .ts = ts, .said = { .start = start, .end = true } });
}

static void nine_records_are_kept(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 9; i++)
		assert_int_equal(video(0, i * 3000, true).counter, i);
	assert_int_equal(stream[0].records, 9);
	for (uint32_t i = 0; i < 9; i++)
		assert_int_equal(video(0, i * 3000, false).counter, i);
	assert_int_equal(flow.n, 9);
	assert_int_equal(video(0, 9 * 3000, true).counter, 9);
	assert_int_equal(stream[0].records, 9);
	assert_false(video(0, 3000, false).opened);
	assert_true(video(0, 0, false).opened);
}

static void forgotten_picture_comes_back_behind_the_current_one(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		video(0, i * 3000, false);
	assert_int_equal(video(0, 0, false).counter, 10);
	assert_int_equal(video(0, 9 * 3000, false).counter, 9);
	assert_int_equal(stream[0].record[0].ts, 9 * 3000);
	assert_int_equal(stream[0].record[1].ts, 0);
}

static void picture_of_age_127_matches_and_128_does_not(void **state)
{
	struct mdu_in audio = { .media = MEDIA_AUDIO };

	(void)state;
	video(0, 7, false);
	for (int i = 0; i < 127; i++)
		step(1, &audio);
	assert_int_equal(video(0, 7, false).counter, 0);
	step(1, &audio);
	assert_int_equal(video(0, 7, false).counter, 129);
	assert_int_equal(stream[0].records, 1); /* the old record went away */
	assert_int_equal(video(0, 7, true).counter, 129);
}

static void aged_record_is_removed_from_the_middle(void **state)
{
	struct mdu_in audio = { .media = MEDIA_AUDIO };

	(void)state;
	video(0, 1, false);
	video(0, 2, false);
	for (int i = 0; i < 100; i++)
		step(1, &audio);
	video(0, 3, false);
	video(0, 4, false);
	for (int i = 0; i < 26; i++)
		step(1, &audio);
	assert_int_equal(video(0, 2, false).opened, true);
	assert_int_equal(stream[0].records, 4);
	assert_int_equal(stream[0].record[0].ts, 4);
	assert_int_equal(stream[0].record[1].ts, 2);
	assert_int_equal(stream[0].record[2].ts, 3);
	assert_int_equal(stream[0].record[3].ts, 1);
}

static void counters_of_interleaved_sources_are_one_row(void **state)
{
	(void)state;
	for (uint32_t picture = 0; picture < 200; picture++)
		for (unsigned packet = 0; packet < 3; packet++)
			for (unsigned s = 0; s < 3; s++) {
				struct mdu_out out = video(s, picture * 3000, packet == 2);

				assert_int_equal(out.counter, (picture * 3 + s) & 0xFF);
				assert_int_equal(out.colour, (picture * 3 + s + 1) % 4);
				assert_int_equal(out.role, packet == 0 ? ROLE_START : packet == 1 ? ROLE_MIDDLE : ROLE_END);
			}
}

static void timestamps_wrap(void **state)
{
	(void)state;
	video(0, 0xFFFFFFFF - 2999, true);
	assert_int_equal(video(0, 0, true).counter, 1);
	assert_int_equal(stream[0].record[0].ts, 0);
	assert_int_equal(video(0, 0xFFFFFFFF - 5999, true).counter, 2); /* late, across the wrap */
	assert_int_equal(stream[0].record[0].ts, 0);
	assert_int_equal(video(0, 0x80000000, true).counter, 3);        /* half the circle counts as older */
	assert_int_equal(stream[0].record[0].ts, 0);
	assert_int_equal(video(0, 0x7FFFFFFF, true).counter, 4);
	assert_int_equal(stream[0].record[0].ts, 0x7FFFFFFF);
}

static void frame_numbers_decide_over_timestamps(void **state)
{
	(void)state;
	assert_int_equal(frame(0, 65535, false).counter, 0);
	assert_int_equal(frame(0, 0, false).counter, 1);
	assert_int_equal(stream[0].record[0].frame, 0);
	assert_int_equal(frame(9000, 65535, false).counter, 0);
	assert_int_equal(frame(9000, 65534, false).counter, 2); /* late, whatever the timestamp says */
	assert_int_equal(stream[0].record[0].frame, 0);
	assert_int_equal(video(0, 9000, false).counter, 2);     /* without a number the timestamp counts */
}

static void identities_match_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(named(0, 7, false).counter, 0);
	assert_int_equal(video(0, 0, false).counter, 1); /* same timestamp, no identity */
	assert_int_equal(video(0, 7, false).counter, 2); /* a timestamp is no identity */
	assert_int_equal(named(50, 7, false).counter, 0);
	assert_int_equal(named(50, 0, false).counter, 3);
}

static void nothing_is_older_than_an_identity(void **state)
{
	(void)state;
	video(0, 3000, false);
	assert_int_equal(named(0, 9, false).counter, 1);
	assert_int_equal(stream[0].record[0].ts, 9);
	assert_int_equal(named(0, 3, false).counter, 2);
	assert_int_equal(stream[0].record[0].ts, 3);
	assert_int_equal(video(0, 1, false).counter, 3);
	assert_int_equal(stream[0].record[0].ts, 1);
}

static void transport_stream_opens_at_starts_only(void **state)
{
	struct mdu_out out = cell(100, false);

	(void)state;
	assert_int_equal(out.counter, 0);
	assert_int_equal(out.role, ROLE_START);
	assert_int_equal(cell(50, false).role, ROLE_MIDDLE); /* no end, no timestamp */
	assert_int_equal(cell(50, true).counter, 1);
	assert_int_equal(stream[0].record[0].number, 2);
	assert_int_equal(cell(100, false).counter, 1);
	assert_int_equal(cell(50, true).counter, 2);         /* the same timestamp opens all the same */
}

static void application_names_mdus_of_a_transport_stream(void **state)
{
	struct mdu_in in = { .media = MEDIA_MPEGTS, .has_identity = true, .identity = 1, .said.start = true };

	(void)state;
	assert_int_equal(step(0, &in).counter, 0);
	assert_int_equal(step(0, &in).counter, 0);
	in.said.end = true;
	assert_int_equal(step(0, &in).role, ROLE_END);
	in.identity = 2;
	assert_int_equal(step(0, &in).counter, 1);
}

static void class_of_audio_never_enters_a_picture(void **state)
{
	struct mdu_in in = { .said.class = CLASS_BASE };

	(void)state;
	assert_int_equal(step(0, &in).class, CLASS_BASE);
	in.said.class = CLASS_AUDIO;
	assert_int_equal(step(0, &in).class, CLASS_BASE);
	in.said.class = CLASS_REPAIR;
	assert_int_equal(step(0, &in).class, CLASS_BASE);
	in.said.class = CLASS_KEY;
	assert_int_equal(step(0, &in).class, CLASS_KEY);
}

static void packets_behind_the_end_are_alone(void **state)
{
	(void)state;
	assert_int_equal(video(0, 1, false).role, ROLE_START);
	assert_int_equal(video(0, 1, true).role, ROLE_END);
	assert_int_equal(video(0, 1, true).role, ROLE_ONLY);
	assert_int_equal(video(0, 1, false).colour, -1);
	assert_int_equal(flow.k, 1);
}

static void one_colour_is_given_away_by_the_next_start(void **state)
{
	struct mdu_in a = { .ts = 1 }, b = { .ts = 2 };
	struct mdu_out out;

	(void)state;
	mdu_step(&flow, &stream[0], 1, &a, &out);
	assert_int_equal(out.colour, 0);
	mdu_step(&flow, &stream[0], 1, &a, &out);
	assert_int_equal(out.role, ROLE_MIDDLE);
	mdu_step(&flow, &stream[1], 1, &b, &out);
	assert_int_equal(out.role, ROLE_START);
	mdu_step(&flow, &stream[0], 1, &a, &out);
	assert_int_equal(out.role, ROLE_ONLY);
	assert_int_equal(out.counter, 0);
}

int main(void)
{
	const struct vector_op ops[] = { { "mdu", NULL, run_case } };
	const struct CMUnitTest more[] = {
		cmocka_unit_test_setup(nine_records_are_kept, reset),
		cmocka_unit_test_setup(forgotten_picture_comes_back_behind_the_current_one, reset),
		cmocka_unit_test_setup(picture_of_age_127_matches_and_128_does_not, reset),
		cmocka_unit_test_setup(aged_record_is_removed_from_the_middle, reset),
		cmocka_unit_test_setup(counters_of_interleaved_sources_are_one_row, reset),
		cmocka_unit_test_setup(timestamps_wrap, reset),
		cmocka_unit_test_setup(frame_numbers_decide_over_timestamps, reset),
		cmocka_unit_test_setup(identities_match_nothing_else, reset),
		cmocka_unit_test_setup(nothing_is_older_than_an_identity, reset),
		cmocka_unit_test_setup(transport_stream_opens_at_starts_only, reset),
		cmocka_unit_test_setup(application_names_mdus_of_a_transport_stream, reset),
		cmocka_unit_test_setup(class_of_audio_never_enters_a_picture, reset),
		cmocka_unit_test_setup(packets_behind_the_end_are_alone, reset),
		cmocka_unit_test_setup(one_colour_is_given_away_by_the_next_start, reset),
	};

	return VECTORS_RUN("mdu", ops, more);
}
