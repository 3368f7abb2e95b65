/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The GStreamer element. This program is the shim: its own setsockopt() stands before libc's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <gst/check/gstharness.h>
#include <gst/rtp/gstrtpbuffer.h>

#include <cmocka.h>

#include <mdshim/hints.h>

static gboolean listening;
static struct md_hint_rtp heard[256];
static unsigned hints, calls;

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	(void)fd;
	if (level != MD_HINT_LEVEL)
		return 0;
	if (!listening) {
		errno = ENOPROTOOPT;
		return -1;
	}
	if (name == MD_HINT_RTP) {
		memcpy(heard + hints, value, len);
		hints += (unsigned)(len / sizeof(*heard));
		calls++;
	}
	return 0;
}

static GstBuffer *packet(guint16 seq, guint32 timestamp, gboolean marker, GstBufferFlags flags)
{
	GstBuffer *buffer = gst_rtp_buffer_new_allocate(100, 0, 0);
	GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

	gst_rtp_buffer_map(buffer, GST_MAP_WRITE, &rtp);
	gst_rtp_buffer_set_ssrc(&rtp, 7);
	gst_rtp_buffer_set_seq(&rtp, seq);
	gst_rtp_buffer_set_timestamp(&rtp, timestamp);
	gst_rtp_buffer_set_marker(&rtp, marker);
	gst_rtp_buffer_unmap(&rtp);
	GST_BUFFER_FLAG_SET(buffer, flags);
	return buffer;
}

static GstHarness *begin(gboolean shim)
{
	GstHarness *h;

	listening = shim;
	hints = calls = 0;
	h = gst_harness_new("mdhint");
	gst_harness_set_src_caps_str(h, "application/x-rtp");
	return h;
}

static void flags_become_hints(void **state)
{
	GstHarness *h = begin(TRUE);

	(void)state;
	gst_harness_push(h, packet(1, 900, FALSE, GST_BUFFER_FLAG_HEADER));
	gst_harness_push(h, packet(2, 900, TRUE, 0));
	gst_harness_push(h, packet(3, 1800, TRUE, GST_BUFFER_FLAG_DELTA_UNIT | GST_BUFFER_FLAG_DROPPABLE));
	gst_harness_push(h, packet(4, 2700, FALSE, GST_BUFFER_FLAG_DELTA_UNIT));
	gst_harness_push(h, packet(5, 2700, FALSE, GST_BUFFER_FLAG_DELTA_UNIT | GST_BUFFER_FLAG_MARKER));
	assert_int_equal(hints, 5);
	for (unsigned i = 0; i < hints; i++) {
		static const struct { uint32_t mdu; uint8_t start, end, importance; } want[] = { { 900, 1, 0, MD_IS_KEY },
			{ 900, 0, 1, MD_IS_KEY }, { 1800, 1, 1, MD_IS_DISCARDABLE }, { 2700, 1, 0, MD_IS_BASE }, { 2700, 0, 1, MD_IS_BASE } };

		assert_int_equal(heard[i].ssrc, 7);
		assert_int_equal(heard[i].seq, i + 1);
		assert_true(md_hint_valid(&heard[i].hint));
		assert_int_equal(heard[i].hint.given, MD_HINT_MDU | MD_HINT_START | MD_HINT_END | MD_HINT_IMPORTANCE);
		assert_int_equal(heard[i].hint.mdu, want[i].mdu);
		assert_int_equal(heard[i].hint.start, want[i].start);
		assert_int_equal(heard[i].hint.end, want[i].end);
		assert_int_equal(heard[i].hint.importance, want[i].importance);
	}
	assert_int_equal(gst_harness_buffers_received(h), 5);
	gst_harness_teardown(h);
}

static GstBufferList *list_of(unsigned n)
{
	GstBufferList *list = gst_buffer_list_new();

	for (unsigned i = 0; i < n; i++)
		gst_buffer_list_add(list, packet((guint16)i, 5, i + 1 == n, GST_BUFFER_FLAG_DELTA_UNIT));
	return list;
}

static void a_list_is_a_burst(void **state)
{
	GstHarness *h = begin(TRUE);

	(void)state;
	gst_pad_push_list(h->srcpad, list_of(100));
	assert_int_equal(hints, 100);
	assert_int_equal(calls, 2);
	for (unsigned i = 0; i < hints; i++) {
		assert_true(heard[i].hint.given & MD_HINT_BURST);
		assert_int_equal(heard[i].hint.burst, 100 * (112 + 28));
		assert_int_equal(heard[i].hint.start, i == 0);
	}
	assert_int_equal(gst_harness_buffers_received(h), 100);
	hints = 0;
	gst_pad_push_list(h->srcpad, list_of(1));
	assert_false(heard[0].hint.given & MD_HINT_BURST);
	hints = 0;
	g_object_set(h->element, "burst", FALSE, NULL);
	gst_pad_push_list(h->srcpad, list_of(2));
	assert_false(heard[0].hint.given & MD_HINT_BURST);
	gst_harness_teardown(h);
}

static void without_the_shim_it_passes_on(void **state)
{
	GstHarness *h = begin(FALSE);
	GstBuffer *in = packet(1, 1, TRUE, 0);
	gboolean active = TRUE;

	(void)state;
	gst_harness_push(h, in);
	assert_ptr_equal(gst_harness_pull(h), in);
	gst_buffer_unref(in);
	gst_pad_push_list(h->srcpad, list_of(3));
	assert_int_equal(gst_harness_buffers_received(h), 4);
	g_object_get(h->element, "active", &active, NULL);
	assert_false(active);
	assert_int_equal(hints, 0);
	gst_harness_teardown(h);
}

static void what_is_no_rtp_passes(void **state)
{
	GstHarness *h = begin(TRUE);

	(void)state;
	gst_harness_push(h, gst_buffer_new_allocate(NULL, 3, NULL));
	assert_int_equal(hints, 0);
	assert_int_equal(gst_harness_buffers_received(h), 1);
	gst_harness_teardown(h);
}

/* A real encoder with three temporal layers: what is told of each packet is what its VP8 payload descriptor says (RFC 7741):
 * layer, and whether anything refers to the frame. */
static struct {
	guint16 seq;
	guint8 temporal, discardable, key;
} sent[256];
static unsigned packets;

static void see_packet(GstBuffer *buffer)
{
	GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
	const guint8 *p;
	guint at = 2;

	assert_true(gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp));
	assert_true(packets < 256 && gst_rtp_buffer_get_payload_len(&rtp) > 8);
	p = gst_rtp_buffer_get_payload(&rtp);
	assert_int_equal(p[0] & 0x80, 0x80); /* X */
	assert_int_equal(p[1] & 0xa0, 0xa0); /* I, T */
	at += p[at] & 0x80 ? 2 : 1;
	at += p[1] & 0x40 ? 1 : 0;
	sent[packets].seq = gst_rtp_buffer_get_seq(&rtp);
	sent[packets].discardable = (p[0] & 0x20) != 0;
	sent[packets].temporal = p[at++] >> 6;
	sent[packets].key = (p[0] & 0x17) == 0x10 && !(p[at] & 1);
	packets++;
	gst_rtp_buffer_unmap(&rtp);
}

static GstPadProbeReturn see_packets(GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
	GstBufferList *list = info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST ? gst_pad_probe_info_get_buffer_list(info) : NULL;

	(void)pad, (void)user;
	if (!list)
		see_packet(gst_pad_probe_info_get_buffer(info));
	for (guint i = 0; list && i < gst_buffer_list_length(list); i++)
		see_packet(gst_buffer_list_get(list, i));
	return GST_PAD_PROBE_OK;
}

/* These properties are of a type that GLib has given up and gst-launch cannot set. */
static void set_array(GstElement *element, const char *name, const int *values, unsigned n)
{
	G_GNUC_BEGIN_IGNORE_DEPRECATIONS
	GValueArray *array = g_value_array_new(n);

	for (unsigned i = 0; i < n; i++) {
		GValue value = G_VALUE_INIT;

		g_value_init(&value, G_TYPE_INT);
		g_value_set_int(&value, values[i]);
		g_value_array_append(array, &value);
	}
	g_object_set(element, name, array, NULL);
	g_value_array_free(array);
	G_GNUC_END_IGNORE_DEPRECATIONS
}

static GstElement *layered(void)
{
	GstElement *pipeline = gst_parse_launch("videotestsrc num-buffers=40 pattern=ball ! video/x-raw,width=320,height=240 ! "
		"vp8enc name=enc deadline=1 lag-in-frames=0 keyframe-max-dist=20 error-resilient=partitions target-bitrate=400000 ! "
		"rtpvp8pay mtu=400 picture-id-mode=2 ! mdhint name=hint ! fakesink", NULL);
	GstElement *enc = gst_bin_get_by_name(GST_BIN(pipeline), "enc"), *hint = gst_bin_get_by_name(GST_BIN(pipeline), "hint");
	GstPad *pad = gst_element_get_static_pad(hint, "src");

	gst_util_set_object_arg(G_OBJECT(enc), "temporal-scalability-number-layers", "3");
	gst_util_set_object_arg(G_OBJECT(enc), "temporal-scalability-periodicity", "4");
	set_array(enc, "temporal-scalability-layer-id", (const int[]){ 0, 2, 1, 2 }, 4);
	set_array(enc, "temporal-scalability-rate-decimator", (const int[]){ 4, 2, 1 }, 3);
	set_array(enc, "temporal-scalability-target-bitrate", (const int[]){ 150000, 250000, 400000 }, 3);
	gst_util_set_object_arg(G_OBJECT(enc), "temporal-scalability-layer-flags",
		"<no-ref-golden+no-ref-alt+no-upd-golden+no-upd-alt, no-ref-golden+no-ref-alt+no-upd-last+no-upd-golden+no-upd-alt+"
		"no-upd-entropy, no-ref-alt+no-upd-last+no-upd-alt, no-ref-alt+no-upd-last+no-upd-golden+no-upd-alt+no-upd-entropy>");
	gst_util_set_object_arg(G_OBJECT(enc), "temporal-scalability-layer-sync-flags", "<false, true, true, false>");
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, see_packets, NULL, NULL);
	gst_object_unref(pad);
	gst_object_unref(enc);
	gst_object_unref(hint);
	return pipeline;
}

static void temporal_layers_become_importance(void **state)
{
	GstElement *pipeline;
	unsigned of[MD_IS_REPAIR + 1] = { 0 };
	GstMessage *end;

	(void)state;
	listening = TRUE;
	hints = calls = 0;
	pipeline = layered();
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	end = gst_bus_timed_pop_filtered(GST_ELEMENT_BUS(pipeline), 30 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
	assert_non_null(end);
	assert_int_equal(GST_MESSAGE_TYPE(end), GST_MESSAGE_EOS);
	gst_message_unref(end);
	gst_element_set_state(pipeline, GST_STATE_NULL);
	gst_object_unref(pipeline);
	assert_int_equal(hints, packets);
	for (unsigned i = 0; i < hints; i++) {
		uint8_t want = MD_IS_BASE;

		assert_int_equal(heard[i].seq, sent[i].seq);
		if (heard[i].hint.importance == MD_IS_KEY)
			want = MD_IS_KEY; /* only the first packet of a key frame says so; held below */
		else if (sent[i].discardable)
			want = MD_IS_DISCARDABLE;
		else if (sent[i].temporal)
			want = MD_IS_ENHANCEMENT;
		assert_int_equal(heard[i].hint.importance, want);
		if (sent[i].key)
			assert_int_equal(heard[i].hint.importance, MD_IS_KEY);
		else if (heard[i].hint.start)
			assert_int_not_equal(heard[i].hint.importance, MD_IS_KEY);
		of[heard[i].hint.importance] += heard[i].hint.start;
	}
	print_message("# frames: %u key, %u base, %u enhancement, %u discardable\n", of[MD_IS_KEY], of[MD_IS_BASE],
		of[MD_IS_ENHANCEMENT], of[MD_IS_DISCARDABLE]);
	assert_true(of[MD_IS_KEY] >= 2 && of[MD_IS_BASE] >= 6 && of[MD_IS_ENHANCEMENT] >= 8 && of[MD_IS_DISCARDABLE] >= 16);
	assert_int_equal(of[MD_IS_KEY] + of[MD_IS_BASE] + of[MD_IS_ENHANCEMENT] + of[MD_IS_DISCARDABLE], 40);
}

/* The meta alone, whatever encoder wrote it. */
static void layers_of_a_frame_are_read_from_its_meta(void **state)
{
	static const struct { gboolean layered; guint layer; uint8_t importance; } cases[] = { { TRUE, 0, MD_IS_BASE },
		{ TRUE, 1, MD_IS_ENHANCEMENT }, { TRUE, 2, MD_IS_ENHANCEMENT }, { FALSE, 2, MD_IS_BASE } };
	GstHarness *h = begin(TRUE);

	(void)state;
	if (!gst_meta_get_info("GstVP8Meta"))
		gst_meta_register_custom("GstVP8Meta", (const gchar *[]){ NULL }, NULL, NULL, NULL);
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		GstBuffer *b = packet((guint16)i, 900 * i, TRUE, GST_BUFFER_FLAG_DELTA_UNIT);

		gst_structure_set(gst_custom_meta_get_structure(gst_buffer_add_custom_meta(b, "GstVP8Meta")), "use-temporal-scaling",
			G_TYPE_BOOLEAN, cases[i].layered, "layer-id", i % 2 ? G_TYPE_INT : G_TYPE_UINT, cases[i].layer, NULL);
		gst_harness_push(h, b);
		assert_int_equal(heard[i].hint.importance, cases[i].importance);
	}
	gst_harness_teardown(h);
}

/* GStreamer makes its registry by renaming a file to that path: one of our own, and nothing that is there already. */
static char registry[] = "/tmp/test_mdhint.XXXXXX";

static int start(void **state)
{
	gchar *plugins = g_strdup_printf("%s/gst", g_getenv("MD_BUILD") ? g_getenv("MD_BUILD") : "build");
	int fd = mkstemp(registry);

	(void)state;
	if (fd < 0)
		return -1;
	close(fd);
	g_setenv("GST_PLUGIN_PATH", plugins, TRUE);
	g_setenv("GST_REGISTRY", registry, TRUE);
	g_setenv("GST_REGISTRY_FORK", "no", TRUE);
	g_free(plugins);
	gst_init(NULL, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	return unlink(registry);
}

/* GStreamer and its plugins keep what they allocated once; in a sanitizer build that is not to be taken for ours. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_become_hints),
		cmocka_unit_test(a_list_is_a_burst),
		cmocka_unit_test(temporal_layers_become_importance),
		cmocka_unit_test(layers_of_a_frame_are_read_from_its_meta),
		cmocka_unit_test(without_the_shim_it_passes_on),
		cmocka_unit_test(what_is_no_rtp_passes),
	};

	return cmocka_run_group_tests_name("mdhint", tests, start, end);
}
