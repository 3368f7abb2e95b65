/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include "options_control.h"
#include "options_radio.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each reader returns 0 or -EINVAL; it may then replace the text that says what was expected. */
typedef int reader(struct options *o, const char *text, const char **expected);

static int number(const char *text, unsigned long least, unsigned long most, unsigned long *out)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*out = strtoul(text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
	return errno || *end || *out < least || *out > most ? -EINVAL : 0;
}

static int read_listen(struct options *o, const char *text, const char **expected)
{
	if (o->listens == OPTIONS_ENDPOINTS) {
		*expected = "at most 32 of them";
		return -EINVAL;
	}
	if (endpoint_parse(text, &o->listen[o->listens]) < 0)
		return -EINVAL;
	if (!endpoint_is_unicast(&o->listen[o->listens])) {
		/* AUTH is computed over the destination address, and a loop is recognised by it. */
		*expected = "one address of this host, not a wildcard or multicast address (repeat --listen for several)";
		return -EINVAL;
	}
	o->listens++;
	return 0;
}

static int read_inline(struct options *o, const char *text, const char **expected)
{
	if (o->interfaces == OPTIONS_INTERFACES) {
		*expected = "at most 16 of them";
		return -EINVAL;
	}
	if (strlen(text) >= IF_NAMESIZE || !if_nametoindex(text))
		return -EINVAL;
	strcpy(o->interface[o->interfaces++], text);
	return 0;
}

static int read_key(struct options *o, const char *text, const char **expected)
{
	struct md_key *more = reallocarray(o->key, o->keys + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	o->key = more;
	if (keys_argument(text, &o->key[o->keys], expected) < 0)
		return -EINVAL;
	for (size_t i = 0; i < o->keys; i++) {
		if (o->key[i].keyid == o->key[o->keys].keyid) {
			*expected = "a KEYID that no other --auth-key has";
			return -EINVAL;
		}
	}
	o->keys++;
	return 0;
}

static int read_auth(struct options *o, const char *text, const char **expected)
{
	static const char *const name[] = { "required", "prefer", "off" };

	(void)expected;
	for (int i = 0; i < 3; i++) {
		if (strcmp(text, name[i]) == 0) {
			o->policy = (enum decide_policy)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int read_prefix(struct prefixes *to, const char *text, const char **expected)
{
	int error = prefix_add(to, text);

	if (error == -ENOSPC)
		*expected = "at most 256 of them";
	return error;
}

static int read_cap(struct options *o, const char *text, const char **expected)
{
	return read_prefix(&o->cap, text, expected);
}

static int read_client(struct options *o, const char *text, const char **expected)
{
	return read_prefix(&o->client, text, expected);
}

static int read_u16(const char *text, unsigned long most, uint16_t *out)
{
	unsigned long value;

	if (number(text, 0, most, &value) < 0)
		return -EINVAL;
	*out = (uint16_t)value;
	return 0;
}

static int read_med_exid(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return read_u16(text, 65535, &o->ids.med_exid);
}

static int read_ofc_exid(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return read_u16(text, 65535, &o->ids.ofc_exid);
}

static int read_token_exid(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return read_u16(text, 65535, &o->ids.token_exid);
}

static int read_kind(const char *text, uint8_t *out)
{
	unsigned long value;

	if (number(text, MD_KIND_FIRST, MD_KIND_LAST, &value) < 0)
		return -EINVAL;
	*out = (uint8_t)value;
	return 0;
}

static int read_med_kind(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return read_kind(text, &o->ids.med_kind);
}

static int read_ofc_kind(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return read_kind(text, &o->ids.ofc_kind);
}

static int read_legacy16(struct options *o, const char *text, const char **expected)
{
	(void)text;
	(void)expected;
	o->ids.legacy16 = true;
	return 0;
}

static int read_u32(const char *text, unsigned long least, unsigned long most, uint32_t *out)
{
	unsigned long value;

	if (number(text, least, most, &value) < 0)
		return -EINVAL;
	*out = (uint32_t)value;
	return 0;
}

static int read_bq_unit(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return read_u32(text, 1, 1000000000, &o->bq_unit);
}

/* Twice the limit has to fit half the range of a Timestamp. */
static int read_limit(struct options *o, const char *text, const char **expected)
{
	char *end;
	double value = strtod(text, &end);

	(void)expected;
	if (end == text || *end || !isfinite(value) || value < 0.001 || value > 16000)
		return -EINVAL;
	o->limit = (uint32_t)(value * 65536);
	return 0;
}

static int read_window(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return read_u32(text, MD_REPLAY_MIN, MD_REPLAY_MAX, &o->window);
}

static int read_flows(struct options *o, const char *text, const char **expected)
{
	unsigned long value;

	(void)expected;
	if (number(text, 1, 1 << 24, &value) < 0)
		return -EINVAL;
	o->flows = value;
	return 0;
}

static int read_forward(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	o->forward = strcmp(text, "yes") == 0;
	return o->forward || strcmp(text, "no") == 0 ? 0 : -EINVAL;
}

static int read_json(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	o->json = text;
	return *text ? 0 : -EINVAL;
}

static int read_summary(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	o->summary = text;
	return *text ? 0 : -EINVAL;
}

static int read_ready_fd(struct options *o, const char *text, const char **expected)
{
	unsigned long value;

	(void)expected;
	if (number(text, 0, 1 << 20, &value) < 0)
		return -EINVAL;
	o->ready_fd = (int)value;
	return 0;
}

/* Everything about an option: its name, its argument, how to read it, what a mistake is told, and the usage text. */
static const struct row {
	const char *name, *argument;
	reader *read;
	const char *expected, *help;
} rows[] = {
	{ "listen", "ADDR:PORT", read_listen, "ADDR:PORT, or [ADDR]:PORT for IPv6",
		"take tunnel traffic there; repeatable" },
	{ "inline", "IFACE", read_inline, "the name of an interface of this host",
		"observe inline traffic that arrives there; repeatable" },
	{ "auth-key", "KEYID:ALGORITHM:KEYFILE[:cover=N|datagram][:nat]", read_key,
		"KEYID:ALGORITHM:KEYFILE[:cover=N|datagram][:nat]", "an AUTH key, in hex digits; repeatable" },
	{ "auth", "required|prefer|off", read_auth, "required, prefer or off",
		"what is done without a verified AUTH (required)" },
	{ "cap", "PREFIX", read_cap, "an address prefix such as 198.51.100.0/24 or 2001:db8::/32",
		"sources that may send; repeatable" },
	{ "client", "PREFIX", read_client, "an address prefix such as 203.0.113.0/24 or 2001:db8::/32",
		"destinations that are served; repeatable" },
	{ "med-exid", "N", read_med_exid, "a number from 0 to 65535", "ExID of MED (0xfffe)" },
	{ "ofc-exid", "N", read_ofc_exid, "a number from 0 to 65535", "ExID of OFC (0xfffd)" },
	{ "token-exid", "N", read_token_exid, "a number from 0 to 65535", "ExID of network tokens (0xfffc)" },
	{ "med-kind", "N", read_med_kind, "a number from 10 to 126", "read MED in kind form too (no)" },
	{ "ofc-kind", "N", read_ofc_kind, "a number from 10 to 126", "read OFC in kind form too (no)" },
	{ "legacy16", NULL, read_legacy16, NULL, "read OFC with codes of 56 bits too (no)" },
	{ "bq-unit", "OCTETS", read_bq_unit, "a number of octets, 1 or more", "unit of the burst quantum (3000)" },
	{ "limit", "SECONDS", read_limit, "seconds from 0.001 to 16000", "greatest age of a Timestamp (2)" },
	{ "replay-window", "N", read_window, "a number from 128 to 4096", "slots of the replay table (256)" },
	{ "flows", "N", read_flows, "a number from 1 to 16777216", "flows remembered at most (65536)" },
	{ "forward", "yes|no", read_forward, "yes or no", "send inner datagrams on (yes)" },
	{ "json", "FILE|-", read_json, "the name of a file, or -", "a JSON line for each packet" },
	{ "summary", "FILE|-", read_summary, "the name of a file, or -", "a JSON summary at the end and at SIGUSR1" },
	{ "control", "ADDR:PORT", read_control, "ADDR:PORT, or [ADDR]:PORT for IPv6", "take codebooks there, by HTTPS" },
	{ "tls-cert", "FILE", read_tls_cert, "the name of a file", "its certificate, PEM" },
	{ "tls-key", "FILE", read_tls_key, "the name of a file", "its private key, PEM" },
	{ "client-ca", "FILE", read_client_ca, "the name of a file", "who vouches for provisioners, PEM" },
	{ "client-crl", "FILE", read_client_crl, "the name of a file", "certificates it has revoked, PEM" },
	{ "client-name", "NAME", read_client_name, "the name in a certificate", "the provisioner expected (any)" },
	{ "domain", "NAME", read_domain, "1 to 64 of A-Z a-z 0-9 . _ -", "whose books are taken" },
	{ "books", "DIR", read_books, "the name of a folder", "where accepted books are kept" },
	{ "allow-lab", NULL, read_lab, NULL, "take books for laboratories too (no)" },
	{ "radio", "TRACE", read_radio, "hard-a, hard-b, hard-c, mild, or the name of a trace file",
		"send through an emulated radio link" },
	{ "radio-policy", "NAME", read_radio_policy, "tail, codel, dscp, fair or mdu", "how its queue is served (mdu)" },
	{ "radio-seed", "N", read_radio_seed, "a number from 0 to 4294967295", "of a generated trace (1)" },
	{ "radio-delay", "MS", read_radio_delay, "milliseconds from 0 to 10000", "fixed delay of the link (10)" },
	{ "radio-queue", "PACKETS", read_radio_queue, "a number from 1 to 1000000", "most packets that wait (1000)" },
	{ "radio-budget", "MS", read_radio_budget, "milliseconds from 1 to 60000", "what may wait is dropped after (140)" },
	{ "gtpu", "ADDR", read_gtpu, "a unicast address", "send on as GTP-U, with PDU Set information" },
	{ "teid", "N", read_teid, "a number from 0 to 4294967295", "tunnel endpoint identifier of the receiver" },
	{ "qfi", "N", read_qfi, "a number from 0 to 63", "QoS flow identifier (1)" },
	{ "ready-fd", "N", read_ready_fd, "the number of an open descriptor",
		"write \"ready\" there once all sockets are open" },
	{ "help", NULL, NULL, NULL, "this text" },
	{ "version", NULL, NULL, NULL, "the version" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void usage(void)
{
	char left[80];

	puts("usage: mdrouter --listen ADDR:PORT --auth-key KEY --cap PREFIX --client PREFIX [OPTION...]\n"
	     "       mdrouter --inline IFACE --auth-key KEY [OPTION...]\n");
	for (int i = 0; i < ROWS; i++) {
		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
			rows[i].argument ? rows[i].argument : "");
		printf(strlen(left) > 28 ? "  %s\n%31s" : "  %-28s %s", left, "");
		puts(rows[i].help);
	}
}

__attribute__((noreturn, format(printf, 1, 2))) static void mistake(const char *format, ...)
{
	va_list arguments;

	fputs("mdrouter: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(2);
}

/* What only all options together can tell. */
static void check(const struct options *o)
{
	const struct md_ids *ids = &o->ids;
	const char *radio = options_radio_check(o);

	if (!o->listens && !o->interfaces)
		mistake("nothing to do: expected --listen ADDR:PORT (tunnel) or --inline IFACE");
	if (o->listens && !o->cap.count)
		mistake("--cap is missing: with --listen, the prefixes of the senders behind the tunnel are required");
	if (o->listens && !o->client.count)
		mistake("--client is missing: with --listen, the prefixes of the clients served are required");
	if (o->control_at.version && (!o->control.certificate || !o->control.key || !o->control.client_ca || !o->books || !o->domain))
		mistake("--control: expected --tls-cert, --tls-key, --client-ca, --domain and --books with it");
	if (o->policy != DECIDE_OFF && !o->keys && !o->control_at.version)
		mistake("--auth-key is missing: expected one or more, or --auth off in a laboratory");
	if (ids->med_exid == ids->ofc_exid || ids->med_exid == ids->token_exid || ids->ofc_exid == ids->token_exid)
		mistake("--med-exid, --ofc-exid, --token-exid: expected three different numbers");
	if (ids->med_kind && ids->med_kind == ids->ofc_kind)
		mistake("--med-kind, --ofc-kind: expected two different numbers");
	if (radio)
		mistake("%s", radio);
	if (o->json && o->summary && strcmp(o->json, o->summary) == 0)
		mistake("--json, --summary: expected two different files");
}

static void take(struct options *o, const struct row *row, const char *text)
{
	const char *expected = row->expected;

	if (!row->read) {
		if (strcmp(row->name, "help") == 0)
			usage();
		else
			puts("mdrouter " MDSHIM_VERSION " (mdshim)");
		exit(0);
	}
	if (row->read(o, text, &expected) < 0)
		mistake("--%s '%s': expected %s", row->name, text, expected);
}

void options_read(struct options *o, int argc, char **argv)
{
	struct option known[ROWS + 1] = { 0 };
	int index, c;

	memset(o, 0, sizeof(*o));
	o->ids = (struct md_ids)MD_IDS_DEFAULT;
	o->bq_unit = MD_BQ_UNIT;
	o->limit = 2 << 16;
	o->window = MD_REPLAY_DEFAULT;
	o->flows = FLOWS_DEFAULT;
	o->forward = true;
	o->radio = (struct radio_options)RADIO_OPTIONS_DEFAULT;
	o->qfi = 1;
	o->ready_fd = -1;
	for (int i = 0; i < ROWS; i++)
		known[i] = (struct option){ rows[i].name, rows[i].argument ? required_argument : no_argument, NULL, i };
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", known, &index)) != -1) {
		if (c == ':')
			mistake("%s: expected an argument: %s", argv[optind - 1], rows[optopt].expected);
		if (c == '?')
			mistake("%s: no such option (mdrouter --help lists them)", argv[optind - 1]);
		take(o, &rows[c], optarg);
	}
	if (optind < argc)
		mistake("'%s': expected options only (mdrouter --help lists them)", argv[optind]);
	check(o);
}
