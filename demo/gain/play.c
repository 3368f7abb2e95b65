/* SPDX-License-Identifier: BSD-3-Clause
 *
 * play - plays a capture of what a server sent over an emulated radio link, once for each policy and seed, faster than real
 * time; decodes what a client could; tells what the viewer got. One JSON object on standard output. */
#include "judge.h"
#include "oracle.h"
#include "strip.h"

#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <radio_random.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH = 120, TIMELINE = 10000000, BIN = 50000, BINS = TIMELINE / BIN };
/* The film strip begins when the leanest second of the timeline is nearly over. */
enum { STRIP_AT = 3900000 };

static struct {
	struct capture_options capture;
	const char *key[16];
	const char *codec, *trace, *label, *source, *strip, *policies, *progress;
	unsigned first, seeds, packets;
	int64_t delay;
} options = { .codec = "h264", .trace = "hard-a", .label = "med", .policies = "tail,codel,dscp,mdu", .first = 1, .seeds = 5, .packets = 1000,
	.delay = 10000 };

static struct {
	struct capture capture;
	struct frames frames;
	struct pictures source, clean;
	enum codec codec;
	int *shown;
	size_t queue[BINS];      /* of the timeline: most octets waiting */
	int64_t from;            /* where the timeline begins */
} run;

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "play: %s: %s\n", what, why);
	exit(1);
}

/* --- Traces -------------------------------------------------------------------------------------------------------- */

static void trace_for(struct trace *trace, uint64_t seed)
{
	const struct trace_profile *profile = trace_profile(options.trace);
	const char *expected = "";
	unsigned long line;
	FILE *file;

	if (profile) {
		if (trace_generate(trace, profile, LENGTH, seed) < 0)
			die(options.trace, "no memory");
		return;
	}
	file = fopen(options.trace, "re");
	if (!file)
		die(options.trace, "expected hard-a, hard-b, hard-c, mild or a trace file");
	if (trace_read(trace, file, &line, &expected) < 0) {
		fprintf(stderr, "play: %s:%lu: expected %s\n", options.trace, line, expected);
		exit(1);
	}
	fclose(file);
}

/* Where in the trace the film begins. */
static int64_t skip_for(const struct trace *trace, uint64_t seed)
{
	uint64_t state = seed * 977;

	return (int64_t)(random_unit(&state) * trace->period) * 1000;
}

/* --- One arm ------------------------------------------------------------------------------------------------------- */

/* What a server would mark if it marked each packet by its importance. */
static void mark_dscp(struct capture *c)
{
	for (size_t i = 0; i < c->samples; i++) {
		struct radio_packet *p = &c->sample[i].packet;

		p->dscp = p->marks.d == 1 ? 34 : p->marks.d == 2 || p->marks.d == 0 ? 36 : 38;
	}
}

static void see(void *context, int64_t now, size_t octets)
{
	int64_t bin = (now - run.from) / BIN;

	(void)context;
	if (now >= run.from && bin < BINS && octets > run.queue[bin])
		run.queue[bin] = octets;
}

static void play_arm(struct arm_result *r, const struct trace *trace, const char *name, uint64_t seed, bool tcp)
{
	struct arm_setting s = { .queue = RADIO_QUEUE_DEFAULTS, .trace = trace, .skip = skip_for(trace, seed), .delay = options.delay,
		.tcp = tcp, .see = seed == options.first && !tcp ? see : NULL };
	char text[32];
	char *digits;

	snprintf(text, sizeof(text), "%s", name);
	digits = text + strcspn(text, "0123456789");
	s.queue.packets = *digits ? (unsigned)atoi(digits) : options.packets;
	*digits = 0;
	s.queue.budget = JUDGE_FIRST - options.delay;
	s.policy = radio_queue_policy(text);
	if (!s.policy)
		die(name, "expected tail, codel, dscp, fair or mdu, with a number of packets or not");
	if (arm_play(r, &run.capture, &run.frames, run.codec, &s) < 0)
		die("start", "no memory");
}

/* --- Pictures for the page ------------------------------------------------------------------------------------------ */

static void strip(const char *name, const struct pictures *p, const int *shown, unsigned first)
{
	char path[400];

	if (!options.strip)
		return;
	snprintf(path, sizeof(path), "%s/%s-%s-%s-%s.ppm", options.strip, options.trace, options.codec, options.label, name);
	if (strip_write(path, p, shown, first) < 0)
		die(path, "cannot be written");
}

/* The first place of the film sent after a time. */
static unsigned place_at(int64_t at)
{
	for (unsigned i = 0; i < run.frames.count; i++)
		if (run.frames.frame[i].sent >= at)
			return run.frames.frame[i].display;
	return 0;
}

/* --- The timeline of the first seed ---------------------------------------------------------------------------------- */

/* Octets the trace offers in each bin. */
static void capacity(const struct trace *trace, int64_t skip, double *bin)
{
	uint64_t n = (uint64_t)((run.from + skip) / 1000 / trace->period) * trace->count;

	memset(bin, 0, BINS * sizeof(*bin));
	for (; trace_time(trace, n) < run.from + skip + TIMELINE; n++)
		if (trace_time(trace, n) >= run.from + skip)
			bin[(trace_time(trace, n) - run.from - skip) / BIN] += TRACE_OCTETS;
}

/* The ten seconds around the leanest second of what the film meets. */
static int64_t leanest(const struct trace *trace, int64_t skip)
{
	int64_t best = 0;
	double bins[BINS], least = 1e18;

	for (run.from = 0; run.from + TIMELINE <= run.capture.length; run.from += TIMELINE / 2) {
		capacity(trace, skip, bins);
		for (unsigned i = 60; i + 60 < BINS; i++) {
			double sum = 0;

			for (unsigned k = 0; k < 20; k++)
				sum += bins[i + k];
			if (sum < least) {
				least = sum;
				best = run.from + ((int64_t)i - 60) * BIN;
			}
		}
	}
	return best;
}

static json_t *frames_json(const struct arm_result *r)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < run.frames.count; i++) {
		const struct frame *f = &run.frames.frame[i];
		bool whole = r->when[i] != INT64_MAX;

		if (f->sent < run.from || f->sent >= run.from + TIMELINE)
			continue;
		json_array_append_new(list, json_pack("[f, f, i]", (double)(f->sent - run.from) / 1e6,
			whole ? (double)(r->when[i] - f->sent) / 1e3 : -1., f->key ? 0 : f->ref ? 1 : 2));
	}
	return list;
}

static json_t *timeline_json(const struct arm_result *r)
{
	json_t *queue = json_array();

	for (unsigned i = 0; i < BINS; i++)
		json_array_append_new(queue, json_integer((json_int_t)run.queue[i]));
	return json_pack("{s:o, s:o}", "queue", queue, "frames", frames_json(r));
}

static json_t *capacity_json(const struct trace *trace)
{
	double bins[BINS];
	json_t *list = json_array();

	capacity(trace, skip_for(trace, options.first), bins);
	for (unsigned i = 0; i < BINS; i++)
		json_array_append_new(list, json_real(bins[i] * 8e6 / BIN));
	return list;
}

/* --- All arms ------------------------------------------------------------------------------------------------------- */

/* One octet more in a file for each seed of each policy. */
static void tick(void)
{
	FILE *f = options.progress ? fopen(options.progress, "ae") : NULL;

	if (f && (fputc('.', f) == EOF || fclose(f) == EOF))
		die(options.progress, "cannot be written");
}

static json_t *play_policy(const char *name)
{
	json_t *seeds = json_array(), *tcp = json_array(), *out = json_pack("{s:s, s:o, s:o}", "policy", name, "seeds", seeds, "tcp", tcp);
	struct arm_result r;
	struct verdict v;
	struct trace trace;

	for (uint64_t seed = options.first; seed < options.first + options.seeds; seed++) {
		trace_for(&trace, seed);
		if (seed == options.first) {
			memset(run.queue, 0, sizeof(run.queue));
			run.from = leanest(&trace, skip_for(&trace, seed));
		}
		play_arm(&r, &trace, name, seed, false);
		if (judge_arm(&v, &run.frames, run.codec, &r, &run.source, &run.clean, run.shown) < 0)
			die("decoder", "what the client got cannot be decoded to pictures of the film's size");
		json_array_append_new(seeds, judge_json(&v, seed));
		if (seed == options.first) {
			json_object_set_new(out, "timeline", timeline_json(&r));
			strip(name, &run.clean, run.shown, place_at(run.from + STRIP_AT));
		}
		arm_free(&r);
		play_arm(&r, &trace, name, seed, true);
		memset(&v, 0, sizeof(v));
		for (unsigned i = 0; i < run.frames.count; i++)
			v.in_time += r.when[i] != INT64_MAX && r.when[i] - run.frames.frame[i].sent <= JUDGE_FIRST;
		json_array_append_new(tcp, json_pack("{s:f, s:f}", "bits", r.tcp_bits, "in_time", v.in_time / run.frames.count));
		arm_free(&r);
		trace_free(&trace);
		tick();
	}
	return out;
}

/* What no policy can pass, seed by seed. */
static json_t *bound_json(void)
{
	struct oracle_setting s = { .delay = options.delay, .budget = JUDGE_FIRST };
	json_t *list = json_array();
	struct trace trace;

	for (uint64_t seed = options.first; seed < options.first + options.seeds; seed++) {
		double share;

		trace_for(&trace, seed);
		s.trace = &trace;
		s.skip = skip_for(&trace, seed);
		share = oracle_in_time(&run.capture, &run.frames, run.codec, &s);
		if (share < 0)
			die("start", "no memory");
		json_array_append_new(list, json_real(share));
		trace_free(&trace);
	}
	return list;
}

static json_t *play_all(void)
{
	char list[400], *save = NULL;
	struct trace_figures f;
	struct trace trace;
	json_t *arms = json_array(), *out;

	trace_for(&trace, options.first);
	f = trace_figures(&trace);
	run.from = leanest(&trace, skip_for(&trace, options.first));
	strip("source", &run.source, NULL, place_at(run.from + STRIP_AT));
	out = json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:i, s:i, s:i, s:f, s:f, s:o, s:o}", "trace", options.trace, "codec", options.codec,
		"option", options.label, "mean", f.mean, "low", f.low, "dips", f.dips, "gap", f.gap,
		"load", (double)run.capture.octets * 8e6 / (double)run.capture.length / f.mean, "frames", (int)run.frames.count,
		"keys", (int)run.frames.keys, "unmarked", (int)run.capture.refused, "strip", STRIP_AT / 1e6, "bin", BIN / 1e6, "capacity", capacity_json(&trace),
		"arms", arms);
	json_object_set_new(out, "bound", bound_json());
	trace_free(&trace);
	snprintf(list, sizeof(list), "%s", options.policies);
	for (char *name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save))
		json_array_append_new(arms, play_policy(name));
	return out;
}

static void read_options(int argc, char **argv)
{
	static const struct option known[] = { { "capture", 1, NULL, 'c' }, { "auth-key", 1, NULL, 'k' }, { "books", 1, NULL, 'b' },
		{ "domain", 1, NULL, 'd' }, { "codec", 1, NULL, 'C' }, { "trace", 1, NULL, 't' }, { "option", 1, NULL, 'o' },
		{ "source", 1, NULL, 's' }, { "strip", 1, NULL, 'S' }, { "policies", 1, NULL, 'p' }, { "seeds", 1, NULL, 'n' },
		{ "port", 1, NULL, 'P' }, { "first-seed", 1, NULL, 'f' }, { "progress", 1, NULL, 'g' },
		{ "queue", 1, NULL, 'q' }, { NULL, 0, NULL, 0 } };
	int c;

	options.capture.key = options.key;
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'c': options.capture.file = optarg; break;
		case 'k': if (options.capture.keys < 16) options.key[options.capture.keys++] = optarg; break;
		case 'b': options.capture.books = optarg; break;
		case 'd': options.capture.domain = optarg; break;
		case 'C': options.codec = optarg; break;
		case 't': options.trace = optarg; break;
		case 'o': options.label = optarg; break;
		case 's': options.source = optarg; break;
		case 'S': options.strip = optarg; break;
		case 'p': options.policies = optarg; break;
		case 'f': options.first = (unsigned)atoi(optarg); break;
		case 'n': options.seeds = (unsigned)atoi(optarg); break;
		case 'P': options.capture.port = (unsigned)atoi(optarg); break;
		case 'g': options.progress = optarg; break;
		case 'q': options.packets = (unsigned)atoi(optarg); break;
		default: exit(2);
		}
	}
	if (!options.capture.file || !options.source || !options.first || !options.seeds || !options.packets || (options.capture.books && !options.capture.domain))
		die("arguments", "expected --capture, --source, and with --books --domain");
}

int main(int argc, char **argv)
{
	int64_t *all;
	json_t *out;

	read_options(argc, argv);
	run.codec = strcmp(options.codec, "vp8") == 0 ? CODEC_VP8 : CODEC_H264;
	if (capture_read(&run.capture, &options.capture) < 0 || frames_find(&run.frames, &run.capture, run.codec) < 0)
		return 1;
	mark_dscp(&run.capture);
	run.shown = calloc(run.frames.count, sizeof(*run.shown));
	all = calloc(run.frames.count, sizeof(*all));
	if (!run.shown || !all || pictures_source(&run.source, options.source, run.frames.count) < 0 ||
			pictures_decode(&run.clean, &run.frames, run.codec, all, NULL) < 0 || !run.clean.luma ||
			pictures_compare(&run.clean, &run.source) < 0)
		die(options.source, "cannot be compared with the capture");
	free(all);
	out = play_all();
	json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));
	json_decref(out);
	putchar('\n');
	return fflush(stdout) == 0 ? 0 : 1;
}
