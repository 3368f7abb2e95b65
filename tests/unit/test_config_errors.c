/* SPDX-License-Identifier: BSD-3-Clause */
/* rule: 78 */
#include "config_text.h"

struct wrong {
	const char *text;
	int line;
	const char *error;
};

static void all(const struct wrong *wrong, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bad(wrong[i].text, wrong[i].line, wrong[i].error);
}
#define ALL(wrong) all(wrong, sizeof wrong / sizeof *wrong)

static void lines_that_are_none_are_named(void **state)
{
	static const struct wrong wrong[] = {
		{ "enabled = yes\n", 1, "expected a section such as [shim] first, found \"enabled\"" },
		{ "[shim]\nenabled\n", 2, "[shim]: expected key = value, found \"enabled\"" },
		{ "[shim]\n= yes\n", 2, "[shim] has no key \"\"; expected enabled, processes, stats_dir, log_file, publish_dir, broker_socket, engines, flows, sockets" },
		{ "[shim]\n  yes\n", 2, "[shim]: expected key = value, found \"yes\"" },
		{ "[shim]\nenabled = yes", 2, "expected a newline at the end of the last line: the file may be cut short" },
		{ "[shim]\nEnabled = yes\n", 2,
			"[shim] has no key \"Enabled\"; expected enabled, processes, stats_dir, log_file, publish_dir, broker_socket, engines, flows, sockets" },
		{ "[stun]\ntype\x01\x7f\"x = 1\n", 2, "[stun] has no key \"type???x\"; expected type, responses" },
		{ "[shim]\nenabled = yes # comment\n", 2, "[shim] enabled: expected yes or no, found \"yes # comment\"" },
		{ "[shim]\nenabled = 0123456789012345678901234567890123456789012345678901234567890123456789\n", 2,
			"[shim] enabled: expected yes or no, found \"0123456789012345678901234567890123456789012345678901234567890123...\"" },
	};

	(void)state;
	ALL(wrong);
}

static void sections_that_are_none_are_named(void **state)
{
	static const struct wrong wrong[] = {
		{ "[shim\n", 1, "expected ] at the end of a section header, found \"[shim\"" },
		{ "[shim] x\n", 1, "expected nothing but a comment behind ], found \"[shim] x\"" },
		{ "[shim a]\n", 1, "expected no name in the header of this section, found \"[shim a]\"" },
		{ "\n[Shim]\nx = 1\n", 2, "expected one of the sections shim, auth, option, payload, extension, classifier, stun, "
			"router NAME, route NAME and policy NAME, found \"[Shim]\"" },
		{ "[router]\nx = 1\n", 1, "expected a name of 1 to 63 letters, digits, dots, underscores and hyphens in the section "
			"header, found \"[router]\"" },
		{ "[route a/b]\n", 1, "expected a name of 1 to 63 letters, digits, dots, underscores and hyphens in the section "
			"header, found \"[route a/b]\"" },
		{ "[shim]\n[stun]\n[shim]\nenabled = no\n", 3, "[shim]: expected once, found again; it is in line 1 already" },
		{ "[policy a]\n[policy a]\n", 2, "[policy a]: expected once, found again; it is in line 1 already" },
		{ "[policy default]\n[policy default]\n", 2, "[policy default]: expected once, found again; it is in line 1 already" },
		{ NOAUTH ROUTER "[router r]\n", 6, "[router r]: expected once, found again; it is in line 3 already" },
		{ NOAUTH ROUTER ROUTE "[route a]\n", 9, "[route a]: expected once, found again; it is in line 6 already" },
	};

	(void)state;
	ALL(wrong);
}

static void prefixes_say_which_was_meant(void **state)
{
	static const struct wrong wrong[] = {
		{ NOAUTH "[route a]\nmode = inline\ndestination = 10.1.2.3/8\n", 5,
			"[route a] destination: expected 10.0.0.0/8 (no host bits set), found \"10.1.2.3/8\"" },
		{ NOAUTH "[route a]\nmode = inline\ndestination = 10.0.0.0/8, 2001:db8::1/127\n", 5,
			"[route a] destination: expected 2001:db8::/127 (no host bits set), found \"2001:db8::1/127\"" },
		{ NOAUTH "[route a]\nmode = inline\ndestination = 10.0.0.0/33\n", 5,
			"[route a] destination: expected a prefix length from 0 to 32, found \"10.0.0.0/33\"" },
		{ NOAUTH "[route a]\nmode = inline\ndestination = ::/129\n", 5,
			"[route a] destination: expected a prefix length from 0 to 128, found \"::/129\"" },
		{ NOAUTH "[route a]\nmode = inline\ndestination = client.example\n", 5,
			"[route a] destination: expected an IPv4 or IPv6 prefix, found \"client.example\"" },
		{ NOAUTH "[route a]\nmode = inline\ndestination = 10.0.0.0/8,\n", 5,
			"[route a] destination: expected an IPv4 or IPv6 prefix, found \"\"" },
		{ NOAUTH "[route a]\nmode = inline\ndestination = ::ffff:10.0.0.0/104\n", 5,
			"[route a] destination: expected an IPv4 prefix in IPv4 notation, found \"::ffff:10.0.0.0/104\"" },
		{ "[classifier]\nturn_servers = 1\n", 2, "[classifier] turn_servers: expected an IPv4 or IPv6 prefix, found \"1\"" },
	};

	(void)state;
	ALL(wrong);
}

static void addresses_must_be_of_one_host(void **state)
{
	static const struct wrong wrong[] = {
		{ "[router r]\naddress = 0.0.0.0\nport = 1\n", 2, "[router r] address: expected the address of one host, found \"0.0.0.0\"" },
		{ "[router r]\naddress = 239.1.2.3\nport = 1\n", 2,
			"[router r] address: expected the address of one host, found \"239.1.2.3\"" },
		{ "[router r]\naddress = ff02::1\nport = 1\n", 2, "[router r] address: expected the address of one host, found \"ff02::1\"" },
		{ "[router r]\naddress = ::ffff:1.2.3.4\nport = 1\n", 2,
			"[router r] address: expected an IPv4 address in IPv4 notation, found \"::ffff:1.2.3.4\"" },
	};

	(void)state;
	ALL(wrong);
}

static void what_is_missing_is_named(void **state)
{
	static const struct wrong wrong[] = {
		{ "[router r]\nport = 1\n", 1, "[router r]: expected a key address" },
		{ "[router r]\naddress = 192.0.2.1\n", 1, "[router r]: expected a key port" },
		{ NOAUTH "[route a]\nmode = off\n", 3, "[route a]: expected a key destination" },
		{ NOAUTH "[route a]\ndestination = ::/0\n", 3, "[route a]: expected a key router, since mode is tunnel" },
		{ NOAUTH ROUTE, 5, "[route a] router: expected a section [router r] in this file" },
		{ NOAUTH ROUTER ROUTE "policy = p\n", 9, "[route a] policy: expected a section [policy p] in this file" },
		{ ROUTER ROUTE, 4, "[auth]: expected a key_file, since routes are authenticated unless auth = off" },
		{ ROUTER ROUTE "[auth]\nkeyid = 3\n", 7, "[auth]: expected a key_file, since routes are authenticated unless auth = off" },
		{ "[option]\nform = kind\nmed_kind = 120\n", 1, "[option]: expected a key ofc_kind, since form is kind" },
		{ NOAUTH ROUTER ROUTE "stun_token = insert\n", 9, "[route a] stun_token: expected a type in section [stun]" },
	};

	(void)state;
	ALL(wrong);
}

static void what_contradicts_itself_is_named(void **state)
{
	static const struct wrong wrong[] = {
		{ "[option]\nmed_exid = 1\nofc_exid = 1\n", 1, "[option]: expected med_exid, ofc_exid and token_exid to differ" },
		{ "[option]\nmed_kind = 11\nofc_kind = 11\n", 3, "[option]: expected med_kind and ofc_kind to differ" },
		{ "[extension]\nframe_marking = 3\ndependency_descriptor = 3\n", 1,
			"[extension]: expected dependency_descriptor, frame_marking and mid to differ" },
		{ "[auth]\nnot_before = 5\nnot_after = 5\n", 3, "[auth]: expected not_after behind not_before" },
		{ "[auth]\nnot_before = 5\nnot_after = 32774\n", 3, "[auth]: expected not_after at most 32768 seconds behind not_before" },
		{ ROUTER "source = 2001:db8::1\n", 4, "[router r]: expected source and address of the same IP version" },
		{ "[router r]\naddress = 2001:db8::1\nport = 1\nmtu = 1279\n", 4,
			"[router r] mtu: expected at least 1280 toward an IPv6 address" },
		{ NOAUTH ROUTER ROUTE "[route b]\ndestination = 10.0.0.0/8\nrouter = r\noption = ofc\ndomain = d\n", 9,
			"[route b]: expected option = med as in the other routes to router r" },
		{ NOAUTH ROUTER ROUTE "option = ofc\n", 6, "[route a]: expected a key domain, since option is ofc" },
		{ NOAUTH ROUTER ROUTE "domain = d\n[route b]\ndestination = 10.0.0.0/8\nrouter = r\n", 10,
			"[route b]: expected domain = d as in the other routes to router r" },
		{ NOAUTH ROUTER ROUTE "[route b]\ndestination = 10.0.0.0/8\nrouter = r\ndomain = d\n", 9,
			"[route b]: expected no domain as in the other routes to router r" },
	};

	(void)state;
	ALL(wrong);
}

static void too_many_are_refused_with_the_limit(void **state)
{
	static const struct { const char *before, *kind, *rest; unsigned limit; const char *error; } limits[] = {
		{ "", "router", "address = 192.0.2.1\nport = 1\n", CONFIG_ROUTERS, "expected at most 32 routers" },
		{ NOAUTH, "route", "mode = inline\ndestination = ::/0\n", CONFIG_ROUTES, "expected at most 64 routes" },
		{ "", "policy", "key = 1, 1, 1\n", CONFIG_POLICIES - 1, "expected at most 16 policies" },
	};
	static char text[20000];

	(void)state;
	for (unsigned i = 0; i < sizeof limits / sizeof *limits; i++) {
		int at = snprintf(text, sizeof text, "%s", limits[i].before), last = 0;

		for (unsigned n = 0; n <= limits[i].limit; n++) {
			last = at;
			at += snprintf(text + at, sizeof text - (size_t)at, "[%s n%u]\n%s", limits[i].kind, n, limits[i].rest);
		}
		assert_int_equal(parse(text), -22);
		assert_string_equal(errors.error[0].text, limits[i].error);
		assert_int_equal(errors.count, 1);
		text[last] = '\0';
		good(text);
	}
}

static void all_errors_are_told_in_the_order_of_their_lines(void **state)
{
	(void)state;
	assert_int_equal(parse(ROUTE "mode = x\n[shim]\nflows = 1\n[router r]\naddress = 1\n"), -22);
	assert_int_equal(errors.count, 5);
	for (unsigned i = 1; i < errors.count; i++)
		assert_true(errors.error[i].line >= errors.error[i - 1].line);
	assert_string_equal(errors.error[3].text, "[router r]: expected a key port");
	assert_int_equal(errors.error[3].line, 7);
}

static void errors_that_are_not_kept_are_counted(void **state)
{
	static char text[5000] = "[shim]\n";

	(void)state;
	for (unsigned i = 0; i < 2 * CONFIG_ERRORS; i++)
		strcat(text, "no line\n");
	assert_int_equal(parse(text), -22);
	assert_int_equal(errors.count, 2 * CONFIG_ERRORS);
	assert_int_equal(errors.error[CONFIG_ERRORS - 1].line, CONFIG_ERRORS + 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_are_none_are_named),
		cmocka_unit_test(sections_that_are_none_are_named),
		cmocka_unit_test(prefixes_say_which_was_meant),
		cmocka_unit_test(addresses_must_be_of_one_host),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(what_contradicts_itself_is_named),
		cmocka_unit_test(too_many_are_refused_with_the_limit),
		cmocka_unit_test(all_errors_are_told_in_the_order_of_their_lines),
		cmocka_unit_test(errors_that_are_not_kept_are_counted),
	};

	return cmocka_run_group_tests_name("config errors", tests, NULL, NULL);
}
