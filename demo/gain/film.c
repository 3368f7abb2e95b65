/* SPDX-License-Identifier: BSD-3-Clause
 *
 * film - encodes a clip once, as RTP packets in a file (GStreamer's GDP form), for a sender to play in real time.
 *
 *     film h264|vp8 KBITS CLIP OUT
 *
 * KBITS is what the packets shall take on the link, IP headers included; the encoder is corrected until that is so within one
 * in forty. Prints what it is.
 *
 * H.264: x264 with three B frames, the middle one a reference (b-pyramid), a key frame every second. VP8: three temporal
 * layers in the pattern 0 2 1 2; a layer refers to itself and lower ones only, so that whole layers can be left out. */
#include <gst/gst.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Frames between two key frames: a second. */
enum { KEY_DISTANCE = 30, MTU = 1300, HEADERS = 28, ROUNDS = 4 };

static const char *pipeline_text(const char *codec, int kbits)
{
	static char text[1200];

	snprintf(text, sizeof(text), strcmp(codec, "h264") == 0 ?
		"filesrc name=in ! matroskademux ! h264parse ! avdec_h264 ! x264enc name=enc bitrate=%d key-int-max=%d bframes=3 b-pyramid=true"
		" b-adapt=false speed-preset=veryfast rc-lookahead=20 vbv-buf-capacity=500"
		" ! rtph264pay pt=96 mtu=%d config-interval=-1 ! identity name=tap ! gdppay ! filesink name=out" :
		"filesrc name=in ! matroskademux ! h264parse ! avdec_h264 ! vp8enc name=enc deadline=1 cpu-used=8 end-usage=cbr target-bitrate=%d000"
		" keyframe-max-dist=%d error-resilient=default max-intra-bitrate=300 buffer-size=500 buffer-initial-size=300 buffer-optimal-size=400"
		" ! rtpvp8pay pt=97 mtu=%d picture-id-mode=15-bit ! identity name=tap ! gdppay ! filesink name=out", kbits, KEY_DISTANCE, MTU);
	return text;
}

static void append(GValueArray *array, int n)
{
	GValue value = G_VALUE_INIT;

	g_value_init(&value, G_TYPE_INT);
	g_value_set_int(&value, n);
	G_GNUC_BEGIN_IGNORE_DEPRECATIONS
	g_value_array_append(array, &value);
	G_GNUC_END_IGNORE_DEPRECATIONS
}

static void set_ints(GstElement *enc, const char *name, const int *list, unsigned n)
{
	GValueArray *array;

	G_GNUC_BEGIN_IGNORE_DEPRECATIONS
	array = g_value_array_new(n);
	for (unsigned i = 0; i < n; i++)
		append(array, list[i]);
	g_object_set(enc, name, array, NULL);
	g_value_array_free(array);
	G_GNUC_END_IGNORE_DEPRECATIONS
}

/* VP8 in three temporal layers (RFC 7741, appendix; libvpx's pattern): layer 0 refers to and updates "last", layer 1 refers to
 * "last" and updates "golden", layer 2 refers to both and updates nothing; its first frame of a pattern refers to "last" only. */
static void set_layers(GstElement *enc, int kbits)
{
	static const int id[] = { 0, 2, 1, 2 }, decimator[] = { 4, 2, 1 };
	int rate[] = { kbits * 500, kbits * 700, kbits * 1000 };

	set_ints(enc, "temporal-scalability-layer-id", id, 4);
	set_ints(enc, "temporal-scalability-rate-decimator", decimator, 3);
	set_ints(enc, "temporal-scalability-target-bitrate", rate, 3);
	gst_util_set_object_arg(G_OBJECT(enc), "temporal-scalability-layer-flags",
		"<no-ref-golden+no-ref-alt+no-upd-golden+no-upd-alt,"
		"no-ref-golden+no-ref-alt+no-upd-last+no-upd-golden+no-upd-alt+no-upd-entropy,"
		"no-ref-golden+no-ref-alt+no-upd-last+no-upd-alt+no-upd-entropy,"
		"no-ref-alt+no-upd-last+no-upd-golden+no-upd-alt+no-upd-entropy>");
	gst_util_set_object_arg(G_OBJECT(enc), "temporal-scalability-layer-sync-flags", "<false,true,true,false>");
	g_object_set(enc, "temporal-scalability-periodicity", 4, "temporal-scalability-number-layers", 3, NULL);
}

static int wait_for_end(GstElement *pipeline)
{
	GstBus *bus = gst_element_get_bus(pipeline);
	GstMessage *message = gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
	GError *error = NULL;

	if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
		gst_message_parse_error(message, &error, NULL);
		fprintf(stderr, "film: %s\n", error->message);
	}
	gst_message_unref(message);
	gst_object_unref(bus);
	return error != NULL;
}

/* What passes on its way to the file. */
struct passed {
	guint64 octets;
	GstClockTime first, last; /* x264enc counts from a thousand hours on */
};

static GstPadProbeReturn count(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	struct passed *p = data;
	GstBufferList *list = GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST ? gst_pad_probe_info_get_buffer_list(info) : NULL;
	guint n = list ? gst_buffer_list_length(list) : 1;

	(void)pad;
	for (guint i = 0; i < n; i++) {
		GstBuffer *b = list ? gst_buffer_list_get(list, i) : gst_pad_probe_info_get_buffer(info);

		p->octets += gst_buffer_get_size(b) + HEADERS;
		if (!GST_BUFFER_PTS_IS_VALID(b))
			continue;
		if (p->first == GST_CLOCK_TIME_NONE || GST_BUFFER_PTS(b) < p->first)
			p->first = GST_BUFFER_PTS(b);
		if ((p->last == GST_CLOCK_TIME_NONE || GST_BUFFER_PTS(b) > p->last))
			p->last = GST_BUFFER_PTS(b);
	}
	return GST_PAD_PROBE_OK;
}

static GstElement *set_up(const char *codec, int kbits, const char *from, const char *to, struct passed *passed)
{
	GError *error = NULL;
	GstElement *pipeline = gst_parse_launch(pipeline_text(codec, kbits), &error), *in, *out, *enc, *tap;
	GstPad *pad;

	if (!pipeline || error) {
		fprintf(stderr, "film: %s\n", error ? error->message : "no pipeline");
		exit(1);
	}
	in = gst_bin_get_by_name(GST_BIN(pipeline), "in");
	out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
	enc = gst_bin_get_by_name(GST_BIN(pipeline), "enc");
	tap = gst_bin_get_by_name(GST_BIN(pipeline), "tap");
	g_object_set(in, "location", from, NULL);
	g_object_set(out, "location", to, NULL);
	if (strcmp(codec, "vp8") == 0)
		set_layers(enc, kbits);
	pad = gst_element_get_static_pad(tap, "src");
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, count, passed, NULL);
	gst_object_unref(pad);
	gst_object_unref(in);
	gst_object_unref(out);
	gst_object_unref(enc);
	gst_object_unref(tap);
	return pipeline;
}

/* Encodes the clip; kbit/s on the link, or -1. */
static double encode(const char *codec, int kbits, const char *from, const char *to)
{
	struct passed passed = { 0, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE };
	GstElement *pipeline = set_up(codec, kbits, from, to, &passed);
	int failed;

	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	failed = wait_for_end(pipeline);
	gst_element_set_state(pipeline, GST_STATE_NULL);
	gst_object_unref(pipeline);
	if (failed || passed.last == GST_CLOCK_TIME_NONE || passed.last == passed.first)
		return -1;
	return (double)passed.octets * 8e6 / (double)(passed.last - passed.first);
}

int main(int argc, char **argv)
{
	double is, set;
	int kbits;

	gst_init(&argc, &argv);
	if (argc != 5 || (strcmp(argv[1], "h264") != 0 && strcmp(argv[1], "vp8") != 0) || (kbits = atoi(argv[2])) < 50) {
		fputs("usage: film h264|vp8 KBITS CLIP OUT\n", stderr);
		return 2;
	}
	set = kbits * (strcmp(argv[1], "h264") == 0 ? 0.99 : 1.03);
	for (int round = 1; ; round++) {
		is = encode(argv[1], (int)set, argv[3], argv[4]);
		if (is < 0)
			return 1;
		if (round == ROUNDS || (is > kbits * 0.975 && is < kbits * 1.025))
			break;
		set *= kbits / is;
	}
	printf("%.0f\n", is);
	return 0;
}
