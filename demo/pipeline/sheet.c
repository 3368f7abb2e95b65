/* SPDX-License-Identifier: BSD-3-Clause */
#include "sheet.h"

#include <stdlib.h>
#include <string.h>

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

struct sheet {
	unsigned places, columns, used;
	size_t stride, height;
	uint8_t *rgb;
};

struct sheet *sheet_new(unsigned n, unsigned columns)
{
	struct sheet *sheet = calloc(1, sizeof(*sheet));
	unsigned rows = (n + columns - 1) / columns;

	if (!sheet)
		return NULL;
	sheet->places = n;
	sheet->columns = columns;
	sheet->stride = (size_t)(columns * (SHEET_WIDTH + SHEET_GAP) + SHEET_GAP) * 3;
	sheet->height = (size_t)rows * (SHEET_HEIGHT + SHEET_GAP) + SHEET_GAP;
	sheet->rgb = malloc(sheet->stride * sheet->height);
	if (!sheet->rgb) {
		free(sheet);
		return NULL;
	}
	memset(sheet->rgb, 0x20, sheet->stride * sheet->height);
	return sheet;
}

void sheet_add(struct sheet *sheet, const uint8_t *rgb)
{
	size_t column = sheet->used % sheet->columns, row = sheet->used / sheet->columns;
	uint8_t *to = sheet->rgb + (row * (SHEET_HEIGHT + SHEET_GAP) + SHEET_GAP) * sheet->stride +
		(column * (SHEET_WIDTH + SHEET_GAP) + SHEET_GAP) * 3;

	if (sheet->used == sheet->places)
		return;
	sheet->used++;
	for (size_t y = 0; y < SHEET_HEIGHT; y++)
		memcpy(to + y * sheet->stride, rgb + y * SHEET_WIDTH * 3, SHEET_WIDTH * 3);
}

/* Waits for the end of the little pipeline. */
static bool finished(GstElement *pipeline, const char **why)
{
	GstBus *bus = gst_element_get_bus(pipeline);
	GstMessage *message = gst_bus_timed_pop_filtered(bus, 10 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
	bool ok = message && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
	static char text[256];

	if (!message) {
		*why = "no answer from pngenc within 10 s";
	} else if (!ok) {
		GError *error = NULL;

		gst_message_parse_error(message, &error, NULL);
		g_strlcpy(text, error->message, sizeof(text));
		*why = text;
		g_error_free(error);
	}
	if (message)
		gst_message_unref(message);
	gst_object_unref(bus);
	return ok;
}

bool sheet_write(const struct sheet *sheet, const char *path, const char **why)
{
	GstElement *pipeline = gst_parse_launch("appsrc name=in format=time ! pngenc ! filesink name=out", NULL), *in, *out;
	GstBuffer *picture;
	GstCaps *caps;
	bool ok;

	*why = "no pngenc: the Debian package gstreamer1.0-plugins-good has it";
	if (!pipeline)
		return false;
	in = gst_bin_get_by_name(GST_BIN(pipeline), "in");
	out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
	caps = gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "RGB", "width", G_TYPE_INT, (int)(sheet->stride / 3),
		"height", G_TYPE_INT, (int)sheet->height, "framerate", GST_TYPE_FRACTION, 1, 1, NULL);
	gst_app_src_set_caps(GST_APP_SRC(in), caps);
	gst_caps_unref(caps);
	g_object_set(out, "location", path, NULL);
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	picture = gst_buffer_new_memdup(sheet->rgb, sheet->stride * sheet->height);
	GST_BUFFER_PTS(picture) = 0;
	gst_app_src_push_buffer(GST_APP_SRC(in), picture);
	gst_app_src_end_of_stream(GST_APP_SRC(in));
	ok = finished(pipeline, why);
	gst_element_set_state(pipeline, GST_STATE_NULL);
	gst_object_unref(in);
	gst_object_unref(out);
	gst_object_unref(pipeline);
	return ok;
}

void sheet_free(struct sheet *sheet)
{
	if (sheet)
		free(sheet->rgb);
	free(sheet);
}
