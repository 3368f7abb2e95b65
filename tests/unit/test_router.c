/* SPDX-License-Identifier: BSD-3-Clause
 *
 * test_router.c - what the router does with a whole packet: the cases of router.json, and what they leave out. */
#include <string.h>

#include "../../demo/router/decide.h"
#include "../../demo/router/lend.h"
#include "vectors.h"

static const struct prefixes none;

struct known {
	const json_t *codes;
};

static bool code_find(void *books, struct md_metadata *meta, struct md_meaning *meaning)
{
	const struct known *known = books;
	const json_t *code;
	size_t i;

	(void)meaning;
	json_array_foreach(known->codes, i, code) {
		struct blob octets = blob_of_hex(json_string_value(code));

		if (memcmp(octets.at, meta->code, MD_CODE_LEN) == 0)
			return true;
	}
	return false;
}

static enum decide_policy policy_of(const char *name)
{
	if (strcmp(name, "off") == 0)
		return DECIDE_OFF;
	return strcmp(name, "prefer") == 0 ? DECIDE_PREFER : DECIDE_REQUIRED;
}

static struct keys *keys_of(const json_t *list)
{
	struct keys *keys = keys_new(16, 1, &lend_libcrypto);
	const json_t *item;
	size_t i;

	assert_non_null(keys);
	json_array_foreach(list, i, item) {
		struct md_key key = vec_key(item);

		assert_int_equal(keys_add(keys, &key), 0);
	}
	return keys;
}

static void same_fields(const json_t *want, const struct md_metadata *got)
{
	assert_int_equal(got->seq, vec_int(want, "seq"));
	assert_int_equal(got->ts, vec_int(want, "ts"));
	assert_int_equal(got->bq, vec_int(want, "bq"));
	if (got->option == MD_OFC) {
		assert_octets(want, "code", got->code, MD_CODE_LEN);
		return;
	}
	assert_int_equal(got->s, vec_int(want, "s"));
	assert_int_equal(got->counter, vec_int(want, "counter"));
	assert_int_equal(got->d, vec_int(want, "d"));
	assert_int_equal(got->p, vec_int(want, "p"));
	assert_int_equal(got->l, vec_int(want, "l"));
}

static void same_decision(const json_t *out, const struct decision *d)
{
	const json_t *med = json_object_get(out, "med"), *ofc = json_object_get(out, "ofc");

	assert_string_equal(decide_action_name(d->action), vec_text(out, "action"));
	assert_reason(out, "reason", d->reason);
	assert_int_equal(d->action == DECIDE_METADATA, d->reason == MD_R_NONE);
	if (d->action == DECIDE_METADATA) {
		assert_int_equal(d->options.meta.option, ofc ? MD_OFC : MD_MED);
		same_fields(ofc ? ofc : med, &d->options.meta);
	}
	if (json_object_get(out, "token"))
		assert_octets(out, "token", d->options.token, d->options.token_len);
}

static void packet(void **state)
{
	struct vector_case *c = *state;
	struct known known = { json_object_get(c->in, "known_codes") };
	struct decide_config config = { .ids = vec_ids(c->in), .policy = policy_of(vec_text(c->in, "policy")),
		.cap = &none, .client = &none, .code_find = known.codes ? code_find : NULL, .books = &known };
	struct decide_state with = { keys_of(json_object_get(c->in, "keys")), flows_new(4, MD_REPLAY_DEFAULT, 2 << 16, 1) };
	enum decide_mode mode = strcmp(vec_text(c->in, "mode"), "tunnel") == 0 ? DECIDE_TUNNEL : DECIDE_INLINE;
	struct moment now = { 0, (uint32_t)vec_int(c->in, "now"), 1000 };
	struct blob octets = vec_octets(c->in, "ip_packet");
	struct decision d;

	decide(&config, &with, mode, octets.at, octets.len, &now, &d);
	same_decision(c->out, &d);
	keys_free(with.keys);
	flows_free(with.flows);
}

/* --- What the case files leave out: one packet, the first of router.json --------------------------------------- */

struct setting {
	struct decide_config config;
	struct decide_state with;
	struct prefixes cap, client;
	struct endpoint own;
	struct blob packet;
	struct moment now;
	struct decision d;
};

static const json_t *first_case(void)
{
	return json_object_get(json_array_get(vectors_cases("router"), 0), "in");
}

static void set_up(struct setting *s)
{
	const json_t *in = first_case();

	memset(s, 0, sizeof(*s));
	s->config = (struct decide_config){ .ids = MD_IDS_DEFAULT, .cap = &s->cap, .client = &s->client };
	s->with.keys = keys_of(json_object_get(in, "keys"));
	s->with.flows = flows_new(4, MD_REPLAY_DEFAULT, 2 << 16, 1);
	s->packet = vec_octets(in, "ip_packet");
	s->now.ntp = (uint32_t)vec_int(in, "now");
	s->now.ms = 1000;
}

static void tear_down(struct setting *s)
{
	keys_free(s->with.keys);
	flows_free(s->with.flows);
}

static void run(struct setting *s)
{
	decide(&s->config, &s->with, DECIDE_TUNNEL, s->packet.at, s->packet.len, &s->now, &s->d);
}

static void inner_prefixes_are_checked(void **state)
{
	static const struct {
		const char *cap, *client;
		enum decide_action action;
	} row[] = {
		{ "198.51.100.0/24", "203.0.113.0/24", DECIDE_METADATA },
		{ "198.51.100.10", "203.0.113.77/32", DECIDE_METADATA },
		{ "0.0.0.0/0", "203.0.113.64/26", DECIDE_METADATA },
		{ "198.51.100.0/29", "203.0.113.0/24", DECIDE_DROP },
		{ "198.51.100.0/24", "203.0.113.0/26", DECIDE_DROP },
		{ "198.51.100.0/24", "2001:db8::/32", DECIDE_DROP },
	};
	struct setting s;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		set_up(&s);
		assert_int_equal(prefix_add(&s.cap, row[i].cap), 0);
		assert_int_equal(prefix_add(&s.client, row[i].client), 0);
		run(&s);
		assert_int_equal(s.d.action, row[i].action);
		assert_int_equal(s.d.reason, row[i].action == DECIDE_DROP ? MD_R_INNER_PREFIX : MD_R_NONE);
		tear_down(&s);
	}
}

static void inner_datagram_for_the_router_itself_is_dropped(void **state)
{
	struct setting s;

	(void)state;
	set_up(&s);
	assert_int_equal(endpoint_parse("203.0.113.77:50000", &s.own), 0);
	s.config.own = &s.own;
	s.config.own_count = 1;
	run(&s);
	assert_int_equal(s.d.action, DECIDE_DROP);
	assert_int_equal(s.d.reason, MD_R_INNER_PREFIX);
	s.own.port++;
	run(&s);
	assert_int_equal(s.d.action, DECIDE_METADATA);
	tear_down(&s);
}

static void the_same_packet_twice_is_a_replay(void **state)
{
	struct setting s;

	(void)state;
	set_up(&s);
	run(&s);
	assert_int_equal(s.d.action, DECIDE_METADATA);
	assert_true(s.d.tracked);
	assert_true(s.d.note.mdu_new);
	run(&s);
	assert_int_equal(s.d.action, DECIDE_DROP);
	assert_int_equal(s.d.reason, MD_R_REPLAY);
	assert_int_equal(s.d.auth_reason, MD_R_REPLAY);
	assert_false(s.d.tracked);
	s.config.policy = DECIDE_PREFER;
	run(&s);
	assert_int_equal(s.d.action, DECIDE_PLAIN);
	assert_int_equal(s.d.reason, MD_R_REPLAY);
	s.config.policy = DECIDE_OFF;
	run(&s);
	assert_int_equal(s.d.action, DECIDE_METADATA);
	assert_int_equal(s.d.note.track, MD_TRACK_REPEATED);
	tear_down(&s);
}

/* A packet that AUTH does not vouch for must not make or change a flow. */
static void refused_packets_leave_no_flow_behind(void **state)
{
	struct setting s;

	(void)state;
	set_up(&s);
	s.packet.at[s.packet.len - 3] ^= 1;
	for (int policy = DECIDE_REQUIRED; policy <= DECIDE_PREFER; policy++) {
		s.config.policy = (enum decide_policy)policy;
		run(&s);
		assert_int_not_equal(s.d.action, DECIDE_METADATA);
	}
	assert_int_equal(flows_totals(s.with.flows).begun, 0);
	tear_down(&s);
}

static void inner_that_may_not_go_on_leaves_no_flow_behind(void **state)
{
	struct setting s;

	(void)state;
	set_up(&s);
	assert_int_equal(prefix_add(&s.client, "192.0.2.0/24"), 0);
	run(&s);
	assert_int_equal(s.d.reason, MD_R_INNER_PREFIX);
	assert_int_equal(s.d.auth, DECIDE_AUTH_OK);
	assert_int_equal(flows_totals(s.with.flows).begun, 0);
	tear_down(&s);
}

static void inline_traffic_between_others_is_not_looked_at(void **state)
{
	struct setting s;

	(void)state;
	set_up(&s);
	assert_int_equal(prefix_add(&s.cap, "192.0.2.0/32"), 0);
	decide(&s.config, &s.with, DECIDE_INLINE, s.packet.at, s.packet.len, &s.now, &s.d);
	assert_true(s.d.foreign);
	assert_int_equal(s.d.action, DECIDE_PLAIN);
	assert_int_equal(s.d.auth, DECIDE_AUTH_UNSEEN);
	tear_down(&s);
}

/* --- Addresses and prefixes ------------------------------------------------------------------------------------- */

static void endpoints_are_read_and_written_alike(void **state)
{
	static const char *const good[] = { "127.0.0.1:1", "192.0.2.1:65535", "[::1]:49777", "[2001:db8::7]:5" };
	static const char *const bad[] = { "", ":1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
		"127.0.0.1:+5", "127.0.0.1:5x", "127.0.0:5", "::1:5", "[::1]", "[::1:5", "[127.0.0.1]:5", "host:5",
		"[fe80::1%nosuch0]:5", "[]:5" };
	char text[ENDPOINT_TEXT];
	struct endpoint e;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(endpoint_parse(good[i], &e), 0);
		assert_string_equal(endpoint_text(text, &e), good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(endpoint_parse(bad[i], &e) < 0);
}

static void prefixes_with_bits_behind_them_are_refused(void **state)
{
	static const char *const bad[] = { "", "/8", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "10/8",
		"2001:db8::1/64", "2001:db8::/129", "0.0.0.0/-1" };
	static struct prefixes p;

	(void)state;
	p.count = 0;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(prefix_add(&p, bad[i]) < 0);
	assert_int_equal(p.count, 0);
}

int main(void)
{
	static const struct vector_op ops[] = { { "router", NULL, packet } };
	static const struct CMUnitTest more[] = {
		cmocka_unit_test_teardown(inner_prefixes_are_checked, blobs_free),
		cmocka_unit_test_teardown(inner_datagram_for_the_router_itself_is_dropped, blobs_free),
		cmocka_unit_test_teardown(the_same_packet_twice_is_a_replay, blobs_free),
		cmocka_unit_test_teardown(refused_packets_leave_no_flow_behind, blobs_free),
		cmocka_unit_test_teardown(inner_that_may_not_go_on_leaves_no_flow_behind, blobs_free),
		cmocka_unit_test_teardown(inline_traffic_between_others_is_not_looked_at, blobs_free),
		cmocka_unit_test(endpoints_are_read_and_written_alike),
		cmocka_unit_test(prefixes_with_bits_behind_them_are_refused),
	};

	return VECTORS_RUN("router", ops, more);
}
