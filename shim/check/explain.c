// SPDX-License-Identifier: BSD-3-Clause
// mdshim-explain: what the shim would tell of the packets of a capture, or tells of those of a running process, and why; the
// shim's own rooms as a program. Behind "mdctl explain".
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "config.h"
#include "describe.h"
#include "live.h"
#include "mdu.h"
#include "route.h"
#include "say.h"

enum { STREAMS = 256, FLOWS = 64, COLOURS = 4 };

struct flow {
	struct mdu_flow mdu;
	struct md_tuple tuple;
	bool encrypted, quic;
};

struct stream {
	struct flow *flow;
	uint32_t ssrc;
	struct plausible plausible;
	uint8_t mid;
	struct dd_structure structure;
	struct mdu_stream mdu;
};

static struct config config;
static struct config_errors errors;
static struct flow flow[FLOWS];
static struct stream stream[STREAMS];
static unsigned flows, streams;
static struct saying saying = { .config = &config };

static int usage(FILE *to, int status)
{
	fputs("usage: mdshim-explain [--config FILE] [--json] PCAP\n"
	      "       mdshim-explain [--config FILE] [--json] [--dir DIR] [--count N] PID\n"
	      "       mdshim-explain --help | --version\n\n"
	      "  --config FILE  shim.conf (else $MDSHIM_CONF, else /etc/mdshim/shim.conf)\n"
	      "  --json         one JSON object for each packet\n"
	      "  --dir DIR      folder of the counters (else stats_dir of the configuration)\n"
	      "  --count N      end after N datagrams (else with the process, or by a signal)\n"
	      "Exit status: 0 all read, 1 an error, 2 wrong usage.\n", to);
	return status;
}

static bool same(const struct md_tuple *a, const struct md_tuple *b)
{
	return a->version == b->version && a->sport == b->sport && a->dport == b->dport && memcmp(a->src, b->src, 16) == 0 &&
		memcmp(a->dst, b->dst, 16) == 0;
}

static struct flow *flow_of(const struct md_tuple *tuple)
{
	for (unsigned i = 0; i < flows; i++)
		if (same(&flow[i].tuple, tuple))
			return &flow[i];
	if (flows == FLOWS)
		return NULL;
	flow[flows].tuple = *tuple;
	return &flow[flows++];
}

static struct stream *stream_of(struct flow *of, uint32_t ssrc)
{
	for (unsigned i = 0; i < streams; i++)
		if (stream[i].flow == of && stream[i].ssrc == ssrc)
			return &stream[i];
	if (streams == STREAMS)
		return NULL;
	stream[streams].flow = of;
	stream[streams].ssrc = ssrc;
	return &stream[streams++];
}

static void native(const struct captured *packet, enum protocol protocol, const char *why)
{
	say_native(&saying, packet->number, (unsigned)protocol, why);
}

static void told(const struct captured *packet, const struct rtp *rtp, const struct said *said, const struct mdu_out *out,
	const struct stream *source, bool encrypted)
{
	const struct route *route = &config.route[packet->route];
	const struct policy *policy = describe_policy(&config, route->policy, rtp, source->mid, 0);
	struct md_metadata meta;
	struct md_why why = {
		.ssrc = rtp->ssrc,
		.ts = rtp->ts,
		.seq = rtp->seq,
		.protocol = PROTO_RTP,
		.payload_type = rtp->payload_type,
		.format = config.reading.format[rtp->payload_type],
		.says = (uint8_t)said->class,
		.class_ = (uint8_t)out->class,
		.role = (uint8_t)out->role,
		.flags = (uint8_t)((said->start ? MD_WHY_START : 0) | (said->end ? MD_WHY_END : 0) | (out->opened ? MD_WHY_OPENED : 0)),
		.counter = out->counter,
		.route = (uint8_t)packet->route,
		.policy = (uint8_t)(policy - config.policy),
	};

	describe_mdu(policy, out, &meta);
	why.d = meta.d, why.p = meta.p, why.l = meta.l;
	why.ground = (uint8_t)classify_ground(rtp, &config.reading, encrypted, &source->plausible, said->implausible);
	say_marked(&saying, packet->number, &why);
}

static void explain_rtp(struct captured *packet, struct flow *of, const struct rtp *rtp)
{
	struct stream *source = stream_of(of, rtp->ssrc);
	enum protection protection = config.route[packet->route].protection;
	bool encrypted = protection == PROTECTION_AUTO && of->encrypted;
	struct mdu_in in = { .ts = rtp->ts };
	struct mdu_out out;

	if (!source) {
		native(packet, PROTO_RTP, "more sources than this program keeps");
		return;
	}
	in.media = classify_rtp(rtp, &config.reading, protection, encrypted, &source->plausible, &source->structure, &in.said);
	mdu_step(&of->mdu, &source->mdu, COLOURS, &in, &out);
	describe_mid(&config, rtp, &source->mid);
	told(packet, rtp, &in.said, &out, source, encrypted || protection == PROTECTION_SRTP);
}

static void explain(struct captured *packet)
{
	enum protocol protocol = classify_first(&packet->data, config.turns &&
		prefix_match(config.turn, config.turns, packet->tuple.version, packet->tuple.dst));
	struct flow *of = flow_of(&packet->tuple);
	struct rtp rtp;

	if (!of) {
		native(packet, protocol, "more flows than this program keeps");
		return;
	}
	of->encrypted |= protocol == PROTO_DTLS || protocol == PROTO_ZRTP;
	of->quic |= protocol == PROTO_QUIC_LONG;
	if (protocol == PROTO_QUIC_SHORT && !of->quic)
		protocol = PROTO_NONE;
	if (protocol == PROTO_RTP && !rtp_recognise(&packet->data, &rtp))
		protocol = PROTO_NONE;
	if (protocol != PROTO_RTP && protocol != PROTO_QUIC_SHORT) {
		native(packet, protocol, "not media");
		return;
	}
	packet->route = route_find(&config, "", &packet->tuple, protocol == PROTO_RTP ? CARRIES_RTP : CARRIES_QUIC);
	if (packet->route < 0)
		native(packet, protocol, "no route");
	else if (config.route[packet->route].mode == MODE_OFF)
		native(packet, protocol, "mode = off");
	else if (protocol == PROTO_QUIC_SHORT)
		native(packet, protocol, "a stream, or frames by hints: not to be seen in a capture");
	else
		explain_rtp(packet, of, &rtp);
}

static const char *config_path(const char *path)
{
	if (!path)
		path = getenv("MDSHIM_CONF");
	return path && *path ? path : "/etc/mdshim/shim.conf";
}

static bool configure(const char *path)
{
	if (config_read(path, &config, &errors) == 0)
		return true;
	fprintf(stderr, "mdshim-explain: %s:%d: %s\n", path, errors.error[0].line, errors.error[0].text);
	return false;
}

static int explain_capture(const char *name)
{
	struct captured packet;
	const char *wrong = capture_open(name);

	for (unsigned i = 0; i < config.routes; i++)
		config.route[i].process[0] = '\0'; // a capture does not tell whose packets it has
	while (!wrong && capture_next(&packet, &wrong))
		explain(&packet);
	if (wrong)
		fprintf(stderr, "mdshim-explain: %s: %s\n", name, wrong);
	return wrong != NULL;
}

static int explain_process(const char *pid, const char *path, const char *dir, unsigned long count)
{
	const char *wrong = live_explain(dir ? dir : config.stats_dir, pid, count, path, &saying);

	if (wrong)
		fprintf(stderr, "mdshim-explain: process %s: %s\n", pid, wrong);
	return wrong != NULL;
}

int main(int argc, char **argv)
{
	const char *path = NULL, *dir = NULL, *count = "0";
	int at = 1, status;

	for (; at < argc && argv[at][0] == '-' && argv[at][1]; at++) {
		const char **value = strcmp(argv[at], "--config") == 0 ? &path : strcmp(argv[at], "--dir") == 0 ? &dir :
			strcmp(argv[at], "--count") == 0 ? &count : NULL;

		if (strcmp(argv[at], "--help") == 0)
			return usage(stdout, 0);
		if (strcmp(argv[at], "--version") == 0)
			return puts("mdshim-explain " MDSHIM_VERSION) < 0;
		if (strcmp(argv[at], "--json") == 0)
			saying.json = true;
		else if (value && at + 1 < argc)
			*value = argv[++at];
		else
			return usage(stderr, 2);
	}
	if (at + 1 != argc || strspn(count, "0123456789") != strlen(count))
		return usage(stderr, 2);
	path = config_path(path);
	if (live_is_pid(argv[at]) && dir && config_read(path, &config, &errors) != 0)
		saying.config = NULL; // routes are numbers then
	else if (!configure(path))
		return 1;
	status = live_is_pid(argv[at]) ? explain_process(argv[at], path, dir, strtoul(count, NULL, 10)) : explain_capture(argv[at]);
	explicit_bzero(&config.key, sizeof config.key);
	return status || fflush(stdout) != 0;
}
