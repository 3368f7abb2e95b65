/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <radio_link.h>
#include <radio_random.h>

enum { MOST = 20000, MS = 1000 };

/* What became of each packet: 0 nothing yet, 1 sent, 2 dropped. */
static struct radio_packet packets[MOST];
static int fate[MOST];
static int order[MOST];
static unsigned made, sent, dropped;

static void forget(void)
{
	memset(packets, 0, sizeof(packets));
	memset(fate, 0, sizeof(fate));
	made = sent = dropped = 0;
}

static void on_drop(void *context, struct radio_packet *p, int64_t now)
{
	(void)context;
	(void)now;
	assert_int_equal(fate[p - packets], 0);
	fate[p - packets] = 2;
	dropped++;
}

static void on_sent(struct radio_packet *p)
{
	assert_int_equal(fate[p - packets], 0);
	fate[p - packets] = 1;
	order[sent++] = (int)(p - packets);
}

static struct radio_queue *open_queue(const char *name, unsigned most)
{
	struct radio_queue_options o = RADIO_QUEUE_DEFAULTS;

	o.packets = most;
	o.drop = on_drop;
	forget();
	assert_non_null(radio_queue_policy(name));
	return radio_queue_new(radio_queue_policy(name), &o);
}

static struct radio_packet *make(int64_t now, uint32_t size)
{
	struct radio_packet *p = &packets[made++];

	p->arrived = now;
	p->size = size;
	p->flow = 1;
	return p;
}

static void put(struct radio_queue *q, struct radio_packet *p)
{
	q->policy->put(q, p, p->arrived);
}

/* A packet of MED: Counter, D, P, L. */
static void med(struct radio_queue *q, int64_t now, uint8_t counter, uint8_t d, uint8_t p, uint8_t l)
{
	struct radio_packet *packet = make(now, 1000);

	packet->marks = (struct radio_marks){ .known = true, .name = counter, .d = d, .p = p, .l = l };
	put(q, packet);
}

static void ofc(struct radio_queue *q, int64_t now, uint8_t colour, uint8_t role, uint8_t d, uint8_t p, uint8_t l)
{
	struct radio_packet *packet = make(now, 1000);

	packet->marks = (struct radio_marks){ .known = true, .coloured = true, .name = colour, .role = role, .d = d, .p = p, .l = l };
	put(q, packet);
}

static bool get(struct radio_queue *q, int64_t now)
{
	struct radio_packet *p = q->policy->get(q, now);

	if (p)
		on_sent(p);
	return p != NULL;
}

static void drain(struct radio_queue *q, int64_t now)
{
	while (get(q, now))
		;
	assert_int_equal(q->packets, 0);
	assert_int_equal(q->octets, 0);
}

static void tail_drop_keeps_order_and_bound(void **state)
{
	struct radio_queue *q = open_queue("tail", 10);

	(void)state;
	for (int i = 0; i < 15; i++)
		put(q, make(i, 100));
	assert_int_equal(q->packets, 10);
	assert_int_equal(dropped, 5);
	drain(q, 100);
	for (int i = 0; i < 10; i++)
		assert_int_equal(order[i], i);
	radio_queue_free(q, 100);
}

static void dscp_serves_by_class_and_drops_the_lowest(void **state)
{
	struct radio_queue *q = open_queue("dscp", 3);
	static const uint8_t dscp[] = { 0, 36, 34, 46, 0 };

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct radio_packet *p = make(i, 100);

		p->dscp = dscp[i];
		put(q, p);
	}
	assert_int_equal(fate[0], 2); /* gave way to EF */
	assert_int_equal(fate[4], 2); /* nothing lower than itself */
	drain(q, 100);
	assert_int_equal(order[0], 2);
	assert_int_equal(order[1], 3);
	assert_int_equal(order[2], 1);
	radio_queue_free(q, 100);
}

/* RFC 8289: nothing is dropped before the delay was above 5 ms for 100 ms; then one, the next 100 ms / sqrt(2) later. */
static void codel_drops_at_the_rfcs_pace(void **state)
{
	struct radio_queue *q = open_queue("codel", 1000);
	int64_t at[3] = { 0 };
	unsigned seen = 0;

	(void)state;
	for (int i = 0; i < 400; i++)
		put(q, make(0, 1000));
	for (int64_t now = 10 * MS; now < 400 * MS && seen < 3; now += MS) {
		unsigned before = dropped;

		get(q, now);
		if (dropped != before)
			at[seen++] = now;
	}
	assert_int_equal(seen, 3);
	assert_int_equal(at[0], 110 * MS);
	assert_in_range(at[1] - at[0], 99 * MS, 101 * MS);
	assert_in_range(at[2] - at[1], 70 * MS, 72 * MS);
	radio_queue_free(q, 400 * MS);
}

static void codel_leaves_a_short_queue_alone(void **state)
{
	struct radio_queue *q = open_queue("codel", 1000);

	(void)state;
	for (int64_t now = 0; now < 2000 * MS; now += 2 * MS) {
		put(q, make(now, 1000));
		get(q, now + MS);
	}
	assert_int_equal(dropped, 0);
	radio_queue_free(q, 0);
}

static void fair_queueing_gives_equal_octets(void **state)
{
	struct radio_queue *q = open_queue("fair", 4000);
	unsigned octets[3] = { 0 };

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct radio_packet *p = make(0, i % 3 == 0 ? 1400 : 300);

		p->flow = (uint32_t)(i % 3) + 10;
		put(q, p);
	}
	for (int i = 0; i < 600; i++) {
		struct radio_packet *p = q->policy->get(q, 0);

		octets[p->flow - 10] += p->size;
		on_sent(p);
	}
	assert_in_range(octets[0], octets[1] - 3000, octets[1] + 3000);
	assert_in_range(octets[0], octets[2] - 3000, octets[2] + 3000);
	radio_queue_free(q, 0);
}

/* --- MDU-aware ------------------------------------------------------------------------------------------------------ */

static void mdus_are_dropped_whole_and_late_packets_of_them_too(void **state)
{
	struct radio_queue *q = open_queue("mdu", 1000);

	(void)state;
	for (int i = 0; i < 3; i++)
		med(q, 0, 7, 3, 3, 2);
	get(q, 300 * MS);              /* late by far: nothing of it is worth sending */
	assert_int_equal(sent, 0);
	assert_int_equal(dropped, 3);
	med(q, 301 * MS, 7, 3, 3, 2);  /* one more of the same */
	assert_int_equal(dropped, 4);
	radio_queue_free(q, 0);
}

static void base_is_sent_late_as_long_as_no_key_waits(void **state)
{
	struct radio_queue *q = open_queue("mdu", 1000);

	(void)state;
	med(q, 0, 1, 2, 1, 1);
	med(q, 33 * MS, 2, 3, 3, 2);
	drain(q, 400 * MS);
	assert_int_equal(fate[0], 1);
	assert_int_equal(fate[1], 2);
	radio_queue_free(q, 0);
}

static void new_key_preempts_older_late_mdus(void **state)
{
	struct radio_queue *q = open_queue("mdu", 1000);

	(void)state;
	med(q, 0, 1, 2, 1, 1);
	med(q, 33 * MS, 2, 2, 1, 1);
	med(q, 300 * MS, 3, 1, 1, 1);
	med(q, 330 * MS, 4, 2, 1, 1);
	drain(q, 340 * MS);
	assert_int_equal(fate[0], 2);
	assert_int_equal(fate[1], 2);
	assert_int_equal(fate[2], 1);
	assert_int_equal(fate[3], 1);
	radio_queue_free(q, 0);
}

/* Four packets of a key, some of them sent; then a newer key, and the older one is late. */
static void late_key_gives_way_to_a_newer_one_unless_more_than_half_is_sent(void **state)
{
	(void)state;
	for (int before = 0; before <= 3; before++) {
		struct radio_queue *q = open_queue("mdu", 1000);

		for (int i = 0; i < 4; i++)
			med(q, 0, 1, 1, 1, 1);
		for (int i = 0; i < before; i++)
			assert_true(get(q, (i + 1) * MS));
		med(q, 300 * MS, 2, 1, 1, 1);
		drain(q, 310 * MS);
		for (int i = 0; i < 4; i++)
			assert_int_equal(fate[i], i < before || before == 3 ? 1 : 2);
		assert_int_equal(fate[4], 1);
		radio_queue_free(q, 0);
	}
}

/* Room for four: the base of a chain is the last to go, and when it goes, what depends on it goes too, up to the next key. */
static void nothing_is_orphaned(void **state)
{
	struct radio_queue *q = open_queue("mdu", 4);

	(void)state;
	med(q, 0, 1, 2, 1, 1);
	med(q, 0, 2, 2, 1, 1);
	med(q, 0, 3, 3, 2, 2);
	med(q, 0, 4, 3, 3, 2);
	med(q, 1, 5, 2, 1, 1);  /* 4 gives way */
	assert_int_equal(fate[3], 2);
	med(q, 2, 6, 2, 1, 1);  /* 3 */
	assert_int_equal(fate[2], 2);
	med(q, 3, 7, 2, 1, 1);  /* 1, and with it all of the chain */
	for (int i = 0; i < 7; i++)
		assert_int_equal(fate[i], 2);
	med(q, 4, 8, 2, 1, 1);
	med(q, 5, 9, 3, 2, 2);
	assert_int_equal(fate[7], 2);
	assert_int_equal(fate[8], 2);
	med(q, 6, 10, 1, 1, 1); /* a key: a new chain */
	med(q, 7, 11, 2, 1, 1);
	drain(q, 8);
	assert_int_equal(fate[9], 1);
	assert_int_equal(fate[10], 1);
	radio_queue_free(q, 0);
}

static void upper_layer_lost_means_those_above_until_the_next_base(void **state)
{
	struct radio_queue *q = open_queue("mdu", 3);

	(void)state;
	med(q, 0, 1, 1, 1, 1);
	med(q, 0, 2, 3, 2, 2);
	med(q, 0, 3, 3, 3, 2);
	med(q, 0, 4, 2, 1, 1);   /* 3 gives way: nothing depends on it */
	med(q, 0, 5, 2, 1, 1);   /* then 2 */
	assert_int_equal(fate[1], 2);
	assert_int_equal(fate[2], 2);
	drain(q, 1);
	med(q, 2, 6, 3, 3, 2);   /* a base came between: it may stay */
	drain(q, 3);
	assert_int_equal(fate[5], 1);
	radio_queue_free(q, 0);
}

static void class_that_rises_inside_an_mdu_counts(void **state)
{
	struct radio_queue *q = open_queue("mdu", 1000);

	(void)state;
	med(q, 0, 1, 0, 2, 0);       /* an access unit delimiter tells nothing */
	med(q, 0, 1, 3, 3, 2);
	drain(q, 400 * MS);
	assert_int_equal(dropped, 2); /* as a whole */
	radio_queue_free(q, 0);
}

static void base_goes_before_layers_above_when_it_would_be_late(void **state)
{
	struct radio_queue *q = open_queue("mdu", 1000);
	int64_t now = 0;

	(void)state;
	for (int i = 0; i < 40; i++) { /* a rate to estimate: 1,000 octets each 10 ms */
		med(q, now, (uint8_t)i, 2, 1, 1);
		med(q, now, (uint8_t)i, 2, 1, 1);
		get(q, now);
		now += 10 * MS;
		get(q, now);
	}
	drain(q, now);
	sent = 0;
	for (int i = 0; i < 4; i++)
		med(q, now, 100, 3, 3, 2);
	for (int i = 0; i < 40; i++)
		med(q, now, 101, 2, 1, 1);
	get(q, now);
	assert_int_equal(packets[order[0]].marks.name, 101);
	radio_queue_free(q, 0);
}

/* A newer key that would be late behind older MDUs goes before them; what was begun is finished first. */
static void key_goes_before_what_is_older_when_it_would_be_late(void **state)
{
	struct radio_queue *q = open_queue("mdu", 1000);
	int64_t now = 0;

	(void)state;
	for (int i = 0; i < 40; i++) { /* 1,000 octets each 10 ms */
		med(q, now, (uint8_t)i, 2, 1, 1);
		get(q, now);
		now += 10 * MS;
	}
	for (int i = 0; i < 10; i++)
		med(q, now, (uint8_t)(50 + i / 5), 2, 1, 1);
	get(q, now); /* of 50 */
	for (int i = 0; i < 6; i++)
		med(q, now, 100, 1, 1, 1);
	sent = 0;
	for (int i = 0; i < 5; i++)
		get(q, now += 10 * MS);
	for (int i = 0; i < 4; i++)
		assert_int_equal(packets[order[i]].marks.name, 50);
	assert_int_equal(packets[order[4]].marks.name, 100);
	drain(q, now);
	radio_queue_free(q, now);
}

static void colours_and_roles_name_mdus(void **state)
{
	struct radio_queue *q = open_queue("mdu", 1000);

	(void)state;
	ofc(q, 0, 0, RADIO_START, 3, 3, 2);
	ofc(q, 0, 0, RADIO_END, 3, 3, 2);
	ofc(q, 200 * MS, 0, RADIO_START, 3, 3, 2); /* the same colour again: another MDU */
	ofc(q, 200 * MS, 0, RADIO_MIDDLE, 3, 3, 2);
	ofc(q, 200 * MS, 3, RADIO_ONLY, 1, 1, 2);
	drain(q, 210 * MS);
	assert_int_equal(fate[0], 2);
	assert_int_equal(fate[1], 2);
	assert_int_equal(fate[2], 1);
	assert_int_equal(fate[3], 1);
	assert_int_equal(order[0], 4); /* a single one, such as audio, first */
	radio_queue_free(q, 0);
}

static void audio_does_not_preempt_video(void **state)
{
	struct radio_queue *q = open_queue("mdu", 1000);

	(void)state;
	med(q, 0, 1, 2, 1, 1);
	med(q, 300 * MS, 2, 1, 1, 2); /* independent, but of limited value: audio */
	drain(q, 301 * MS);
	assert_int_equal(fate[0], 1);
	assert_int_equal(fate[1], 1);
	radio_queue_free(q, 0);
}

static void flows_without_marks_get_their_share(void **state)
{
	struct radio_queue *q = open_queue("mdu", 4000);
	unsigned plain = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct radio_packet *p = make(0, 1000);

		p->flow = 2;
		put(q, p);
		med(q, 0, (uint8_t)(i / 50), 2, 1, 1);
	}
	for (int i = 0; i < 400; i++) {
		struct radio_packet *p = q->policy->get(q, 10 * MS);

		plain += p->flow == 2;
		on_sent(p);
	}
	assert_in_range(plain, 150, 250);
	radio_queue_free(q, 0);
}

/* Whatever comes, each packet is sent or dropped, once, and the bound holds. */
static void no_packet_is_lost_or_doubled(void **state)
{
	(void)state;
	for (size_t i = 0; radio_queue_policies[i]; i++) {
		struct radio_queue *q = open_queue(radio_queue_policies[i]->name, 50);
		uint64_t seed = 42 + i;
		int64_t now = 0;

		while (made < MOST) {
			struct radio_packet *p = make(now, 40 + random_below(&seed, 1460));

			p->flow = random_below(&seed, 100);
			p->dscp = (uint8_t)random_below(&seed, 64);
			p->marks = (struct radio_marks){ .known = random_below(&seed, 8) > 0, .coloured = random_below(&seed, 2) > 0,
				.name = (uint8_t)random_below(&seed, 256), .role = (uint8_t)random_below(&seed, 5),
				.d = (uint8_t)random_below(&seed, 4), .p = (uint8_t)random_below(&seed, 4),
				.l = (uint8_t)random_below(&seed, 3), .burst = random_below(&seed, 3) * 6000 };
			put(q, p);
			assert_true(q->packets <= 50);
			now += random_below(&seed, 8000);
			if (random_below(&seed, 3))
				get(q, now);
		}
		radio_queue_free(q, now);
		assert_int_equal(sent + dropped, made);
	}
}

/* --- The link --------------------------------------------------------------------------------------------------------- */

static int64_t arrival[MOST];

static void on_delivered(void *context, struct radio_packet *p, int64_t arrives)
{
	(void)context;
	arrival[p - packets] = arrives;
	on_sent(p);
}

static void link_serves_1500_octets_at_each_opportunity(void **state)
{
	uint32_t at[] = { 2, 4, 4, 10 };
	struct trace t = { at, 4, 10 };
	struct radio_queue *q = open_queue("tail", 100);
	struct radio_link link;

	(void)state;
	radio_link_open(&link, &t, q, 1000 * MS, 0, 5 * MS, on_delivered, NULL);
	put(q, make(1000 * MS, 1000)); /* with the first */
	put(q, make(1000 * MS, 2500)); /* 500 of the first, both of the second */
	put(q, make(1000 * MS, 1000)); /* the rest of those, complete with the fourth */
	radio_link_run(&link, 1003 * MS);
	assert_int_equal(sent, 1);
	radio_link_run(&link, 1010 * MS);
	assert_int_equal(sent, 3);
	assert_int_equal(arrival[0], 1007 * MS);
	assert_int_equal(arrival[1], 1009 * MS);
	assert_int_equal(arrival[2], 1009 * MS);
	assert_int_equal(link.octets, 4500);
	assert_int_equal(link.idle, 1500);
	put(q, make(1010 * MS, 2000)); /* the trace begins again: 12, 14 */
	radio_link_run(&link, 1012 * MS);
	assert_ptr_equal(radio_link_close(&link), &packets[3]);
	radio_queue_free(q, 0);
}

static void link_may_begin_anywhere_in_the_trace(void **state)
{
	uint32_t at[] = { 2, 4, 10 };
	struct trace t = { at, 3, 10 };
	struct radio_queue *q = open_queue("tail", 100);
	struct radio_link link;

	(void)state;
	radio_link_open(&link, &t, q, 0, 3 * MS, 0, on_delivered, NULL);
	assert_int_equal(radio_link_next(&link), 1 * MS);
	radio_link_open(&link, &t, q, 0, 25 * MS, 0, on_delivered, NULL);
	assert_int_equal(radio_link_next(&link), 5 * MS);
	radio_queue_free(q, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tail_drop_keeps_order_and_bound),
		cmocka_unit_test(dscp_serves_by_class_and_drops_the_lowest),
		cmocka_unit_test(codel_drops_at_the_rfcs_pace),
		cmocka_unit_test(codel_leaves_a_short_queue_alone),
		cmocka_unit_test(fair_queueing_gives_equal_octets),
		cmocka_unit_test(mdus_are_dropped_whole_and_late_packets_of_them_too),
		cmocka_unit_test(base_is_sent_late_as_long_as_no_key_waits),
		cmocka_unit_test(new_key_preempts_older_late_mdus),
		cmocka_unit_test(late_key_gives_way_to_a_newer_one_unless_more_than_half_is_sent),
		cmocka_unit_test(nothing_is_orphaned),
		cmocka_unit_test(upper_layer_lost_means_those_above_until_the_next_base),
		cmocka_unit_test(class_that_rises_inside_an_mdu_counts),
		cmocka_unit_test(base_goes_before_layers_above_when_it_would_be_late),
		cmocka_unit_test(key_goes_before_what_is_older_when_it_would_be_late),
		cmocka_unit_test(colours_and_roles_name_mdus),
		cmocka_unit_test(audio_does_not_preempt_video),
		cmocka_unit_test(flows_without_marks_get_their_share),
		cmocka_unit_test(no_packet_is_lost_or_doubled),
		cmocka_unit_test(link_serves_1500_octets_at_each_opportunity),
		cmocka_unit_test(link_may_begin_anywhere_in_the_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
