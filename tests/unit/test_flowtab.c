/* SPDX-License-Identifier: BSD-3-Clause */
/* rule: 56 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flowtab.h"
#include "process.h"
#include "stats.h"

enum { FLOWS = 1000 };

static struct flow_facts facts_of(uint32_t n)
{
	struct flow_facts facts;

	memset(&facts, 0, sizeof(facts));
	facts.key.cookie = 7;
	facts.key.tuple.version = 4;
	facts.key.tuple.dst[0] = 10;
	facts.key.tuple.dst[2] = (uint8_t)(n >> 8);
	facts.key.tuple.dst[3] = (uint8_t)n;
	facts.key.tuple.dport = 5004;
	facts.tuple = facts.key.tuple;
	facts.why_not = MD_ASIDE_COUNT;
	return facts;
}

static struct flow *add(uint32_t n, uint32_t now)
{
	struct flow_facts facts = facts_of(n);

	return flowtab_add(&facts, NULL, now);
}

static struct flow *find(uint32_t n, uint32_t now)
{
	struct flow_facts facts = facts_of(n);

	return flowtab_find(&facts.key, now);
}

static void flows_are_bounded_and_the_oldest_are_forgotten(void **state)
{
	unsigned before = (unsigned)stats_page()->count[MD_C_FLOWS_FORGOTTEN], here = 0;

	(void)state;
	for (uint32_t n = 0; n < 2 * FLOWS; n++)
		flowtab_let_go(add(n, 1000 + n));
	for (uint32_t n = 0; n < 2 * FLOWS; n++) {
		struct flow *flow = find(n, 9000);

		if (!flow)
			continue;
		here++;
		assert_true(n >= FLOWS);
		flowtab_let_go(flow);
	}
	assert_int_equal(here, FLOWS);
	assert_int_equal(stats_page()->count[MD_C_FLOWS_FORGOTTEN] - before, FLOWS);
	assert_int_equal(stats_page()->flows_now, FLOWS);
}

static void another_source_port_or_route_is_another_flow(void **state)
{
	struct flow_facts facts = facts_of(1);
	struct flow *a = flowtab_add(&facts, NULL, 20000), *b, *c;

	(void)state;
	facts.key.chosen = true;
	facts.key.tuple.src[0] = 127;
	facts.tuple = facts.key.tuple;
	b = flowtab_add(&facts, NULL, 20000);
	facts.key.route = 1;
	c = flowtab_add(&facts, NULL, 20000);
	assert_ptr_not_equal(a, b);
	assert_ptr_not_equal(b, c);
	flowtab_let_go(a);
	flowtab_let_go(b);
	flowtab_let_go(c);
}

static void a_retired_flow_is_not_found(void **state)
{
	struct flow *flow = add(77, 30000), *other;

	(void)state;
	flowtab_retire(flow);
	assert_null(find(77, 30001));
	other = add(77, 30001);
	assert_ptr_not_equal(other, flow);
	flowtab_let_go(flow);
	flowtab_let_go(other);
}

static void a_flow_that_comes_back_has_no_old_streams(void **state)
{
	struct flow *flow = add(5, 40000);
	struct stream *stream = flowtab_stream(flow, 99, 40000);

	(void)state;
	assert_non_null(stream);
	stream->mdu.records = 3;
	flowtab_stream_done(stream);
	flowtab_retire(flow);
	flowtab_let_go(flow);
	for (uint32_t n = 10000; n < 10000 + 2 * FLOWS; n++)
		flowtab_let_go(add(n, 41000 + n));
	flow = add(5, 60000);
	stream = flowtab_stream(flow, 99, 60000);
	assert_int_equal(stream->mdu.records, 0);
	flowtab_stream_done(stream);
	flowtab_let_go(flow);
}

/* ICE chose another path, or the flow was retired: the encoder knows nothing of it and repeats nothing. */
static void a_stream_takes_its_layers_to_the_next_flow(void **state)
{
	struct flow *here = add(400, 42000), *there = add(401, 42000);
	struct stream *stream = flowtab_stream(here, 4242, 42000);
	struct layers *of = flowtab_layers(stream, 42000);

	(void)state;
	assert_false(of->structure.known);
	of->structure = (struct dd_structure){ .known = true, .offset = 9, .templates = 3, .targets = 2 };
	highest_raise(&stream->plausible.highest, 2, 1);
	stream->plausible.implausible = 5;
	stream->mdu.records = 3;
	flowtab_layers_done(of);
	flowtab_stream_done(stream);

	for (int again = 0; again < 2; again++) {
		stream = flowtab_stream(there, 4242, 42100);
		of = flowtab_layers(stream, 42100);
		assert_int_equal(stream->plausible.highest.tid, 2);
		assert_int_equal(stream->plausible.highest.sid, 1);
		assert_int_equal(stream->plausible.implausible, 0);
		assert_int_equal(stream->mdu.records, 0);
		assert_true(of->structure.known);
		assert_int_equal(of->structure.offset, 9);
		flowtab_layers_done(of);
		flowtab_stream_done(stream);
		flowtab_retire(there);
		flowtab_let_go(there);
		there = add(401, 42200);
	}
	/* Among many, too. */
	for (uint32_t ssrc = 5000; ssrc < 5300; ssrc++) {
		stream = flowtab_stream(here, ssrc, 42250);
		highest_raise(&stream->plausible.highest, (uint8_t)(ssrc % 7 + 1), 0);
		flowtab_stream_done(stream);
	}
	for (uint32_t ssrc = 5000; ssrc < 5300; ssrc++) {
		stream = flowtab_stream(there, ssrc, 42260);
		assert_int_equal(stream->plausible.highest.tid, ssrc % 7 + 1);
		flowtab_stream_done(stream);
	}
	stream = flowtab_stream(there, 4243, 42300);
	of = flowtab_layers(stream, 42300);
	assert_int_equal(stream->plausible.highest.tid, 0);
	assert_false(of->structure.known);
	flowtab_layers_done(of);
	flowtab_stream_done(stream);
	flowtab_let_go(here);
	flowtab_let_go(there);
}

/* MDU_RECORDS records of an SSRC and the traffic key are inside. */
static void a_flow_with_one_ssrc_stays_below_512_octets(void **state)
{
	size_t all = sizeof(struct flow) + sizeof(struct stream);

	(void)state;
	printf("# a flow with one SSRC: %zu octets: flow %zu, the cached key included, SSRC with %d MDU records %zu\n", all,
		sizeof(struct flow), MDU_RECORDS, sizeof(struct stream));
	assert_true(all <= 512);
	assert_true(sizeof(((struct stream *)NULL)->mdu.record) / sizeof(struct mdu_record) >= 9);
}

static void sequence_counts_by_one_and_time_never_goes_back(void **state)
{
	struct flow *flow = add(300, 70000);
	uint32_t ts, last = 0, equal = 0;
	uint16_t seq, first = 0;
	uint64_t undo[2];

	(void)state;
	for (uint32_t i = 0; i < 70000; i++) {
		flowtab_tick(flow, 0x10000000 + i / 1000 - (i == 500 ? 20 : 0), &seq, &ts, undo);
		if (i == 0)
			first = seq;
		assert_int_equal(seq, (uint16_t)(first + i));
		assert_true(i == 0 || md_ntp_diff(ts, last) >= 0);
		equal = ts == last ? equal + 1 : 1;
		assert_true(equal <= 64);
		last = ts;
	}
	flowtab_let_go(flow);
}

static void a_number_is_taken_back_only_if_it_was_the_last(void **state)
{
	struct flow *flow = add(301, 80000);
	uint64_t undo[2], older[2];
	uint16_t a, b, c;
	uint32_t ts;

	(void)state;
	flowtab_tick(flow, 5, &a, &ts, undo);
	flowtab_undo(flow, undo);
	flowtab_tick(flow, 5, &b, &ts, older);
	assert_int_equal(a, b);
	flowtab_tick(flow, 5, &c, &ts, undo);
	flowtab_undo(flow, older);
	flowtab_tick(flow, 5, &a, &ts, undo);
	assert_int_equal(a, (uint16_t)(c + 1));
	flowtab_let_go(flow);
}

static uint8_t seen[65536];
static struct flow *busy;

static void *tick(void *argument)
{
	uint64_t undo[2];
	uint16_t seq;
	uint32_t ts;

	for (int i = 0; i < 8000; i++) {
		flowtab_tick(busy, (uint32_t)i, &seq, &ts, undo);
		__atomic_fetch_add(&seen[seq], 1, __ATOMIC_RELAXED);
	}
	return argument;
}

static void threads_never_get_the_same_number(void **state)
{
	pthread_t thread[8];
	unsigned numbers = 0;

	(void)state;
	busy = add(302, 90000);
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, tick, NULL), 0);
	for (int i = 0; i < 8; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < 65536; i++) {
		assert_true(seen[i] <= 1);
		numbers += seen[i];
	}
	assert_int_equal(numbers, 64000);
	flowtab_let_go(busy);
}

static void starts_are_random(void **state)
{
	unsigned same = 0;
	uint64_t undo[2];
	uint16_t seq, last = 0;
	uint32_t ts;

	(void)state;
	for (uint32_t n = 400; n < 600; n++) {
		struct flow *flow = add(n, 95000);

		flowtab_tick(flow, 1, &seq, &ts, undo);
		same += (uint16_t)(seq - last) < 4;
		last = seq;
		flowtab_let_go(flow);
	}
	assert_true(same < 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_are_bounded_and_the_oldest_are_forgotten),
		cmocka_unit_test(another_source_port_or_route_is_another_flow),
		cmocka_unit_test(a_retired_flow_is_not_found),
		cmocka_unit_test(a_flow_that_comes_back_has_no_old_streams),
		cmocka_unit_test(a_stream_takes_its_layers_to_the_next_flow),
		cmocka_unit_test(a_flow_with_one_ssrc_stays_below_512_octets),
		cmocka_unit_test(sequence_counts_by_one_and_time_never_goes_back),
		cmocka_unit_test(a_number_is_taken_back_only_if_it_was_the_last),
		cmocka_unit_test(threads_never_get_the_same_number),
		cmocka_unit_test(starts_are_random),
	};

	if (process_start() != 0 || !process_is_new() || flowtab_start(FLOWS, true) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
