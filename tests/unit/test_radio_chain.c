/* SPDX-License-Identifier: BSD-3-Clause
 *
 * When the MDU-aware policy gives a chain up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <chain.h>
#include <cmocka.h>
#include <radio_link.h>
#include <toll.h>

enum { MS = 1000, OCTETS = 50000 };

static void key(struct chain *c, int64_t at)
{
	struct mdu m = { .born = at, .kind = MDU_KEY };

	chain_place(c, &m);
	chain_place(c, &m); /* of each of its packets */
	chain_count(c, &m, OCTETS / 2);
	m.kind = MDU_BASE;
	chain_count(c, &m, OCTETS / 2);
	m.kind = MDU_LOOSE;
	chain_count(c, &m, OCTETS); /* no part of the chain */
}

static bool hopeless(const struct chain *c, size_t octets, double rate, int64_t now)
{
	struct chain_backlog b = { .octets = octets, .bases = octets, .rate = rate, .price = 0.5 };

	return chain_is_hopeless(c, &b, now);
}

/* Keys each second, 50,000 octets of keys and bases between: 0.05 octets a microsecond. */
static void backlog_that_clears_too_late_is_hopeless(void **state)
{
	struct chain c = { 0 };

	(void)state;
	for (int i = 1; i <= 3; i++)
		key(&c, i * 1000 * MS);
	/* 10,000 octets at 0.15: through in 100 ms, and worth it when 100 ms are left behind that. */
	assert_false(hopeless(&c, 10000, 0.15, 3790 * MS));
	assert_true(hopeless(&c, 10000, 0.15, 3810 * MS));
	assert_true(hopeless(&c, 10000, 0.05, 3010 * MS));  /* never through */
	assert_false(hopeless(&c, 10000, 0.15, 4001 * MS)); /* the key is overdue: nothing can be foreseen */
	assert_false(hopeless(&c, 10000, 0, 3900 * MS));    /* rate not known */
}

static void dearer_airtime_gives_up_sooner_but_a_key_costs_nothing(void **state)
{
	struct chain_backlog b = { .octets = 10000, .bases = 10000, .rate = 0.15 };
	struct chain c = { 0 };

	(void)state;
	for (int i = 1; i <= 3; i++)
		key(&c, i * 1000 * MS);
	assert_false(chain_is_hopeless(&c, &b, 3890 * MS)); /* free: as long as it would be through at all */
	assert_true(chain_is_hopeless(&c, &b, 3910 * MS));
	b.price = 1.5;
	assert_false(chain_is_hopeless(&c, &b, 3590 * MS));
	assert_true(chain_is_hopeless(&c, &b, 3610 * MS));
	b.bases = 2000; /* the rest is the key's */
	assert_false(chain_is_hopeless(&c, &b, 3830 * MS));
	assert_true(chain_is_hopeless(&c, &b, 3850 * MS));
}

static void keys_at_odd_distances_are_not_foreseen(void **state)
{
	static const int64_t at[] = { 1000, 2000, 3500 };
	struct chain c = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		key(&c, at[i] * MS);
		assert_false(hopeless(&c, 1000000, 0.06, at[i] * MS + 900 * MS));
	}
	key(&c, 5000 * MS);
	assert_true(hopeless(&c, 1000000, 0.06, 5900 * MS));
}

/* --- The price ----------------------------------------------------------------------------------------------------------- */

static void price_rises_with_the_share_that_was_late_and_is_forgotten(void **state)
{
	struct toll t = { 0 };
	double before = toll_price(&t);

	(void)state;
	assert_true(before == 0);
	toll_note(&t, 1000, 0, 1);
	assert_true(toll_price(&t) == 0);
	for (int late = 50; late <= 130; late += 20) {
		t = (struct toll){ 0 };
		toll_note(&t, 1000, late, 1);
		assert_true(toll_price(&t) > before);
		before = toll_price(&t);
	}
	toll_note(&t, 0, 800, 1); /* of earlier ones */
	assert_true(toll_price(&t) == 1.75);
	/* Ten minutes on: what is sent since then counts. */
	toll_note(&t, 1000, 0, 600000 * MS);
	assert_true(toll_price(&t) < 0.001);
}

/* --- In the queue ------------------------------------------------------------------------------------------------------- */

static struct radio_packet packets[4000];
static unsigned made, dropped, sent;

static void on_drop(void *context, struct radio_packet *p, int64_t now)
{
	(void)context;
	(void)p;
	(void)now;
	dropped++;
}

static void on_sent(void *context, struct radio_packet *p, int64_t arrives)
{
	(void)context;
	(void)p;
	(void)arrives;
	sent++;
}

/* A frame of one packet each 20 ms, the first of each 50 (or, for a chain without rhythm, at odd places) a key. */
static void play(struct radio_queue *q, struct radio_link *link, unsigned frames, bool rhythm)
{
	while (made < frames) {
		struct radio_packet *p = &packets[made];
		bool is_key = rhythm ? made % 50 == 0 : made == 0 || made == 30 || made == 110;

		*p = (struct radio_packet){ .arrived = made * 20 * MS, .size = 1400, .flow = 1 };
		p->marks = (struct radio_marks){ .known = true, .name = (uint8_t)made++, .d = is_key ? 1 : 2, .p = 1, .l = 1 };
		radio_link_run(link, p->arrived);
		q->policy->put(q, p, p->arrived);
	}
}

/* Three seconds at one packet each 10 ms; in the fourth, 600 ms after its key, a dip, which ends 50 ms before the next key. */
static unsigned dropped_in_a_dip(bool rhythm)
{
	struct radio_queue_options o = RADIO_QUEUE_DEFAULTS;
	struct radio_queue *q;
	struct radio_link link;
	struct trace t = { .period = 60000 };
	unsigned before;

	o.drop = on_drop;
	made = dropped = sent = 0;
	t.at = calloc(6000, sizeof(*t.at));
	assert_non_null(t.at);
	for (uint32_t ms = 10; ms <= 60000; ms += 10)
		if (ms <= 3600 || ms > 3950)
			t.at[t.count++] = ms;
	q = radio_queue_new(&queue_mdu, &o);
	assert_non_null(q);
	radio_link_open(&link, &t, q, 0, 0, 0, on_sent, NULL);
	play(q, &link, 200, rhythm);
	radio_link_run(&link, 3995 * MS);
	before = dropped;
	radio_link_run(&link, 5000 * MS);
	assert_int_equal(dropped, before);
	assert_int_equal(sent + dropped, made);
	radio_queue_free(q, 0);
	free(t.at);
	return dropped;
}

static void bases_without_future_are_dropped_where_keys_have_a_rhythm(void **state)
{
	(void)state;
	assert_in_range(dropped_in_a_dip(true), 10, 20);
	assert_int_equal(dropped_in_a_dip(false), 0);
}

/* Keys each second at a packet each 10 ms; from the sixth second on, in each a dip from 400 to 650 ms after the key: by its end 12 bases
 * wait, five of them late. Late packets sent of the n-th second. */
static unsigned late_in[20];

static void note_late(void *context, struct radio_packet *p, int64_t arrives)
{
	(void)context;
	sent++;
	if (arrives > p->arrived + 140 * MS)
		late_in[p->arrived / (1000 * MS)]++;
}

static void flow_that_wastes_much_gives_up_sooner(void **state)
{
	struct radio_queue_options o = RADIO_QUEUE_DEFAULTS;
	struct radio_queue *q;
	struct radio_link link;
	struct trace t = { .period = 60000 };
	unsigned first = 0, last = 0;

	(void)state;
	o.drop = on_drop;
	made = dropped = sent = 0;
	t.at = calloc(6000, sizeof(*t.at));
	assert_non_null(t.at);
	for (uint32_t ms = 10; ms <= 60000; ms += 10)
		if (ms < 6000 || ms % 1000 <= 400 || ms % 1000 > 650)
			t.at[t.count++] = ms;
	q = radio_queue_new(&queue_mdu, &o);
	assert_non_null(q);
	radio_link_open(&link, &t, q, 0, 0, 0, note_late, NULL);
	play(q, &link, 1000, true);
	radio_link_run(&link, 21000 * MS);
	assert_int_equal(sent + dropped, made);
	/* The first dips are sat through; when a fifth of what is sent is late, they are not. */
	for (int i = 0; i < 6; i++) {
		first += late_in[6 + i];
		last += late_in[14 + i];
	}
	assert_true(first >= 6 * 5);
	assert_true(last < first / 2);
	radio_queue_free(q, 0);
	free(t.at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(backlog_that_clears_too_late_is_hopeless),
		cmocka_unit_test(dearer_airtime_gives_up_sooner_but_a_key_costs_nothing),
		cmocka_unit_test(keys_at_odd_distances_are_not_foreseen),
		cmocka_unit_test(price_rises_with_the_share_that_was_late_and_is_forgotten),
		cmocka_unit_test(bases_without_future_are_dropped_where_keys_have_a_rhythm),
		cmocka_unit_test(flow_that_wastes_much_gives_up_sooner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
