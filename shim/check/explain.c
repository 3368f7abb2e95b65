// SPDX-License-Identifier: BSD-3-Clause
// mdshim-explain: what the shim would tell of the packets of a capture, and why; the shim's own rooms as a program. Behind
// "mdctl explain".
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "config.h"
#include "describe.h"
#include "mdu.h"
#include "route.h"

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
	struct dd_structure structure;
	struct mdu_stream mdu;
};

static struct config config;
static struct config_errors errors;
static struct flow flow[FLOWS];
static struct stream stream[STREAMS];
static unsigned flows, streams;
static bool json;

static int usage(FILE *to, int status)
{
	fputs("usage: mdshim-explain [--config FILE] [--json] PCAP\n"
	      "       mdshim-explain --help | --version\n\n"
	      "  --config FILE  shim.conf (else $MDSHIM_CONF, else /etc/mdshim/shim.conf)\n"
	      "  --json         one JSON object for each packet\n"
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

/* What is known of its layers goes with a stream into its next flow, as in the shim. */
static void inherit(struct stream *to)
{
	for (unsigned i = streams; i--;)
		if (stream[i].ssrc == to->ssrc) {
			to->plausible.highest = stream[i].plausible.highest;
			to->structure = stream[i].structure;
			return;
		}
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
	inherit(&stream[streams]);
	return &stream[streams++];
}

static const char *class_name(enum class class)
{
	static const char *const names[CLASS_COUNT] = { "unknown", "discardable", "enhancement", "base", "key", "audio", "repair" };

	return names[class];
}

static const char *format_name(unsigned format)
{
	static const char *const names[FORMAT_COUNT] = { "video", "h264", "h265", "vp8", "vp9", "av1", "mpegts", "audio", "rtx", "fec" };

	return names[format];
}

static const char *protocol_name(enum protocol protocol)
{
	static const char *const names[] = { "nothing known", "STUN", "ZRTP", "DTLS", "TURN ChannelData", "RTCP", "QUIC long header",
		"QUIC short header", "RTP" };

	return names[protocol];
}

// What the class rests on.
static const char *ground(const struct rtp *rtp, const struct said *said, bool encrypted, const struct plausible *plausible)
{
	struct octets element;
	unsigned format = config.reading.format[rtp->payload_type];

	if (format == FORMAT_AUDIO || format == FORMAT_RTX || format == FORMAT_FEC)
		return "payload type";
	if (config.reading.dd_id && ext_find(rtp, config.reading.dd_id, &element))
		return "dependency descriptor";
	if (config.reading.framemark_id && ext_find(rtp, config.reading.framemark_id, &element))
		return "frame marking";
	if (encrypted || rtp->cryptex)
		return "encrypted: timestamp and marker";
	if (plausible->implausible > 8)
		return "looks encrypted: timestamp and marker";
	if (said->implausible)
		return "payload is not what its type says: timestamp and marker";
	return format == FORMAT_UNKNOWN ? "payload type not configured: timestamp and marker" : "payload";
}

static void native(const struct captured *packet, const char *what, const char *why)
{
	if (json)
		printf("{\"frame\":%lu,\"native\":\"%s\",\"why\":\"%s\"}\n", packet->number, what, why);
	else
		printf("%6lu  %-18s native: %s\n", packet->number, what, why);
}

static void told(const struct captured *packet, const struct rtp *rtp, const struct said *said, const struct mdu_out *out,
	const char *why)
{
	static const char *const roles[] = { "start", "middle", "end", "only" };
	const struct route *route = &config.route[packet->route];
	const struct policy *policy = describe_policy(&config, route->policy, rtp, 0);
	struct md_metadata meta;

	describe_mdu(policy, out, &meta);
	if (json)
		printf("{\"frame\":%lu,\"ssrc\":%u,\"seq\":%u,\"ts\":%u,\"pt\":%u,\"format\":\"%s\",\"mdu\":%u,\"opened\":%s,"
		       "\"role\":\"%s\",\"start\":%s,\"end\":%s,\"says\":\"%s\",\"class\":\"%s\",\"d\":%u,\"p\":%u,\"l\":%u,"
		       "\"route\":\"%s\",\"policy\":\"%s\",\"why\":\"%s\"}\n",
			packet->number, rtp->ssrc, rtp->seq, rtp->ts, rtp->payload_type,
			format_name(config.reading.format[rtp->payload_type]), out->counter, out->opened ? "true" : "false",
			roles[out->role], said->start ? "true" : "false", said->end ? "true" : "false", class_name(said->class),
			class_name(out->class), meta.d, meta.p, meta.l, route->name, policy->name, why);
	else
		printf("%6lu  %08x %5u %10u %-6s MDU %3u %-6s %-11s D %u P %u L %u  %s%s%s%s, route %s, policy %s\n", packet->number,
			rtp->ssrc, rtp->seq, rtp->ts, format_name(config.reading.format[rtp->payload_type]), out->counter,
			roles[out->role], class_name(out->class), meta.d, meta.p, meta.l, why, said->start ? ", start" : "",
			said->end ? ", end" : "", said->class == out->class ? "" : ", class of earlier packets", route->name,
			policy->name);
}

static void explain_rtp(struct captured *packet, struct flow *of, const struct rtp *rtp)
{
	struct stream *source = stream_of(of, rtp->ssrc);
	enum protection protection = config.route[packet->route].protection;
	bool encrypted = protection == PROTECTION_AUTO && of->encrypted;
	struct mdu_in in = { .ts = rtp->ts };
	struct mdu_out out;

	if (!source) {
		native(packet, "RTP", "more sources than this program keeps");
		return;
	}
	in.media = classify_rtp(rtp, &config.reading, protection, encrypted, &source->plausible, &source->structure, &in.said);
	mdu_step(&of->mdu, &source->mdu, COLOURS, &in, &out);
	told(packet, rtp, &in.said, &out,
		ground(rtp, &in.said, encrypted || protection == PROTECTION_SRTP, &source->plausible));
}

static void explain(struct captured *packet)
{
	enum protocol protocol = classify_first(&packet->data, config.turns &&
		prefix_match(config.turn, config.turns, packet->tuple.version, packet->tuple.dst));
	struct flow *of = flow_of(&packet->tuple);
	struct rtp rtp;

	if (!of) {
		native(packet, protocol_name(protocol), "more flows than this program keeps");
		return;
	}
	of->encrypted |= protocol == PROTO_DTLS || protocol == PROTO_ZRTP;
	of->quic |= protocol == PROTO_QUIC_LONG;
	if (protocol == PROTO_QUIC_SHORT && !of->quic)
		protocol = PROTO_NONE;
	if (protocol == PROTO_RTP && !rtp_recognise(&packet->data, &rtp))
		protocol = PROTO_NONE;
	if (protocol != PROTO_RTP && protocol != PROTO_QUIC_SHORT) {
		native(packet, protocol_name(protocol), "not media");
		return;
	}
	packet->route = route_find(&config, "", &packet->tuple, protocol == PROTO_RTP ? CARRIES_RTP : CARRIES_QUIC);
	if (packet->route < 0)
		native(packet, protocol_name(protocol), "no route");
	else if (config.route[packet->route].mode == MODE_OFF)
		native(packet, protocol_name(protocol), "mode = off");
	else if (protocol == PROTO_QUIC_SHORT)
		native(packet, protocol_name(protocol), "a stream, or frames by hints: not to be seen in a capture");
	else
		explain_rtp(packet, of, &rtp);
}

static bool configure(const char *path)
{
	if (!path)
		path = getenv("MDSHIM_CONF");
	if (!path || !*path)
		path = "/etc/mdshim/shim.conf";
	if (config_read(path, &config, &errors) == 0) {
		for (unsigned i = 0; i < config.routes; i++)
			config.route[i].process[0] = '\0'; // a capture does not tell whose packets it has
		return true;
	}
	fprintf(stderr, "mdshim-explain: %s:%d: %s\n", path, errors.error[0].line, errors.error[0].text);
	return false;
}

int main(int argc, char **argv)
{
	const char *path = NULL, *wrong;
	struct captured packet;
	int at = 1;

	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "--help") == 0)
			return usage(stdout, 0);
		if (strcmp(argv[at], "--version") == 0)
			return puts("mdshim-explain " MDSHIM_VERSION) < 0;
		if (strcmp(argv[at], "--json") == 0)
			json = true;
		else if (strcmp(argv[at], "--config") == 0 && at + 1 < argc)
			path = argv[++at];
		else
			return usage(stderr, 2);
	}
	if (at + 1 != argc)
		return usage(stderr, 2);
	if (!configure(path))
		return 1;
	wrong = capture_open(argv[at]);
	while (!wrong && capture_next(&packet, &wrong))
		explain(&packet);
	if (wrong)
		fprintf(stderr, "mdshim-explain: %s: %s\n", argv[at], wrong);
	explicit_bzero(&config.key, sizeof config.key);
	return wrong || fflush(stdout) != 0;
}
