/* SPDX-License-Identifier: BSD-3-Clause
 *
 * capread - reads a capture of what the shim sent, octet for octet, and holds it against the rules for senders.
 *
 * Shares nothing with the product. Prints one JSON line for each datagram and a summary; exit status 1 if a rule is violated. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "capread/capread.h"

/* One program from one command: the rooms are compiled here, and nothing of the product is on the command line. */
#include "capread/area.c"
#include "capread/auth.c"
#include "capread/parse.c"
#include "capread/print.c"
#include "capread/rules.c"

struct options options = {
	.med_exid = 0xfffe, .ofc_exid = 0xfffd, .token_exid = 0xfffc, .bq_unit = 3000, .ttl = 64,
};
unsigned long faults;

static struct tally tally;
static const char *file;
static FILE *dump;

static const char usage[] =
	"usage: capread [option...] FILE\n"
	"  --mode tunnel|inline|native   what to look for: datagrams to the router's port (default), with a surplus area,\n"
	"                                or of the application as it sent them\n"
	"  --port N                      destination port (tunnel: 49777; inline, native: any)\n"
	"  --key ALG:HEX:cover=N|datagram[:nat][:id=N]   a key; without one no MAC is verified\n"
	"  --no-auth                     the domain works without AUTH\n"
	"  --kinds MED,OFC               kind form; without it any kind but EXP and AUTH is a violation\n"
	"  --exids MED,OFC,TOKEN         default 65534,65533,65532\n"
	"  --bq-unit N  --ttl N          default 3000; outer TTL, default 64, 0 = any\n"
	"  --within MS                   Timestamps must be so close to the capture's clock\n"
	"  --audio PT                    payload type of which every packet is an MDU (repeatable)\n"
	"  --layers PT                   payload type whose pictures may hold several MDUs (repeatable)\n"
	"  --fill --hints --legacy16     allow: fill behind the options, hinted bursts, 56 bit codes\n"
	"  --late                        allow: the first burst of a flow began before its first datagram with metadata\n"
	"  --hex                         FILE holds one IP datagram in hex digits a line\n"
	"  --dump OUT                    write the user data of every datagram of the application, framed as in RFC 4571\n"
	"  --payload                     print RTP payloads too, without padding\n"
	"  --quiet                       print the summary only\n";

void fault(const struct packet *p, const char *format, ...)
{
	va_list list;

	if (++faults > 20)
		return;
	va_start(list, format);
	fprintf(stderr, "%s: frame %lu: ", file, p ? p->frame : 0);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
}

static _Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void die(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fputs("capread: ", stderr);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
	exit(2);
}

static unsigned number(const char *text, unsigned long max)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 0);
	if (errno || end == text || *end || !isdigit((unsigned char)text[0]) || n > max)
		die("not a number up to %lu: %s", max, text);
	return (unsigned)n;
}

static void numbers(char *text, unsigned **into, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char *part = strsep(&text, ",");

		if (!part)
			die("%u numbers expected", n);
		*into[i] = number(part, 65535);
	}
}

/* Hex digits into at most room octets; returns how many. */
static size_t octets_of(const char *hex, uint8_t *out, size_t room)
{
	size_t n = 0;

	for (; isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1]); hex += 2) {
		char pair[3] = { hex[0], hex[1], 0 };

		if (n == room)
			die("more than %zu octets of hex digits", room);
		out[n++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	if (*hex && !isspace((unsigned char)*hex))
		die("not hex digits in pairs: %.20s", hex);
	return n;
}

static void add_key(char *text)
{
	struct key *key = &options.key[options.keys++];
	char *alg = strsep(&text, ":"), *hex = strsep(&text, ":"), *part;

	if (options.keys > 8 || !hex || !text)
		die("at most 8 keys, each as ALG:HEX:cover=N|datagram[:nat][:id=N]");
	*key = (struct key){ .hmac = strcmp(alg, "HMAC-SHA1-96") == 0, .any_id = true };
	if (!key->hmac && strcmp(alg, "AES-128-CMAC-96") != 0)
		die("unknown algorithm: %s", alg);
	key->len = octets_of(hex, key->octet, sizeof(key->octet));
	while ((part = strsep(&text, ":"))) {
		if (strcmp(part, "nat") == 0) {
			key->nat = true;
		} else if (strncmp(part, "id=", 3) == 0) {
			key->id = number(part + 3, 255);
			key->any_id = false;
		} else if (strcmp(part, "datagram") == 0 || strcmp(part, "cover=datagram") == 0) {
			key->datagram = true;
		} else if (strncmp(part, "cover=", 6) == 0) {
			key->cover = number(part + 6, 65535);
		} else {
			die("unknown part of a key: %s", part);
		}
	}
	if (key->len < 16 || (!key->datagram && key->cover < 64))
		die("a key has 16 octets or more and a cover of 64 or more, or datagram");
}

static void set_mode(const char *text)
{
	static const char *const names[] = { "tunnel", "inline", "native" };

	for (unsigned i = 0; i < 3; i++)
		if (strcmp(text, names[i]) == 0) {
			options.mode = (enum mode)i;
			return;
		}
	die("unknown mode: %s", text);
}

static void set_option(int c)
{
	unsigned *kinds[] = { &options.med_kind, &options.ofc_kind };
	unsigned *exids[] = { &options.med_exid, &options.ofc_exid, &options.token_exid };

	switch (c) {
	case 'm': set_mode(optarg); break;
	case 'p': options.port = number(optarg, 65535); break;
	case 'k': add_key(optarg); break;
	case 'K': numbers(optarg, kinds, 2); break;
	case 'E': numbers(optarg, exids, 3); break;
	case 'b': options.bq_unit = number(optarg, 1000000); break;
	case 't': options.ttl = number(optarg, 255); break;
	case 'w': options.within_ms = number(optarg, 100000); break;
	case 'a': options.per_packet[number(optarg, 127)] = true; break;
	case 'l': options.layers[number(optarg, 127)] = true; break;
	case 'n': options.no_auth = true; break;
	case 'f': options.fill = true; break;
	case 'h': options.hints = true; break;
	case 'B': options.late = true; break;
	case 'L': options.legacy16 = true; break;
	case 'x': options.hex = true; break;
	case 'q': options.quiet = true; break;
	case 'P': options.payload = true; break;
	case 'd':
		dump = fopen(optarg, "w");
		if (!dump)
			die("%s: %s", optarg, strerror(errno));
		break;
	default: fputs(usage, stderr); exit(2);
	}
}

static void judge_auth(struct packet *p)
{
	const struct key *key;

	if (!p->area.has_auth) {
		if (!options.no_auth)
			fault(p, "no AUTH");
		return;
	}
	if (!options.keys)
		return;
	key = auth_key(p->area.keyid);
	if (!key) {
		fault(p, "no key has KeyID %u", p->area.keyid);
		return;
	}
	p->verified = auth_verify(p, key);
	if (!p->verified)
		fault(p, "the MAC is not the one of the key");
}

/* The datagram inside the tunnel; false if it cannot be read. */
static bool judge_inner(struct packet *p)
{
	if (!parse_ip(p, "inner", p->udp.data, &p->inner_ip) || !parse_udp(p, "inner", &p->inner_ip, &p->inner_udp))
		return false;
	if (p->inner_ip.len != p->udp.data.len)
		fault(p, "inner length %zu in user data of %zu octets", p->inner_ip.len, p->udp.data.len);
	if (p->inner_ip.options || p->inner_udp.surplus.len)
		fault(p, "inner datagram has IP options, extension headers or a surplus area");
	if (p->ip.dscp != p->inner_ip.dscp || p->ip.ecn != p->inner_ip.ecn)
		fault(p, "DSCP and ECN are %u %u outside, %u %u inside", p->ip.dscp, p->ip.ecn, p->inner_ip.dscp, p->inner_ip.ecn);
	if (!p->ip.df)
		fault(p, "outer DF is not set");
	if (options.ttl && p->ip.ttl != options.ttl)
		fault(p, "outer TTL is %u", p->ip.ttl);
	p->app_ip = &p->inner_ip;
	p->app_udp = &p->inner_udp;
	return true;
}

static void judge_area(struct packet *p)
{
	p->has_area = area_parse(p, &p->udp, &p->area);
	if (!p->has_area)
		return;
	if (p->area.empty) {
		tally.empty++;
		if (options.mode == MODE_TUNNEL)
			fault(p, "an empty option area in the tunnel");
		return;
	}
	if (p->area.metadata == METADATA_NONE && (options.mode == MODE_TUNNEL || !p->area.has_token))
		fault(p, "neither MED nor OFC");
	judge_auth(p);
	tally.wrapped++;
	tally.med += p->area.metadata == METADATA_MED;
	tally.ofc += p->area.metadata == METADATA_OFC;
	tally.tokens += p->area.has_token;
	tally.verified += p->verified;
	rules_add(p);
}

static void judge(struct packet *p)
{
	const struct octets *data;

	tally.datagrams++;
	p->app_ip = &p->ip;
	p->app_udp = &p->udp;
	if (p->ip.options)
		fault(p, "IP options or extension headers");
	if (options.mode == MODE_TUNNEL && !judge_inner(p))
		return;
	data = &p->app_udp->data;
	p->has_rtp = parse_rtp(*data, &p->rtp);
	tally.rtp += p->has_rtp;
	tally.markers += p->has_rtp && p->rtp.marker;
	tally.rtcp += data->len >= 8 && data->at[0] >> 6 == 2 && data->at[1] >= 192 && data->at[1] <= 223;
	if (options.mode == MODE_TUNNEL && p->udp.surplus.len == 0)
		fault(p, "no surplus area");
	if (options.mode == MODE_NATIVE && p->udp.surplus.len)
		fault(p, "a surplus area of %zu octets", p->udp.surplus.len);
	if (options.mode == MODE_NATIVE || p->udp.surplus.len == 0)
		tally.plain++;
	else
		judge_area(p);
	print_packet(p);
	if (dump) {
		uint8_t head[2] = { (uint8_t)(data->len >> 8), (uint8_t)data->len };

		fwrite(head, 1, 2, dump);
		fwrite(data->at, 1, data->len, dump);
	}
}

/* Whether a datagram is one to look at, before anything is said about it. */
static bool wanted(struct octets in)
{
	size_t header = 40, len;
	unsigned version = in.len < 28 ? 0 : in.at[0] >> 4;

	if (version == 4) {
		header = (size_t)(in.at[0] & 15) * 4;
		len = be16(in.at + 2);
		if (in.at[9] != 17)
			return false;
		if (be16(in.at + 6) & 0x3fff)
			return true; /* a fragment: parse_ip says so */
	} else if (version == 6 && in.len >= 48) {
		len = (size_t)be16(in.at + 4) + 40;
		if (in.at[6] != 17)
			return in.at[6] == 44;
	} else {
		return false;
	}
	if (len > in.len || len < header + 8)
		return true; /* cut off or contradictory: parse_ip says so */
	if (options.port && be16(in.at + header + 2) != options.port)
		return false;
	return options.mode != MODE_INLINE || options.port || len - header > be16(in.at + header + 4);
}

static void datagram(struct packet *p, struct octets in)
{
	if (wanted(in) && parse_ip(p, options.mode == MODE_TUNNEL ? "outer" : "the", in, &p->ip) &&
			parse_udp(p, options.mode == MODE_TUNNEL ? "outer" : "the", &p->ip, &p->udp))
		judge(p);
}

/* Octets of the link header, 0 if the frame holds no IP. */
static size_t link_header(int type, struct octets in)
{
	size_t len = type == DLT_EN10MB ? 14 : type == DLT_LINUX_SLL ? 16 : type == DLT_LINUX_SLL2 ? 20 : 0;
	unsigned protocol;

	if (in.len <= len)
		return SIZE_MAX;
	if (type == DLT_RAW)
		return 0;
	protocol = be16(in.at + (type == DLT_LINUX_SLL2 ? 0 : len - 2));
	return protocol == 0x0800 || protocol == 0x86dd ? len : SIZE_MAX;
}

static void read_pcap(void)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);
	struct pcap_pkthdr *head;
	const uint8_t *octet;
	int type, rc;

	if (!pcap)
		die("%s", error);
	type = pcap_datalink(pcap);
	if (type != DLT_EN10MB && type != DLT_LINUX_SLL && type != DLT_LINUX_SLL2 && type != DLT_RAW)
		die("%s: unknown link type %d", file, type);
	for (unsigned long frame = 1; (rc = pcap_next_ex(pcap, &head, &octet)) == 1; frame++) {
		struct packet p = { .frame = frame, .sec = head->ts.tv_sec, .nsec = (int32_t)head->ts.tv_usec };
		struct octets in = { octet, head->caplen };
		size_t header = link_header(type, in);

		if (header == SIZE_MAX)
			continue;
		datagram(&p, (struct octets){ octet + header, head->caplen - header });
	}
	if (rc != PCAP_ERROR_BREAK)
		die("%s: %s", file, pcap_geterr(pcap));
	pcap_close(pcap);
}

static void read_hex(void)
{
	FILE *in = strcmp(file, "-") ? fopen(file, "r") : stdin;
	char *line = NULL;
	size_t room = 0;
	static uint8_t octet[65536];

	if (!in)
		die("%s: %s", file, strerror(errno));
	for (unsigned long frame = 1; getline(&line, &room, in) > 0; frame++) {
		struct packet p = { .frame = frame };

		datagram(&p, (struct octets){ octet, octets_of(line, octet, sizeof(octet)) });
	}
	free(line);
	if (in != stdin)
		fclose(in);
}

int main(int argc, char **argv)
{
	static const struct option names[] = { { "mode", 1, NULL, 'm' }, { "port", 1, NULL, 'p' }, { "key", 1, NULL, 'k' },
		{ "kinds", 1, NULL, 'K' }, { "exids", 1, NULL, 'E' }, { "bq-unit", 1, NULL, 'b' }, { "ttl", 1, NULL, 't' },
		{ "within", 1, NULL, 'w' }, { "audio", 1, NULL, 'a' }, { "layers", 1, NULL, 'l' }, { "no-auth", 0, NULL, 'n' },
		{ "fill", 0, NULL, 'f' }, { "hints", 0, NULL, 'h' }, { "late", 0, NULL, 'B' }, { "legacy16", 0, NULL, 'L' },
		{ "hex", 0, NULL, 'x' },
		{ "quiet", 0, NULL, 'q' }, { "payload", 0, NULL, 'P' },
		{ "dump", 1, NULL, 'd' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1)
		set_option(c);
	if (optind + 1 != argc)
		set_option('?');
	file = argv[optind];
	if (options.mode == MODE_TUNNEL && !options.port)
		options.port = 49777;
	if (options.hex)
		read_hex();
	else
		read_pcap();
	rules_end();
	if (dump && (fflush(dump) != 0 || fclose(dump) != 0))
		die("the dump: %s", strerror(errno));
	if (tally.datagrams == 0)
		fault(NULL, "no datagram to look at");
	print_summary(&tally);
	if (faults > 20)
		fprintf(stderr, "%s: %lu violations in all\n", file, faults);
	return faults ? 1 : 0;
}
