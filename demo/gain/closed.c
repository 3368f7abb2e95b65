/* SPDX-License-Identifier: BSD-3-Clause
 *
 * closed - one run of the closed loop: what the server sent (captured before the router), what the client got (captured behind
 * it), and what the sender decided, as one JSON object on standard output. Judged as play judges its arms; but here the link ran in real time.
 *
 *     closed --sent PCAP --got PCAP --rates FILE --auth-key KEY --port N --source CLIP --frames N --policy NAME --trace NAME --seed N */
#include "judge.h"

#include <getopt.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BIN = 500000, BINS = 240, RTP_HEAD = 12 };

static struct {
	struct capture_options sent;
	const char *key, *got, *rates, *source, *policy, *trace;
	unsigned frames;
	uint64_t seed;
} options;

static struct {
	struct capture sent;
	struct frames frames;
	struct pictures source, clean;
	struct arm_result result;
	unsigned *arrived;       /* packets of each frame */
	double sent_in[BINS], got_in[BINS]; /* octets */
	size_t octets;           /* that arrived */
	bool *taken;             /* of each sample */
} run;

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "closed: %s: %s\n", what, why);
	exit(1);
}

static unsigned at16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* --- What the client got ------------------------------------------------------------------------------------------- */

/* The RTP packet in a frame of Ethernet, if it goes to our port; NULL. */
static const uint8_t *rtp_of(const uint8_t *p, size_t len, size_t *size)
{
	size_t head;

	if (len < sizeof(struct ether_header) + sizeof(struct iphdr) || at16(p + 12) != ETHERTYPE_IP)
		return NULL;
	p += sizeof(struct ether_header);
	len -= sizeof(struct ether_header);
	head = 4u * (p[0] & 15);
	if (p[0] >> 4 != 4 || head < sizeof(struct iphdr) || p[9] != IPPROTO_UDP || len < head + sizeof(struct udphdr) + RTP_HEAD ||
			at16(p + head + 2) != options.sent.port)
		return NULL;
	*size = len - head - sizeof(struct udphdr);
	return p + head + sizeof(struct udphdr);
}

static void into(double *bins, int64_t at, size_t octets)
{
	if (at >= 0 && at / BIN < BINS)
		bins[at / BIN] += (double)octets;
}

static void arrived(size_t i, int64_t at)
{
	const struct sample *s = &run.sent.sample[i];
	struct arm_result *r = &run.result;

	if (run.taken[i])
		return;
	run.taken[i] = true;
	run.octets += s->packet.size;
	into(run.got_in, at, s->packet.size);
	r->carried[s->frame] += s->packet.size;
	if (++run.arrived[s->frame] == run.frames.frame[s->frame].packets)
		r->done[s->frame] = at;
}

/* Which packet it was that was sent: by its RTP header, sequence number and time stamp, which no two of a run share. */
static struct index {
	uint64_t name;
	size_t sample;
} *list;

static uint64_t name_of(const uint8_t *rtp)
{
	return (uint64_t)at16(rtp + 2) << 32 | (uint64_t)at16(rtp + 4) << 16 | at16(rtp + 6);
}

static int by_name(const void *a, const void *b)
{
	const struct index *x = a, *y = b;

	return (x->name > y->name) - (x->name < y->name);
}

static void index_sent(void)
{
	list = calloc(run.sent.samples, sizeof(*list));
	if (!list)
		die("start", "no memory");
	for (size_t i = 0; i < run.sent.samples; i++)
		list[i] = (struct index){ name_of(run.sent.sample[i].rtp), i };
	qsort(list, run.sent.samples, sizeof(*list), by_name);
	for (size_t i = 1; i < run.sent.samples; i++)
		if (list[i].name == list[i - 1].name)
			die(options.sent.file, "two packets with one sequence number and time stamp");
}

static void read_got(void)
{
	char text[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *head;
	const u_char *data;
	pcap_t *pcap = pcap_open_offline(options.got, text);

	if (!pcap || pcap_datalink(pcap) != DLT_EN10MB)
		die(options.got, pcap ? "expected the capture of an Ethernet link" : text);
	while (pcap_next_ex(pcap, &head, &data) == 1) {
		size_t size = 0;
		const uint8_t *rtp = rtp_of(data, head->caplen, &size);
		struct index key, *found;

		if (!rtp)
			continue;
		key.name = name_of(rtp);
		found = bsearch(&key, list, run.sent.samples, sizeof(*list), by_name);
		if (!found)
			die(options.got, "the client got an RTP packet that nobody sent");
		arrived(found->sample, (int64_t)head->ts.tv_sec * 1000000 + head->ts.tv_usec - run.sent.begun);
	}
	pcap_close(pcap);
}

/* --- Figures -------------------------------------------------------------------------------------------------------- */

static json_t *bins_json(const double *bins)
{
	json_t *out = json_array();

	for (int64_t i = 0; i < BINS && i <= run.sent.length / BIN; i++)
		json_array_append_new(out, json_real(bins[i] * 8e6 / BIN));
	return out;
}

/* The lines of adapt, as they are. */
static json_t *rates_json(void)
{
	json_error_t error;
	json_t *out = json_array(), *line;
	FILE *f = fopen(options.rates, "re");

	if (!f)
		die(options.rates, "cannot be read");
	while ((line = json_loadf(f, JSON_DISABLE_EOF_CHECK, &error)))
		json_array_append_new(out, line);
	fclose(f);
	if (!json_array_size(out))
		die(options.rates, "expected the lines of adapt");
	return out;
}

static json_t *judge(void)
{
	struct verdict v;
	json_t *out;
	double seconds = (double)run.sent.length / 1e6;
	int *shown = calloc(run.frames.count, sizeof(*shown));

	if (!shown || judge_arm(&v, &run.frames, CODEC_H264, &run.result, &run.source, &run.clean, shown) < 0)
		die("decoder", "what the client got cannot be decoded to pictures of the film's size");
	free(shown);
	out = judge_json(&v, options.seed);
	json_object_update_new(out, json_pack("{s:f, s:f, s:f, s:i, s:i, s:f, s:o, s:o, s:o}", "sent", (double)run.sent.octets * 8 / seconds,
		"got", (double)run.octets * 8 / seconds, "seconds", seconds, "frames", (int)run.frames.count, "unmarked", (int)run.sent.refused,
		"bin", BIN / 1e6, "sent_in", bins_json(run.sent_in), "got_in", bins_json(run.got_in), "rates", rates_json()));
	json_object_set_new(out, "policy", json_string(options.policy));
	json_object_set_new(out, "trace", json_string(options.trace));
	return out;
}

static void make(void)
{
	struct arm_result *r = &run.result;
	unsigned n = run.frames.count;

	r->done = calloc(n, sizeof(*r->done));
	r->when = calloc(n, sizeof(*r->when));
	r->carried = calloc(n, sizeof(*r->carried));
	run.arrived = calloc(n, sizeof(*run.arrived));
	run.taken = calloc(run.sent.samples, sizeof(*run.taken));
	if (!r->done || !r->when || !r->carried || !run.arrived || !run.taken)
		die("start", "no memory");
	for (unsigned i = 0; i < n; i++)
		r->done[i] = INT64_MAX;
	for (size_t i = 0; i < run.sent.samples; i++)
		into(run.sent_in, run.sent.sample[i].packet.arrived, run.sent.sample[i].packet.size);
}

static void pictures(void)
{
	int64_t *all = calloc(run.frames.count, sizeof(*all));

	if (!all || pictures_source(&run.source, options.source, run.frames.count) < 0 ||
			pictures_decode(&run.clean, &run.frames, CODEC_H264, all, NULL) < 0 || !run.clean.luma || pictures_compare(&run.clean, &run.source) < 0)
		die(options.source, "cannot be compared with the capture");
	free(all);
}

static void read_options(int argc, char **argv)
{
	static const struct option known[] = { { "sent", 1, NULL, 'c' }, { "got", 1, NULL, 'g' }, { "rates", 1, NULL, 'r' },
		{ "auth-key", 1, NULL, 'k' }, { "port", 1, NULL, 'P' }, { "source", 1, NULL, 's' }, { "frames", 1, NULL, 'f' },
		{ "policy", 1, NULL, 'p' }, { "trace", 1, NULL, 't' }, { "seed", 1, NULL, 'n' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'c': options.sent.file = optarg; break;
		case 'g': options.got = optarg; break;
		case 'r': options.rates = optarg; break;
		case 'k': options.key = optarg; break;
		case 'P': options.sent.port = (unsigned)atoi(optarg); break;
		case 's': options.source = optarg; break;
		case 'f': options.frames = (unsigned)atoi(optarg); break;
		case 'p': options.policy = optarg; break;
		case 't': options.trace = optarg; break;
		case 'n': options.seed = (uint64_t)atoll(optarg); break;
		default: exit(2);
		}
	}
	if (!options.sent.file || !options.got || !options.rates || !options.key || !options.sent.port || !options.source || !options.frames ||
			!options.policy || !options.trace)
		die("arguments", "expected all of them");
	options.sent.key = &options.key;
	options.sent.keys = 1;
}

int main(int argc, char **argv)
{
	json_t *out;

	read_options(argc, argv);
	if (capture_read(&run.sent, &options.sent) < 0 || frames_find(&run.frames, &run.sent, CODEC_H264) < 0)
		return 1;
	if (run.frames.count != options.frames) {
		fprintf(stderr, "closed: %s: expected %u frames, it has %u (%zu datagrams, %lu refused)\n", options.sent.file, options.frames,
			run.frames.count, run.sent.samples, run.sent.refused);
		return 1;
	}
	make();
	pictures();
	index_sent();
	read_got();
	frames_decodable(&run.frames, CODEC_H264, run.result.done, run.result.when);
	out = judge();
	json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));
	json_decref(out);
	putchar('\n');
	return fflush(stdout) == 0 ? 0 : 1;
}
