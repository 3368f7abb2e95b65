/* SPDX-License-Identifier: BSD-3-Clause
 *
 * receive - the client of the demo and of the tests: receives RTP on a port, decodes it, counts what it really got.
 *
 * It ends when standard input has told it how many RTP packets there are and as many have arrived and been decoded, or
 * some seconds after it was told, or at the end of standard input. Then it writes its figures as one JSON object. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib-unix.h>
#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include "sheet.h"

static struct {
	const char *address, *codec, *sheet, *json;
	unsigned port, pt, every, pictures, columns, total, deadline;
	int ready_fd;
} options = { .address = "0.0.0.0", .codec = "h264", .pt = 96, .every = 15, .pictures = 20, .columns = 5, .deadline = 10,
	.ready_fd = -1 };

/* Counted by GStreamer's threads, read by the main one. */
static gint packets, rtcp, frames, warnings;

static struct {
	GMainLoop *loop;
	GstElement *pipeline;
	struct sheet *sheet;
	GstElement *jitter;
	guint told;            /* RTP packets there should be */
	bool is_told, ending, complete, failed;
	int64_t said;          /* when the last progress line was printed */
} run;

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "receive: %s: %s\n", what, why);
	exit(2);
}

static unsigned number(const char *text, unsigned long max)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || n > max)
		die("not a number in range", text);
	return (unsigned)n;
}

static void end(bool complete)
{
	if (run.ending)
		return;
	run.ending = true;
	run.complete = complete;
	gst_element_send_event(run.pipeline, gst_event_new_eos());
}

static GstPadProbeReturn count(GstPad *pad, GstPadProbeInfo *info, gpointer counter)
{
	gint n = 1;

	(void)pad;
	if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST)
		n = (gint)gst_buffer_list_length(GST_PAD_PROBE_INFO_BUFFER_LIST(info));
	g_atomic_int_add((gint *)counter, n);
	return GST_PAD_PROBE_OK;
}

static GstFlowReturn decoded(GstAppSink *sink, gpointer data)
{
	GstSample *sample = gst_app_sink_pull_sample(sink);
	GstMapInfo map;

	(void)data;
	if (!sample)
		return GST_FLOW_EOS;
	if (run.sheet && (unsigned)g_atomic_int_get(&frames) % options.every == 0 &&
			gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ)) {
		if (map.size == SHEET_WIDTH * SHEET_HEIGHT * 3)
			sheet_add(run.sheet, map.data);
		gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
	}
	gst_sample_unref(sample);
	g_atomic_int_inc(&frames);
	return GST_FLOW_OK;
}

static gboolean on_bus(GstBus *bus, GstMessage *message, gpointer data)
{
	GError *error = NULL;

	(void)bus;
	(void)data;
	switch (GST_MESSAGE_TYPE(message)) {
	case GST_MESSAGE_EOS:
		g_main_loop_quit(run.loop);
		break;
	case GST_MESSAGE_WARNING:
		gst_message_parse_warning(message, &error, NULL);
		fprintf(stderr, "receive: %s: %s\n", GST_MESSAGE_SRC_NAME(message), error->message);
		g_atomic_int_inc(&warnings);
		break;
	case GST_MESSAGE_ERROR:
		gst_message_parse_error(message, &error, NULL);
		fprintf(stderr, "receive: %s: %s\n", GST_MESSAGE_SRC_NAME(message), error->message);
		run.failed = true;
		g_main_loop_quit(run.loop);
		break;
	default:
		break;
	}
	g_clear_error(&error);
	return TRUE;
}

static void progress(void)
{
	bool terminal = isatty(STDERR_FILENO) == 1;
	int64_t now = g_get_monotonic_time();

	if (!options.total || g_atomic_int_get(&packets) == 0 || now - run.said < (terminal ? 200000 : 2500000))
		return;
	run.said = now;
	fprintf(stderr, terminal ? "\r  %3d of %u frames decoded, %d datagrams received " :
		"  %3d of %u frames decoded, %d datagrams received\n", g_atomic_int_get(&frames), options.total,
		g_atomic_int_get(&packets));
}

static gboolean tick(gpointer data)
{
	(void)data;
	progress();
	if (run.is_told && (guint)g_atomic_int_get(&packets) >= run.told)
		end(true);
	return TRUE;
}

static gboolean on_deadline(gpointer data)
{
	(void)data;
	if (!run.ending)
		fprintf(stderr, "receive: %d of %u packets after %u s of waiting\n", g_atomic_int_get(&packets), run.told,
			options.deadline);
	end(false);
	return FALSE;
}

/* A drained pipeline answers within moments. */
static gboolean on_stuck(gpointer data)
{
	(void)data;
	fputs("receive: the pipeline does not come to its end\n", stderr);
	run.failed = true;
	g_main_loop_quit(run.loop);
	return FALSE;
}

static gboolean on_input(gint fd, GIOCondition condition, gpointer data)
{
	char line[32];
	ssize_t n = read(fd, line, sizeof(line) - 1);

	(void)condition;
	(void)data;
	g_timeout_add_seconds(options.deadline + 10, on_stuck, NULL);
	if (n <= 0) {
		end(false);
		return FALSE;
	}
	line[n] = 0;
	run.told = (guint)strtoul(line, NULL, 10);
	run.is_told = true;
	g_timeout_add_seconds(options.deadline, on_deadline, NULL);
	return FALSE;
}

static gboolean on_signal(gpointer data)
{
	(void)data;
	run.failed = true;
	g_main_loop_quit(run.loop);
	return FALSE;
}

static void probe(const char *element, const char *pad_name, gint *counter)
{
	GstElement *from = gst_bin_get_by_name(GST_BIN(run.pipeline), element);
	GstPad *pad = gst_element_get_static_pad(from, pad_name);

	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, count, counter, NULL);
	gst_object_unref(pad);
	gst_object_unref(from);
}

/* The port of its choice if it was asked for port 0. */
static unsigned bound_port(void)
{
	GstElement *from = gst_bin_get_by_name(GST_BIN(run.pipeline), "rtp");
	gint port = 0;

	g_object_get(from, "port", &port, NULL);
	gst_object_unref(from);
	return (unsigned)port;
}

static void build(void)
{
	bool vp8 = strcmp(options.codec, "vp8") == 0;
	GError *error = NULL;
	GstAppSinkCallbacks callbacks = { .new_sample = decoded };
	GstElement *sink;
	GstBus *bus;
	char *text;

	if (!vp8 && strcmp(options.codec, "h264") != 0)
		die("no such codec here", options.codec);
	/* More than the system's limit is for root, and a warning for others. */
	text = g_strdup_printf("udpsrc name=rtp address=%s port=%u buffer-size=%d caps=application/x-rtp,media=video,"
		"clock-rate=90000,encoding-name=%s,payload=%u ! rtpjitterbuffer name=jitter latency=200 ! %s ! videoconvert ! "
		"videoscale ! video/x-raw,format=RGB,width=%d,height=%d,pixel-aspect-ratio=1/1 ! appsink name=sink sync=false "
		"udpsrc name=rtcp address=%s port=%u ! fakesink sync=false async=false",
		options.address, options.port, geteuid() == 0 ? 8388608 : 200000, vp8 ? "VP8" : "H264", options.pt, vp8 ? "rtpvp8depay ! vp8dec" :
		"rtph264depay ! h264parse ! avdec_h264", SHEET_WIDTH, SHEET_HEIGHT, options.address,
		options.port ? options.port + 1 : 0);
	run.pipeline = gst_parse_launch(text, &error);
	g_free(text);
	if (error)
		die("the pipeline", error->message);
	probe("rtp", "src", &packets);
	probe("rtcp", "src", &rtcp);
	run.jitter = gst_bin_get_by_name(GST_BIN(run.pipeline), "jitter");
	sink = gst_bin_get_by_name(GST_BIN(run.pipeline), "sink");
	gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, NULL, NULL);
	gst_object_unref(sink);
	bus = gst_element_get_bus(run.pipeline);
	gst_bus_add_watch(bus, on_bus, NULL);
	gst_object_unref(bus);
}

/* The figures; true if all went well. */
static bool report(void)
{
	GstStructure *stats = NULL;
	guint64 lost = 0, late = 0, duplicates = 0;
	FILE *to = options.json ? fopen(options.json, "w") : stdout;

	if (!to)
		die(options.json, strerror(errno));
	g_object_get(run.jitter, "stats", &stats, NULL);
	if (stats) {
		gst_structure_get_uint64(stats, "num-lost", &lost);
		gst_structure_get_uint64(stats, "num-late", &late);
		gst_structure_get_uint64(stats, "num-duplicates", &duplicates);
		gst_structure_free(stats);
	}
	fprintf(to, "{\"packets\":%d,\"expected\":%u,\"rtcp\":%d,\"frames\":%d,\"lost\":%llu,\"late\":%llu,\"duplicates\":%llu,"
		"\"warnings\":%d,\"complete\":%s}\n", packets, run.told, rtcp, frames, (unsigned long long)lost,
		(unsigned long long)late, (unsigned long long)duplicates, warnings,
		run.complete && !run.failed ? "true" : "false");
	if (to != stdout && fclose(to) != 0)
		die(options.json, strerror(errno));
	return run.complete && !run.failed;
}

static void read_options(int argc, char **argv)
{
	static const struct option names[] = { { "address", 1, NULL, 'a' }, { "port", 1, NULL, 'p' }, { "codec", 1, NULL, 'c' },
		{ "pt", 1, NULL, 't' }, { "sheet", 1, NULL, 's' }, { "every", 1, NULL, 'e' }, { "pictures", 1, NULL, 'n' },
		{ "json", 1, NULL, 'j' }, { "frames", 1, NULL, 'f' }, { "deadline", 1, NULL, 'd' }, { "ready-fd", 1, NULL, 'r' },
		{ NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'a': options.address = optarg; break;
		case 'p': options.port = number(optarg, 65534); break;
		case 'c': options.codec = optarg; break;
		case 't': options.pt = number(optarg, 127); break;
		case 's': options.sheet = optarg; break;
		case 'e': options.every = number(optarg, 100000); break;
		case 'n': options.pictures = number(optarg, 400); break;
		case 'j': options.json = optarg; break;
		case 'f': options.total = number(optarg, 1000000); break;
		case 'd': options.deadline = number(optarg, 3600); break;
		case 'r': options.ready_fd = (int)number(optarg, 65535); break;
		default:
			die("options", "--address A --port N --codec h264|vp8 --pt N --sheet FILE --every N --pictures N --json FILE "
				"--frames TOTAL --deadline SECONDS --ready-fd N");
		}
	}
	if (optind != argc || !options.every || !options.pictures)
		die("unexpected argument", optind < argc ? argv[optind] : "0");
}

int main(int argc, char **argv)
{
	const char *why;
	bool ok;

	read_options(argc, argv);
	gst_init(NULL, NULL);
	run.loop = g_main_loop_new(NULL, FALSE);
	if (options.sheet && !(run.sheet = sheet_new(options.pictures, options.columns)))
		die("contact sheet", "out of memory");
	build();
	if (gst_element_set_state(run.pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
		die("the pipeline", "cannot be started; is the port in use?");
	if (options.ready_fd >= 0 && dprintf(options.ready_fd, "%u\n", bound_port()) < 0)
		die("--ready-fd", strerror(errno));
	g_unix_signal_add(SIGTERM, on_signal, NULL);
	g_unix_signal_add(SIGINT, on_signal, NULL);
	g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, NULL);
	g_timeout_add(20, tick, NULL);
	g_main_loop_run(run.loop);
	if (options.total && isatty(STDERR_FILENO) == 1)
		fputc('\n', stderr);
	ok = report();
	gst_element_set_state(run.pipeline, GST_STATE_NULL);
	if (ok && run.sheet && !sheet_write(run.sheet, options.sheet, &why))
		die(options.sheet, why);
	sheet_free(run.sheet);
	gst_object_unref(run.jitter);
	gst_object_unref(run.pipeline);
	g_main_loop_unref(run.loop);
	return ok ? 0 : 1;
}
