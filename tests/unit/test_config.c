/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <mdshim/stats.h>

#include "config_text.h"

static void empty_file_gives_the_defaults(void **state)
{
	const struct config *c = good("");

	(void)state;
	assert_true(c->enabled && c->auth && !c->has_key);
	assert_int_equal(c->processes, 1);
	assert_string_equal(c->process[0], "*");
	assert_string_equal(c->stats_dir, "/run/mdshim");
	assert_string_equal(c->log_file, "");
	assert_string_equal(c->publish_dir, "/run/mdshim/books");
	assert_string_equal(c->broker_socket, "/run/mdshim/broker.sock");
	assert_int_equal(c->engines, 3);
	assert_int_equal(c->engine[0], MD_ENGINE_PATCH);
	assert_int_equal(c->engine[1], MD_ENGINE_NFT);
	assert_int_equal(c->engine[2], MD_ENGINE_RAW);
	assert_int_equal(c->flows, 100000);
	assert_int_equal(c->sockets, 4096);
	assert_int_equal(c->key.cover, 0);
	assert_int_equal(c->key.algorithm, MD_AES_128_CMAC_96);
	assert_int_equal(c->not_before, 0);
	assert_true(c->not_after == INT64_MAX);
	assert_int_equal(c->ids.form, MD_FORM_EXP);
	assert_int_equal(c->ids.med_exid, 0xfffe);
	assert_int_equal(c->ids.ofc_exid, 0xfffd);
	assert_int_equal(c->ids.token_exid, 0xfffc);
	assert_int_equal(c->ids.med_kind + c->ids.ofc_kind, 0);
	assert_int_equal(c->bq_unit, 3000);
	assert_int_equal(c->stun_type, 0);
	assert_int_equal(c->routes + c->routers, 0);
	assert_int_equal(c->reading.format[0], FORMAT_AUDIO);
	assert_int_equal(c->reading.format[33], FORMAT_MPEGTS);
	assert_int_equal(c->reading.format[96], FORMAT_UNKNOWN);
}

static void default_policy_is_the_table_of_the_classifier(void **state)
{
	static const uint8_t want[CLASS_COUNT][3] = {
		[CLASS_KEY] = { 1, 1, 1 }, [CLASS_BASE] = { 2, 1, 1 }, [CLASS_ENHANCEMENT] = { 3, 2, 2 },
		[CLASS_DISCARDABLE] = { 3, 3, 2 }, [CLASS_AUDIO] = { 1, 1, 2 }, [CLASS_REPAIR] = { 0, 2, 2 },
		[CLASS_UNKNOWN] = { 0, 2, 0 },
	};
	const struct config *c = good("");

	(void)state;
	assert_int_equal(c->policies, 1);
	assert_string_equal(c->policy[0].name, "default");
	assert_memory_equal(c->policy[0].row, want, sizeof want);
}

static void route_has_the_defaults_of_the_wire_document(void **state)
{
	const struct config *c = good(NOAUTH ROUTE ROUTER);
	const struct route *r = &c->route[0];

	(void)state;
	assert_int_equal(c->routes, 1);
	assert_int_equal(r->mode, MODE_TUNNEL);
	assert_int_equal(r->router, 0);
	assert_false(r->ofc || r->quic_frames);
	assert_int_equal(r->carries, CARRIES_RTP);
	assert_int_equal(r->protection, PROTECTION_AUTO);
	assert_int_equal(r->policy, 0);
	assert_int_equal(r->local_ports + r->remote_ports + r->token_len + r->token_interval, 0);
	assert_int_equal(r->token_count, 3);
	assert_int_equal(r->stun_token, STUN_TOKEN_OFF);
	assert_int_equal(c->router[0].mtu, 1500);
	assert_int_equal(c->router[0].ttl, 64);
	assert_true(c->router[0].used);
	assert_int_equal(c->router[0].at.port, 4000);
}

/* A value that is good and one that is not, for each key. token_file needs a file and is tested elsewhere. */
static const struct { const char *section, *name, *good, *bad; } values[] = {
	{ "shim", "enabled", "no", "maybe" },
	{ "shim", "processes", "gst-*, ffmpeg", "a b" },
	{ "shim", "stats_dir", "/run/x", "run/x" },
	{ "shim", "log_file", "/var/log/x", "stderr" },
	{ "shim", "publish_dir", "/run/y", "run/y" },
	{ "shim", "broker_socket", "/run/z", "run/z" },
	{ "shim", "engines", "raw, patch", "raw, raw" },
	{ "shim", "engines", "afxdp, patch, nft, raw", "afxdp:eth0" },
	{ "shim", "flows", "16", "15" },
	{ "shim", "sockets", "1048576", "1048577" },
	{ "auth", "auth", "off", "of" },
	{ "auth", "keyid", "0", "256" },
	{ "auth", "algorithm", "HMAC-SHA1-96", "md5" },
	{ "auth", "cover", "64", "63" },
	{ "auth", "nat", "yes", "YES" },
	{ "auth", "not_before", "1700000000", "yesterday" },
	{ "auth", "not_after", "1700000000", "-1" },
	{ "option", "form", "exp", "tcp" },
	{ "option", "med_exid", "0x1234", "0x10000" },
	{ "option", "ofc_exid", "1", "1.5" },
	{ "option", "token_exid", "2", "" },
	{ "option", "med_kind", "10", "9" },
	{ "option", "ofc_kind", "126", "127" },
	{ "option", "ofc_legacy16", "on", "1" },
	{ "option", "bq_unit", "3072", "0" },
	{ "payload", "96", "h264", "H264" },
	{ "extension", "dependency_descriptor", "1", "0" },
	{ "extension", "frame_marking", "255", "256" },
	{ "extension", "mid", "4", "mid" },
	{ "classifier", "h265_don", "true", "2" },
	{ "stun", "type", "0xC0DE", "0xbfff" },
	{ "stun", "type", "0xc056", "0xc057" },
	{ "stun", "type", "0xc061", "0xc060" },
	{ "stun", "type", "0xffff", "0xff00" },
	{ "stun", "type", "49154", "49153" },
	{ "stun", "responses", "yes", "all" },
	{ "router r", "address", "2001:db8::1", "example.com" },
	{ "router r", "port", "65535", "0" },
	{ "router r", "mtu", "1280", "575" },
	{ "router r", "source", "192.0.2.7", "eth0" },
	{ "router r", "ttl", "1", "0" },
	{ "route r", "mode", "inline", "outline" },
	{ "route r", "option", "med", "both" },
	{ "route r", "domain", "cap1-csp1", "cap 1" },
	{ "route r", "payload", "rtp, quic", "srtp" },
	{ "route r", "local_port", "5004, 6000-7000", "7000-6000" },
	{ "route r", "remote_port", "1-65535", "65536" },
	{ "route r", "process", "gst-*", "a, b" },
	{ "route r", "protection", "srtp", "dtls" },
	{ "route r", "quic", "frames", "datagrams" },
	{ "route r", "quic_priority", "yes", "high" },
	{ "route r", "token_count", "1", "0" },
	{ "route r", "token_interval", "0", "86401" },
	{ "route r", "stun_token", "indication", "on" },
	{ "policy p", "payload_types", "0, 127, 96", "128" },
	{ "policy p", "ssrcs", "0, 0xffffffff", "0x100000000" },
	{ "policy p", "streams", "0, 4, 8", "4, x" },
	{ "policy p", "mids", "0, audio, {3f}", "a b" },
	{ "policy p", "mids", "0123456789abcdef0123456789ABCDEF", "0123456789abcdef0123456789ABCDEF0" },
	{ "policy p", "mids", "0", "audio, (1)" },
	{ "policy p", "key", "0, 3, 0", "4, 1, 1" },
	{ "policy p", "base", "3,1,2", "1, 0, 1" },
	{ "policy p", "enhancement", "1, 1, 1", "1, 1, 3" },
	{ "policy p", "discardable", "1, 1, 1", "1, 1" },
	{ "policy p", "audio", "1, 1, 1", "1, 1, 1, 1" },
	{ "policy p", "repair", "1, 1, 1", "a, b, c" },
	{ "policy p", "unknown", "1, 1, 1", "1 1 1" },
};
enum { VALUES = sizeof values / sizeof *values };

static const struct config_key *table(const char *section, const char *name)
{
	size_t len = strcspn(section, " ");

	for (unsigned i = 0; i < config_key_count; i++)
		if (strncmp(config_keys[i].section, section, len) == 0 && config_keys[i].section[len] == '\0' &&
			(strcmp(config_keys[i].name, name) == 0 || strcmp(config_keys[i].name, "N") == 0))
			return &config_keys[i];
	fail_msg("[%s] has no key %s", section, name);
	return NULL;
}

/* The key in its section, in a file where nothing else is wrong; returns its line. */
static int around(char text[static 512], unsigned i, const char *value)
{
	const char *section = values[i].section, *rest = "";
	const char *first = strcmp(section, "auth") == 0 ? "\n\n" : NOAUTH;

	if (strncmp(section, "route ", 6) == 0)
		rest = "destination = 10.0.0.0/8\nrouter = x\n[router x]\naddress = 192.0.2.1\nport = 1\n[stun]\ntype = 0xc0de\n";
	else if (strcmp(values[i].name, "mids") == 0)
		rest = "[extension]\nmid = 4\n";
	else if (strcmp(values[i].name, "address") == 0)
		rest = "port = 1\n";
	else if (strcmp(values[i].name, "port") == 0)
		rest = "address = 192.0.2.1\n";
	else if (strcmp(section, "router r") == 0)
		rest = "address = 192.0.2.1\nport = 1\n";
	snprintf(text, 512, "%s[%s]\n%s = %s\n%s", first, section, values[i].name, value, rest);
	return 4;
}

static void every_key_takes_a_good_value(void **state)
{
	char text[512];

	(void)state;
	for (unsigned i = 0; i < VALUES; i++) {
		around(text, i, values[i].good);
		good(text);
	}
}

static void every_key_says_what_it_expected_and_what_it_found(void **state)
{
	char text[512], want[512];

	(void)state;
	for (unsigned i = 0; i < VALUES; i++) {
		int line = around(text, i, values[i].bad);

		snprintf(want, sizeof want, "[%s] %s: expected %s, found \"%s\"", values[i].section, values[i].name,
			table(values[i].section, values[i].name)->expected, values[i].bad);
		bad(text, line, want);
	}
}

static void every_key_of_the_table_is_tested(void **state)
{
	static const char *const elsewhere[] = { "key_file", "token", "token_file", "destination", "turn_servers", "router",
		"policy" };

	(void)state;
	for (unsigned k = 0; k < config_key_count; k++) {
		bool found = false;

		for (unsigned i = 0; i < VALUES; i++)
			found |= table(values[i].section, values[i].name) == &config_keys[k];
		for (unsigned i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
			found |= strcmp(elsewhere[i], config_keys[k].name) == 0;
		if (!found)
			fail_msg("no test of [%s] %s", config_keys[k].section, config_keys[k].name);
	}
}

static void every_key_is_refused_twice(void **state)
{
	char text[512], want[512], twice[600];
	size_t at;

	(void)state;
	for (unsigned i = 0; i < VALUES; i++) {
		around(text, i, values[i].good);
		at = (size_t)(strstr(strstr(text, values[i].section) + strlen(values[i].section) + 2, "\n") - text) + 1;
		snprintf(twice, sizeof twice, "%.*s%s = %s\n%s", (int)at, text, values[i].name, values[i].good, text + at);
		snprintf(want, sizeof want, "[%s] %s: expected once, found again; it is in line 4 already", values[i].section,
			values[i].name);
		bad(twice, 5, want);
	}
}

static void errno_is_left_alone(void **state)
{
	(void)state;
	errno = 77;
	parse("[auth]\nkey_file = /nonexistent\n");
	config_read("/nonexistent", &config, &errors);
	assert_int_equal(errno, 77);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_file_gives_the_defaults),
		cmocka_unit_test(default_policy_is_the_table_of_the_classifier),
		cmocka_unit_test(route_has_the_defaults_of_the_wire_document),
		cmocka_unit_test(every_key_takes_a_good_value),
		cmocka_unit_test(every_key_says_what_it_expected_and_what_it_found),
		cmocka_unit_test(every_key_of_the_table_is_tested),
		cmocka_unit_test(every_key_is_refused_twice),
		cmocka_unit_test(errno_is_left_alone),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
