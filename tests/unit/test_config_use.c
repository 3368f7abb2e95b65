/* SPDX-License-Identifier: BSD-3-Clause */
#include "config_text.h"

#include "describe.h"

static void blanks_comments_and_line_ends_do_not_matter(void **state)
{
	const struct config *c;

	(void)state;
	c = good("\xef\xbb\xbf; comment\n# comment\r\n\n  [ shim ] ; comment\r\n\tflows=17 ; comment\r\n sockets : 0x20\n"
		 "[router   r.1_-Z ]# comment\naddress=192.0.2.1\nport=1\n");
	assert_int_equal(c->flows, 17);
	assert_int_equal(c->sockets, 32);
	assert_string_equal(c->router[0].name, "r.1_-Z");
}

static void line_may_have_4000_octets(void **state)
{
	static char text[9000];

	(void)state;
	snprintf(text, sizeof text, "[shim]\n#%*s\nflows = 20\n", 3999, "x");
	assert_int_equal(good(text)->flows, 20);
	snprintf(text, sizeof text, "[shim]\n#%*s\nflows = 21\n", 4000, "x");
	bad(text, 2, "expected at most 4000 octets in a line");
	snprintf(text, sizeof text, "[shim]\nflows = 21\n#%*s\nflows = 22\n", 8000, "x");
	assert_int_equal(parse(text), -22);
	assert_int_equal(errors.count, 2); /* the line, and the key that is there twice: what follows keeps its number */
	assert_int_equal(errors.error[1].line, 4);
}

static void name_may_have_63_octets(void **state)
{
	static const char name[] = "0123456789012345678901234567890123456789012345678901234567890xy";
	char text[256];

	(void)state;
	assert_int_equal(strlen(name), 63);
	snprintf(text, sizeof text, "[router %s]\naddress = 192.0.2.1\nport = 1\n", name);
	assert_string_equal(good(text)->router[0].name, name);
	snprintf(text, sizeof text, "[router %s0]\naddress = 192.0.2.1\nport = 1\n", name);
	assert_int_equal(parse(text), -22);
}

static void nul_octet_is_an_error(void **state)
{
	static const char text[] = "[shim]\nflows = 1\0007\n";

	(void)state;
	assert_int_equal(config_parse(text, sizeof text - 1, &config, &errors), -22);
	assert_int_equal(errors.count, 1);
	assert_int_equal(errors.error[0].line, 2);
	assert_string_equal(errors.error[0].text, "expected text, found a NUL octet");
}

static void domain_gives_the_key(void **state)
{
	const struct config *c = good(ROUTER ROUTE "option = ofc\ndomain = one\n[route b]\nmode = inline\ndestination = 10.0.0.0/8\n"
		"domain = two\n[route c]\nmode = inline\ndestination = 10.0.0.0/8\ndomain = one\n");

	(void)state;
	assert_true(c->by_book && !c->has_key);
	assert_int_equal(c->domains, 2);
	assert_int_equal(c->route[0].domain, 0);
	assert_int_equal(c->route[1].domain, 1);
	assert_int_equal(c->route[2].domain, 0);
	assert_false(c->route[1].ofc);
	bad(ROUTER ROUTE "domain = one\n[route b]\nmode = inline\ndestination = 10.0.0.0/8\n", 8,
		"[auth]: expected a key_file, since routes are authenticated unless auth = off");
}

static void route_says_all_it_may(void **state)
{
	const struct config *c = good(NOAUTH "[stun]\ntype = 0xc0de\n[route a]\nmode = inline\nrouter = r\noption = ofc\ndomain = d\n"
		"destination = 10.0.0.0/8, 2001:db8::/32, 192.0.2.1\npayload = quic,rtp\nlocal_port = 5004, 6000-6010\n"
		"remote_port = 1-65535\nprocess = janus*\nprotection = srtp\npolicy = p\nquic = frames\nstun_token = insert\n"
		ROUTER "[policy p]\nkey = 0, 3, 2\n");
	const struct route *r = &c->route[0];

	(void)state;
	assert_int_equal(r->mode, MODE_INLINE);
	assert_true(r->ofc && r->quic_frames);
	assert_int_equal(r->domain, 0);
	assert_string_equal(c->domain[0], "d");
	assert_int_equal(r->destinations, 3);
	assert_int_equal(r->destination[1].version, 6);
	assert_int_equal(r->destination[1].length, 32);
	assert_int_equal(r->destination[2].length, 32);
	assert_int_equal(r->carries, CARRIES_RTP | CARRIES_QUIC);
	assert_int_equal(r->local_ports, 2);
	assert_int_equal(r->local_port[1].low, 6000);
	assert_int_equal(r->local_port[1].high, 6010);
	assert_int_equal(r->remote_ports, 1);
	assert_string_equal(r->process, "janus*");
	assert_int_equal(r->protection, PROTECTION_SRTP);
	assert_int_equal(r->stun_token, STUN_TOKEN_INSERT);
	assert_string_equal(c->policy[r->policy].name, "p");
	assert_int_equal(c->policy[r->policy].row[CLASS_KEY].p, 3);
	assert_int_equal(c->policy[r->policy].row[CLASS_BASE].d, 2);
	assert_false(c->router[0].used); /* an inline route does not need it, nor bind its option */
}

static void payload_types_are_what_the_file_says(void **state)
{
	static const char text[] = "[payload]\n96 = h264\n97 = h265\n98 = vp8\n99 = vp9\n100 = av1\n101 = mpegts\n102 = audio\n"
				   "103 = rtx\n104 = fec\n0 = video\n127 = h264\n";
	static const uint8_t want[] = { FORMAT_H264, FORMAT_H265, FORMAT_VP8, FORMAT_VP9, FORMAT_AV1, FORMAT_MPEGTS,
		FORMAT_AUDIO, FORMAT_RTX, FORMAT_FEC };
	const struct config *c = good(text);

	(void)state;
	assert_memory_equal(&c->reading.format[96], want, sizeof want);
	assert_int_equal(c->reading.format[0], FORMAT_UNKNOWN);
	assert_int_equal(c->reading.format[8], FORMAT_AUDIO);
	bad("[payload]\n128 = h264\n", 2, "[payload] expected a payload type from 0 to 127 as key, found \"128\"");
	bad("[payload]\n96 = h264\n096 = vp8\n", 3, "[payload] 096: expected once, found again; it is in line 2 already");
}

static void lists_are_limited(void **state)
{
	static char text[4000];

	(void)state;
	strcpy(text, "[shim]\nprocesses = a");
	for (unsigned i = 1; i < CONFIG_PROCESSES; i++)
		strcat(text, ", a");
	strcat(text, "\n");
	assert_int_equal(good(text)->processes, CONFIG_PROCESSES);
	strcpy(strrchr(text, '\n'), ", a\n");
	assert_int_equal(parse(text), -22);
	assert_non_null(strstr(errors.error[0].text, "expected at most 64 program names"));
	strcpy(text, NOAUTH "[route a]\nmode = off\ndestination = ::/0");
	for (unsigned i = 1; i < CONFIG_PREFIXES; i++)
		strcat(text, ", ::/0");
	strcat(text, "\n");
	assert_int_equal(good(text)->route[0].destinations, CONFIG_PREFIXES);
	strcpy(strrchr(text, '\n'), ", ::/0\n");
	assert_int_equal(parse(text), -22);
	assert_non_null(strstr(errors.error[0].text, "expected at most 32 prefixes"));
}

static void patterns_match_as_in_a_shell(void **state)
{
	static const struct { const char *pattern, *name; bool match; } cases[] = {
		{ "*", "", true }, { "", "", true }, { "", "a", false }, { "a", "", false }, { "a*", "abc", true },
		{ "*c", "abc", true }, { "a*c", "ac", true }, { "a*b*c", "axxbyybzzc", true }, { "a*b*c", "axxc", false },
		{ "?", "a", true }, { "?", "", false }, { "a?c", "abc", true }, { "[a-c]x", "bx", true }, { "[!a-c]x", "bx", false },
		{ "[!a-c]x", "dx", true }, { "[]]", "]", true }, { "[a", "[a", true }, { "\\*", "*", true }, { "\\*", "a", false },
		{ "[a-]", "-", true }, { "**", "abc", true }, { "gst-launch-*", "gst-launch-1.0", true }, { "janus", "janus2", false },
		{ "*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false }, { "[", "[", true },
		{ "\\", "\\", true }, { "[\x80-\xff]", "\xc3", true },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
		if (pattern_match(cases[i].pattern, cases[i].name) != cases[i].match)
			fail_msg("%s against %s", cases[i].pattern, cases[i].name);
}

static void prefixes_match_to_the_bit(void **state)
{
	const struct prefix prefix[] = { { 4, 12, { 172, 16 } }, { 6, 33, { 0x20, 1, 0xd, 0xb8, 0x80 } }, { 4, 32, { 1, 2, 3, 4 } } };
	static const struct { uint8_t version, addr[16]; bool match; } cases[] = {
		{ 4, { 172, 16, 0, 0 }, true }, { 4, { 172, 31, 255, 255 }, true }, { 4, { 172, 32, 0, 0 }, false },
		{ 6, { 0x20, 1, 0xd, 0xb8, 0xff }, true }, { 6, { 0x20, 1, 0xd, 0xb8, 0x7f }, false }, { 6, { 172, 16 }, false },
		{ 4, { 1, 2, 3, 4 }, true }, { 4, { 1, 2, 3, 5 }, false },
	};
	const struct prefix everything = { 4, 0, { 0 } };

	(void)state;
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(prefix_match(prefix, 3, cases[i].version, cases[i].addr), cases[i].match);
	assert_true(prefix_match(&everything, 1, 4, cases[0].addr));
	assert_false(prefix_match(&everything, 1, 6, cases[3].addr));
	assert_false(prefix_match(prefix, 0, 4, cases[0].addr));
}

static void only_programs_with_a_route_are_served(void **state)
{
	(void)state;
	assert_false(config_serves(good(""), "a"));
	assert_true(config_serves(good(NOAUTH ROUTER ROUTE), "a"));
	assert_false(config_serves(good("[shim]\nenabled = no\n" NOAUTH ROUTER ROUTE), "a"));
	assert_false(config_serves(good(NOAUTH ROUTER ROUTE "mode = off\n"), "a"));
	good("[shim]\nprocesses = b*, c\n" NOAUTH ROUTER ROUTE "process = ?c\n");
	assert_true(config_serves(&config, "bc"));
	assert_false(config_serves(&config, "c"));
	assert_false(config_serves(&config, "bcd"));
	assert_false(config_serves(&config, "ac"));
}

static const char *policy_of(const struct rtp *rtp, uint32_t stream)
{
	return describe_policy(&config, config.route[0].policy, rtp, 0, stream)->name;
}

/* One source, packet after packet: what its header extension holds, and whose policy it is then. */
static const char *by_mid(uint8_t *mid, uint16_t profile, const char *words, size_t len)
{
	struct iovec iov[2] = { { (void *)(uintptr_t)words, len < 3 ? len : 3 }, { (void *)(uintptr_t)(words + 3), len < 3 ? 0 : len - 3 } };
	struct rtp rtp = { .payload_type = 96, .ssrc = 5, .profile = len ? profile : 0, .extension = octets_of(iov, 2) };

	describe_mid(&config, &rtp, mid);
	return describe_policy(&config, config.route[0].policy, &rtp, *mid, 0)->name;
}

static void a_mid_counts_for_its_source_until_another_comes(void **state)
{
	uint8_t mid = 0;

	(void)state;
	good(NOAUTH ROUTE "policy = p\n" ROUTER "[extension]\nmid = 4\n[policy p]\n[policy voice]\nmids = 0, audio\n"
		"[policy film]\nmids = video+1\npayload_types = 96\n");
	assert_string_equal(by_mid(&mid, 0xBEDE, "", 0), "film"); /* by payload type */
	assert_string_equal(by_mid(&mid, 0xBEDE, "\x44" "audio\0\0", 8), "voice");
	assert_string_equal(by_mid(&mid, 0xBEDE, "", 0), "voice");
	assert_string_equal(by_mid(&mid, 0xBEDE, "\x34" "audi\0\0\0", 8), "voice"); /* another element's id */
	assert_string_equal(by_mid(&mid, 0xBEDE, "\x43" "audi\0\0\0", 8), "film");  /* nobody's */
	assert_string_equal(by_mid(&mid, 0x1000, "\x04\x07" "video+1\0\0\0", 12), "film");
	assert_string_equal(by_mid(&mid, 0xBEDE, "\x40" "0\0\0", 4), "voice");
	assert_string_equal(by_mid(&mid, 0xBEDE, "\x4f" "0\0\0", 4), "voice");      /* runs out of the extension: absent */
	assert_string_equal(by_mid(&mid, 0x1234, "\x44" "nobod\0\0", 8), "voice");  /* not of RFC 8285 */
	mid = 0;
	good(NOAUTH ROUTE ROUTER "[extension]\nmid = 4\n[policy voice]\nssrcs = 5\n");
	assert_string_equal(by_mid(&mid, 0xBEDE, "\x40" "0\0\0", 4), "voice");
	good(NOAUTH ROUTE ROUTER "[extension]\nmid = 4\n[policy voice]\nssrcs = 5\n[policy film]\nmids = 0\n");
	assert_string_equal(by_mid(&mid, 0xBEDE, "\x40" "0\0\0", 4), "voice"); /* an SSRC comes first */
	bad(NOAUTH "[policy voice]\nmids = 0\n", 4, "[policy] mids: expected an id for mid in section [extension]");
}

static void policies_say_whose_they_are(void **state)
{
	struct rtp rtp = { .payload_type = 96, .ssrc = 5 };

	(void)state;
	good(NOAUTH ROUTE "policy = p\n" ROUTER "[policy p]\n[policy voice]\npayload_types = 111, 0\n"
		"[policy late]\npayload_types = 111, 112\nstreams = 4\n[policy one]\nssrcs = 0xffffffff, 0\n");
	assert_string_equal(policy_of(&rtp, 0), "p");
	rtp.payload_type = 111;
	assert_string_equal(policy_of(&rtp, 4), "voice");
	rtp.payload_type = 112;
	assert_string_equal(policy_of(&rtp, 0), "late");
	rtp.ssrc = 0xffffffff;
	assert_string_equal(policy_of(&rtp, 0), "one");
	assert_string_equal(policy_of(NULL, 4), "late");
	assert_string_equal(policy_of(NULL, 8), "p");
	good(NOAUTH ROUTE ROUTER);
	assert_string_equal(policy_of(&rtp, 0), "default");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(blanks_comments_and_line_ends_do_not_matter),
		cmocka_unit_test(line_may_have_4000_octets),
		cmocka_unit_test(name_may_have_63_octets),
		cmocka_unit_test(nul_octet_is_an_error),
		cmocka_unit_test(domain_gives_the_key),
		cmocka_unit_test(route_says_all_it_may),
		cmocka_unit_test(payload_types_are_what_the_file_says),
		cmocka_unit_test(lists_are_limited),
		cmocka_unit_test(patterns_match_as_in_a_shell),
		cmocka_unit_test(prefixes_match_to_the_bit),
		cmocka_unit_test(policies_say_whose_they_are),
		cmocka_unit_test(a_mid_counts_for_its_source_until_another_comes),
		cmocka_unit_test(only_programs_with_a_route_are_served),
	};

	return cmocka_run_group_tests_name("config in use", tests, NULL, NULL);
}
