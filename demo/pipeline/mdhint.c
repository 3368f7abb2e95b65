/* SPDX-License-Identifier: BSD-3-Clause
 *
 * mdhint.c - GStreamer element that tells the shim what the pipeline knows of its RTP packets: which frame, first, last, how
 * important, how long the burst. For behind a payloader, and before whatever encrypts:
 *
 *   ... ! rtpvp8pay ! mdhint ! srtpenc ! udpsink
 *
 * udpsink makes its own send calls, so hints go ahead of the packets, by SSRC and sequence number (mdshim/hints.h). Without
 * the shim the element only passes on. */
#include <gst/gst.h>
#include <gst/rtp/gstrtpbuffer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mdshim/hints.h>

enum { PROP_BURST = 1, PROP_ACTIVE };
enum { AT_ONCE = 64, IP_HEADERS = 28, FRAMES = 16 };

G_DECLARE_FINAL_TYPE(MdHint, md_hint_element, MD, HINT, GstElement)

struct _MdHint {
	GstElement parent;
	GstPad *sink, *src;
	gboolean burst;
	int fd;                 /* to speak to the shim by, -1: there is none */
	gboolean any;           /* a packet came by, of */
	guint32 ssrc, timestamp;
	GstPad *frames;         /* the payloader's, by which frames come in; NULL: there is none before us */
	gulong probe;
	struct {
		GstClockTime pts;
		guint8 importance;
	} frame[FRAMES];        /* the last ones; written and read by the payloader's thread, which is ours */
	guint next;
};

G_DEFINE_TYPE(MdHint, md_hint_element, GST_TYPE_ELEMENT)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
	GST_STATIC_CAPS("application/x-rtp"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
	GST_STATIC_CAPS("application/x-rtp"));

/* The temporal layer, as vp8enc writes it beside its frames; 0 without. (GstVideoMeta speaks of raw pictures only; of the
 * flags of GstVideo, MARKER is the buffer's own.) */
static guint layer_of(GstBuffer *buffer)
{
	GstCustomMeta *meta = gst_meta_get_info("GstVP8Meta") ? gst_buffer_get_custom_meta(buffer, "GstVP8Meta") : NULL;
	GstStructure *says = meta ? gst_custom_meta_get_structure(meta) : NULL;
	gboolean layered = FALSE;
	gint number = 0;
	guint layer = 0;

	if (!says || !gst_structure_get_boolean(says, "use-temporal-scaling", &layered) || !layered)
		return 0;
	if (gst_structure_get_uint(says, "layer-id", &layer))
		return layer;
	return gst_structure_get_int(says, "layer-id", &number) && number > 0 ? (guint)number : 0;
}

static uint8_t importance(GstBuffer *buffer)
{
	if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_HEADER) || !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT))
		return MD_IS_KEY;
	if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DROPPABLE))
		return MD_IS_DISCARDABLE;
	return layer_of(buffer) ? MD_IS_ENHANCEMENT : MD_IS_BASE;
}

/* Few payloaders hand the flags of a frame on to its packets: so they are read where the frame goes in. */
static GstPadProbeReturn see_frame(GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
	GstBuffer *buffer = gst_pad_probe_info_get_buffer(info);
	MdHint *self = user;

	(void)pad;
	self->frame[self->next % FRAMES].pts = GST_BUFFER_PTS(buffer);
	self->frame[self->next++ % FRAMES].importance = importance(buffer);
	return GST_PAD_PROBE_OK;
}

/* The frame a packet was made of has the same time; without a payloader before us the packet speaks for itself. */
static uint8_t importance_of(const MdHint *self, GstBuffer *packet)
{
	for (guint i = 0; i < FRAMES && i < self->next; i++)
		if (self->frame[(self->next - 1 - i) % FRAMES].pts == GST_BUFFER_PTS(packet) && GST_BUFFER_PTS_IS_VALID(packet))
			return self->frame[(self->next - 1 - i) % FRAMES].importance;
	return importance(packet);
}

static void watch_payloader(MdHint *self)
{
	GstPad *peer = gst_pad_get_peer(self->sink);
	GstElement *before = peer ? gst_pad_get_parent_element(peer) : NULL;
	const gchar *class = before ? gst_element_get_metadata(before, GST_ELEMENT_METADATA_KLASS) : NULL;

	if (class && strstr(class, "Payloader"))
		self->frames = gst_element_get_static_pad(before, "sink");
	if (self->frames)
		self->probe = gst_pad_add_probe(self->frames, GST_PAD_PROBE_TYPE_BUFFER, see_frame, self, NULL);
	if (before)
		gst_object_unref(before);
	if (peer)
		gst_object_unref(peer);
}

/* What the buffer says of its packet. FALSE: it is no RTP. */
static gboolean look(MdHint *self, GstBuffer *buffer, guint32 burst, struct md_hint_rtp *told)
{
	GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
	guint32 ssrc, timestamp;

	if (!gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp))
		return FALSE;
	ssrc = gst_rtp_buffer_get_ssrc(&rtp);
	timestamp = gst_rtp_buffer_get_timestamp(&rtp);
	memset(told, 0, sizeof(*told));
	told->ssrc = ssrc;
	told->seq = gst_rtp_buffer_get_seq(&rtp);
	told->hint.version = MD_HINT_VERSION;
	told->hint.given = MD_HINT_MDU | MD_HINT_START | MD_HINT_END | MD_HINT_IMPORTANCE;
	told->hint.mdu = timestamp;
	told->hint.start = !self->any || self->ssrc != ssrc || self->timestamp != timestamp;
	told->hint.end = gst_rtp_buffer_get_marker(&rtp) || GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_MARKER);
	told->hint.importance = importance_of(self, buffer);
	if (burst) {
		told->hint.given |= MD_HINT_BURST;
		told->hint.burst = burst;
	}
	gst_rtp_buffer_unmap(&rtp);
	self->any = TRUE;
	self->ssrc = ssrc;
	self->timestamp = timestamp;
	return TRUE;
}

static void tell(MdHint *self, const struct md_hint_rtp *told, guint n)
{
	if (n && setsockopt(self->fd, MD_HINT_LEVEL, MD_HINT_RTP, told, (socklen_t)(n * sizeof(*told))) != 0)
		GST_DEBUG_OBJECT(self, "the hints were refused");
}

static GstFlowReturn chain(GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
	MdHint *self = MD_HINT(parent);
	struct md_hint_rtp told;

	(void)pad;
	if (self->fd >= 0 && look(self, buffer, 0, &told))
		tell(self, &told, 1);
	return gst_pad_push(self->src, buffer);
}

/* A list is sent by one call of udpsink: a burst. */
static GstFlowReturn chain_list(GstPad *pad, GstObject *parent, GstBufferList *list)
{
	MdHint *self = MD_HINT(parent);
	guint n = gst_buffer_list_length(list), done = 0;
	struct md_hint_rtp told[AT_ONCE];
	guint32 burst = 0;

	(void)pad;
	if (self->burst && n > 1)
		burst = (guint32)(gst_buffer_list_calculate_size(list) + (gsize)n * IP_HEADERS);
	for (guint i = 0; self->fd >= 0 && i < n; i++) {
		done += look(self, gst_buffer_list_get(list, i), burst, &told[done]) ? 1 : 0;
		if (done == AT_ONCE || i + 1 == n) {
			tell(self, told, done);
			done = 0;
		}
	}
	return gst_pad_push_list(self->src, list);
}

static void hang_up(MdHint *self)
{
	if (self->frames) {
		gst_pad_remove_probe(self->frames, self->probe);
		gst_object_unref(self->frames);
	}
	self->frames = NULL;
	if (self->fd >= 0)
		close(self->fd);
	self->fd = -1;
}

static void call_up(MdHint *self)
{
	self->any = FALSE;
	self->next = 0;
	self->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (self->fd >= 0 && setsockopt(self->fd, MD_HINT_LEVEL, MD_HINT_SOCKET, NULL, 0) == 0) {
		watch_payloader(self);
		return;
	}
	GST_INFO_OBJECT(self, "there is no shim in this process: passing on only");
	hang_up(self);
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange change)
{
	MdHint *self = MD_HINT(element);
	GstStateChangeReturn result;

	if (change == GST_STATE_CHANGE_READY_TO_PAUSED)
		call_up(self);
	result = GST_ELEMENT_CLASS(md_hint_element_parent_class)->change_state(element, change);
	if (change == GST_STATE_CHANGE_PAUSED_TO_READY)
		hang_up(self);
	return result;
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
	if (id == PROP_BURST)
		MD_HINT(object)->burst = g_value_get_boolean(value);
	else
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
	MdHint *self = MD_HINT(object);

	if (id == PROP_BURST)
		g_value_set_boolean(value, self->burst);
	else if (id == PROP_ACTIVE)
		g_value_set_boolean(value, self->fd >= 0);
	else
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void md_hint_element_class_init(MdHintClass *class)
{
	GstElementClass *element = GST_ELEMENT_CLASS(class);
	GObjectClass *object = G_OBJECT_CLASS(class);

	object->set_property = set_property;
	object->get_property = get_property;
	element->change_state = change_state;
	g_object_class_install_property(object, PROP_BURST, g_param_spec_boolean("burst", "Burst",
		"Tell the size of the burst where a buffer list comes by", TRUE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
	g_object_class_install_property(object, PROP_ACTIVE, g_param_spec_boolean("active", "Active",
		"The shim is in this process and listens", FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
	gst_element_class_add_static_pad_template(element, &sink_template);
	gst_element_class_add_static_pad_template(element, &src_template);
	gst_element_class_set_static_metadata(element, "mdshim hints", "Generic",
		"Tells libmdshim which frame RTP packets belong to and how important it is", "The mdshim authors");
}

static void md_hint_element_init(MdHint *self)
{
	self->fd = -1;
	self->burst = TRUE;
	self->sink = gst_pad_new_from_static_template(&sink_template, "sink");
	self->src = gst_pad_new_from_static_template(&src_template, "src");
	gst_pad_set_chain_function(self->sink, chain);
	gst_pad_set_chain_list_function(self->sink, chain_list);
	GST_PAD_SET_PROXY_CAPS(self->sink);
	GST_PAD_SET_PROXY_CAPS(self->src);
	GST_PAD_SET_PROXY_ALLOCATION(self->sink);
	gst_element_add_pad(GST_ELEMENT(self), self->sink);
	gst_element_add_pad(GST_ELEMENT(self), self->src);
}

static gboolean plugin_init(GstPlugin *plugin)
{
	return gst_element_register(plugin, "mdhint", GST_RANK_NONE, md_hint_element_get_type());
}

#define PACKAGE "mdshim"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, mdhint, "Hints for libmdshim", plugin_init, "0.1", "BSD", PACKAGE,
	"https://gstreamer.freedesktop.org/")
