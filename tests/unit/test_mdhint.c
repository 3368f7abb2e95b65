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
		cmocka_unit_test(without_the_shim_it_passes_on),
		cmocka_unit_test(what_is_no_rtp_passes),
	};

	return cmocka_run_group_tests_name("mdhint", tests, start, end);
}
