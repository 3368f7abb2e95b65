/* SPDX-License-Identifier: BSD-3-Clause
 *
 * adapt - a sender that reacts: plays a clip in real time, encodes it by x264 (three B frames, the middle one a reference, a key
 * frame a second), sends it as RTP through GStreamer's rtpbin and follows the client's transport-wide feedback (rate.h). Knows nothing of
 * mdshim.
 *
 *     adapt CLIP HOST PORT FRAMES KBITS LEAST MOST
 *
 * Feedback comes to the same PORT + 1 here. Rates count IP headers. Prints a line of JSON at each decision:
 * [seconds, bit/s, standing delay in ms or -1, loss]. */
#include "rate.h"

#include <gst/gst.h>
#include <gst/rtp/gstrtphdrext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of each packet: RTP with its extension, UDP, IP. */
enum { MTU = 1300, HEADERS = 28, OVERHEAD = HEADERS + 20 };

static const char *const twcc = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

static struct {
	GMainLoop *loop;
	GstElement *encoder;
	struct rate rate;
	GMutex lock;             /* of rate: feedback comes in a thread of rtpbin's */
	gint64 begun;
	int frames, most;        /* that went into the encoder */
	bool failed;
} run;

static gint64 now_us(void)
{
	return g_get_monotonic_time() - run.begun;
}

/* --- Feedback ------------------------------------------------------------------------------------------------------- */

static void packet(const GstStructure *s)
{
	guint64 sent, arrived;
	guint octets;
	gboolean lost;

	if (!gst_structure_get(s, "local-ts", G_TYPE_UINT64, &sent, "remote-ts", G_TYPE_UINT64, &arrived, "size", G_TYPE_UINT, &octets,
			"lost", G_TYPE_BOOLEAN, &lost, NULL))
		return;
	if (lost)
		rate_lost(&run.rate);
	else if (GST_CLOCK_TIME_IS_VALID(sent) && GST_CLOCK_TIME_IS_VALID(arrived))
		rate_arrived(&run.rate, (int64_t)(sent / 1000), (int64_t)(arrived / 1000), octets + OVERHEAD, now_us());
}

/* rtpbin sends each report up the stream as an event, as GStreamer's own estimators take it. */
static GstPadProbeReturn feedback(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	const GstStructure *s = gst_event_get_structure(GST_PAD_PROBE_INFO_EVENT(info));
	const GValue *list;

	(void)pad;
	(void)data;
	if (!s || !gst_structure_has_name(s, "RTPTWCCPackets") || !(list = gst_structure_get_value(s, "packets")))
		return GST_PAD_PROBE_OK;
	G_GNUC_BEGIN_IGNORE_DEPRECATIONS
	GValueArray *array = g_value_get_boxed(list);
	g_mutex_lock(&run.lock);
	for (guint i = 0; array && i < array->n_values; i++)
		packet(gst_value_get_structure(g_value_array_get_nth(array, i)));
	g_mutex_unlock(&run.lock);
	G_GNUC_END_IGNORE_DEPRECATIONS
	return GST_PAD_PROBE_OK;
}

/* Behind the last frame the stream ends. (The element identity can do so too, but takes the last buffer with it at times.) */
static GstPadProbeReturn frame(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	(void)info;
	(void)data;
	if (++run.frames <= run.most)
		return GST_PAD_PROBE_OK;
	if (run.frames == run.most + 1)
		gst_pad_send_event(pad, gst_event_new_eos());
	return GST_PAD_PROBE_DROP;
}

static guint encoder_kbits(double bits)
{
	return (guint)(bits / 1000 * MTU / (MTU + OVERHEAD));
}

static gboolean decide(gpointer data)
{
	double bits;

	(void)data;
	g_mutex_lock(&run.lock);
	bits = rate_decide(&run.rate, now_us());
	printf("[%.2f, %.0f, %.1f, %.4f]\n", (double)now_us() / 1e6, bits, run.rate.standing < 0 ? -1. : (double)run.rate.standing / 1e3,
		run.rate.loss);
	g_mutex_unlock(&run.lock);
	g_object_set(run.encoder, "bitrate", encoder_kbits(bits), NULL);
	return G_SOURCE_CONTINUE;
}

/* --- The pipeline ----------------------------------------------------------------------------------------------------- */

static GstElement *pipeline_new(char **argv)
{
	char text[1600];
	GError *error = NULL;
	GstElement *pipeline;

	/* Eight frames are decoded ahead, so that a slow moment of the machine does not delay the film. */
	snprintf(text, sizeof(text), "rtpbin name=rtp rtp-profile=avpf filesrc name=in ! matroskademux ! h264parse ! avdec_h264 max-threads=1 !"
		" queue max-size-buffers=8 ! clocksync ! x264enc name=enc bitrate=%u key-int-max=30 bframes=3 b-pyramid=true"
		" b-adapt=false speed-preset=veryfast rc-lookahead=0 sync-lookahead=0 mb-tree=false threads=1 vbv-buf-capacity=500"
		" ! video/x-h264,profile=main ! rtph264pay name=pay pt=96 mtu=%d config-interval=-1 ! application/x-rtp,extmap-1=(string)\"%s\" !"
		" rtp.send_rtp_sink_0 rtp.send_rtp_src_0 ! udpsink host=%s port=%d sync=false async=false"
		" udpsrc port=%d ! rtp.recv_rtcp_sink_0",
		encoder_kbits(atof(argv[5]) * 1000), MTU, twcc, argv[2], atoi(argv[3]), atoi(argv[3]) + 1);
	pipeline = gst_parse_launch(text, &error);
	if (!pipeline || error) {
		fprintf(stderr, "adapt: %s\n", error ? error->message : "no pipeline");
		exit(1);
	}
	return pipeline;
}

static GstElement *child(GstElement *pipeline, const char *name)
{
	GstElement *e = gst_bin_get_by_name(GST_BIN(pipeline), name);

	gst_object_unref(e); /* the pipeline keeps it */
	return e;
}

static void set_up(GstElement *pipeline, const char *clip)
{
	GstElement *pay = child(pipeline, "pay"), *extension = gst_element_factory_make("rtphdrexttwcc", NULL);
	GstPad *pad;

	if (!extension) {
		fputs("adapt: GStreamer has no rtphdrexttwcc\n", stderr);
		exit(1);
	}
	g_object_set(child(pipeline, "in"), "location", clip, NULL);
	gst_rtp_header_extension_set_id(GST_RTP_HEADER_EXTENSION(extension), 1);
	g_signal_emit_by_name(pay, "add-extension", extension);
	gst_object_unref(extension);
	pad = gst_element_get_static_pad(pay, "src");
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, feedback, NULL, NULL);
	gst_object_unref(pad);
	run.encoder = child(pipeline, "enc");
	pad = gst_element_get_static_pad(run.encoder, "sink");
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, frame, NULL, NULL);
	gst_object_unref(pad);
}

static gboolean message(GstBus *bus, GstMessage *m, gpointer data)
{
	GError *error = NULL;

	(void)bus;
	(void)data;
	if (GST_MESSAGE_TYPE(m) == GST_MESSAGE_EOS) {
		g_main_loop_quit(run.loop);
	} else if (GST_MESSAGE_TYPE(m) == GST_MESSAGE_ERROR) {
		gst_message_parse_error(m, &error, NULL);
		fprintf(stderr, "adapt: %s\n", error->message);
		g_error_free(error);
		run.failed = true;
		g_main_loop_quit(run.loop);
	}
	return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
	GstElement *pipeline;
	GstBus *bus;

	gst_init(&argc, &argv);
	if (argc != 8 || atoi(argv[3]) < 1 || atoi(argv[4]) < 1 || atoi(argv[5]) < 50) {
		fputs("usage: adapt CLIP HOST PORT FRAMES KBITS LEAST MOST\n", stderr);
		return 2;
	}
	run.most = atoi(argv[4]);
	pipeline = pipeline_new(argv);
	set_up(pipeline, argv[1]);
	run.loop = g_main_loop_new(NULL, FALSE);
	bus = gst_element_get_bus(pipeline);
	gst_bus_add_watch(bus, message, NULL);
	gst_object_unref(bus);
	g_mutex_init(&run.lock);
	run.begun = g_get_monotonic_time();
	rate_begin(&run.rate, atof(argv[5]) * 1e3, atof(argv[6]) * 1e3, atof(argv[7]) * 1e3, 0);
	g_timeout_add(RATE_INTERVAL / 1000, decide, NULL);
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	g_main_loop_run(run.loop);
	gst_element_set_state(pipeline, GST_STATE_NULL);
	gst_object_unref(pipeline);
	return run.failed || fflush(stdout) != 0;
}
