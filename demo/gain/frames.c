/* SPDX-License-Identifier: BSD-3-Clause */
#include "frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RTP (RFC 3550): the payload. false: not RTP. */
static bool payload(const struct sample *s, const uint8_t **at, size_t *len, uint32_t *timestamp)
{
	const uint8_t *p = s->rtp;
	size_t head = 12;

	if (s->rtp_len < 12 || (p[0] & 0xc0) != 0x80)
		return false;
	head += 4u * (p[0] & 15);
	if ((p[0] & 0x10) && s->rtp_len >= head + 4)
		head += 4 + 4u * (unsigned)(p[head + 2] << 8 | p[head + 3]);
	if (s->rtp_len <= head)
		return false;
	*timestamp = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7];
	*at = p + head;
	*len = s->rtp_len - head;
	if ((p[0] & 0x20) && p[s->rtp_len - 1] < *len)
		*len -= p[s->rtp_len - 1];
	return true;
}

static int append(struct frame *f, const void *data, size_t len)
{
	uint8_t *more = realloc(f->data, f->len + len + 64); /* decoders read past the end */

	if (!more)
		return -1;
	f->data = more;
	memcpy(f->data + f->len, data, len);
	f->len += len;
	memset(f->data + f->len, 0, 64);
	return 0;
}

static int append_nal(struct frame *f, uint8_t head, const uint8_t *rest, size_t len)
{
	static const uint8_t start[4] = { 0, 0, 0, 1 };
	unsigned type = head & 31;

	f->key |= type == 5;
	f->ref |= type >= 1 && type <= 5 && (head & 0x60);
	return append(f, start, 4) < 0 || append(f, &head, 1) < 0 ? -1 : append(f, rest, len);
}

/* RFC 6184, packetization mode 1. */
static int add_h264(struct frame *f, const uint8_t *p, size_t len)
{
	unsigned type = p[0] & 31;

	if (type < 24)
		return append_nal(f, p[0], p + 1, len - 1);
	if (type == 24) {
		for (p++, len--; len > 2; ) {
			size_t n = (size_t)(p[0] << 8 | p[1]);

			if (n == 0 || n + 2 > len || append_nal(f, p[2], p + 3, n - 1) < 0)
				return -1;
			p += n + 2;
			len -= n + 2;
		}
		return 0;
	}
	if (type != 28 || len < 3)
		return -1;
	return p[1] & 0x80 ? append_nal(f, (uint8_t)((p[0] & 0xe0) | (p[1] & 31)), p + 2, len - 2) : append(f, p + 2, len - 2);
}

/* RFC 7741. */
static int add_vp8(struct frame *f, const uint8_t *p, size_t len)
{
	size_t at = 1;

	if (p[0] & 0x80) {
		uint8_t x = len > 1 ? p[1] : 0;

		at = 2;
		if (x & 0x80)
			at += at < len && (p[at] & 0x80) ? 2 : 1;
		at += (x & 0x40) != 0;
		if ((x & 0x30) && at < len) {
			f->layer = p[at] >> 6;
			f->sync = p[at] >> 5 & 1;
			at++;
		}
	}
	if (at >= len)
		return -1;
	if ((p[0] & 0x17) == 0x10) /* S, first partition */
		f->key |= !(p[at] & 1);
	f->ref = f->layer == 0;
	return append(f, p + at, len - at);
}

static int by_timestamp(const void *a, const void *b)
{
	const struct frame *x = *(struct frame *const *)a, *y = *(struct frame *const *)b;
	int32_t d = (int32_t)(x->timestamp - y->timestamp);

	return (d > 0) - (d < 0);
}

static int order_display(struct frames *frames)
{
	struct frame **list = calloc(frames->count, sizeof(*list));

	if (!list)
		return -1;
	for (unsigned i = 0; i < frames->count; i++)
		list[i] = &frames->frame[i];
	qsort(list, frames->count, sizeof(*list), by_timestamp);
	for (unsigned i = 0; i < frames->count; i++)
		list[i]->display = i;
	free(list);
	return 0;
}

static int add(struct frames *frames, unsigned *room, struct sample *s, enum codec codec)
{
	const uint8_t *p;
	uint32_t timestamp;
	struct frame *f = frames->count ? &frames->frame[frames->count - 1] : NULL;
	size_t len;

	if (!payload(s, &p, &len, &timestamp))
		return -1;
	if (!f || f->timestamp != timestamp) {
		if (frames->count == *room) {
			*room = *room ? *room * 2 : 1024;
			f = reallocarray(frames->frame, *room, sizeof(*f));
			if (!f)
				return -1;
			frames->frame = f;
		}
		f = &frames->frame[frames->count++];
		memset(f, 0, sizeof(*f));
		f->timestamp = timestamp;
		f->sent = s->packet.arrived;
	}
	s->frame = frames->count - 1;
	f->packets++;
	f->octets += s->packet.size;
	return codec == CODEC_H264 ? add_h264(f, p, len) : add_vp8(f, p, len);
}

int frames_find(struct frames *frames, struct capture *capture, enum codec codec)
{
	unsigned room = 0;

	memset(frames, 0, sizeof(*frames));
	for (size_t i = 0; i < capture->samples; i++) {
		if (add(frames, &room, &capture->sample[i], codec) < 0) {
			fprintf(stderr, "datagram %zu of the capture: expected RTP of this codec\n", i + 1);
			return -1;
		}
	}
	for (unsigned i = 0; i < frames->count; i++)
		frames->keys += frames->frame[i].key;
	return order_display(frames);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* H.264: a frame may refer to any reference frame since the last key frame; that it does to all is the careful view (a
 * frozen picture rather than a damaged one), and what receivers do that know no more than the stream. VP8: layer 0 refers to layer 0,
 * layer 1 to layer 0, layer 2 to layer 0 and, unless it says it does not, to layer 1. */
void frames_decodable(const struct frames *frames, enum codec codec, const int64_t *done, int64_t *when)
{
	int64_t trunk = INT64_MAX, branch = INT64_MAX;

	for (unsigned i = 0; i < frames->count; i++) {
		const struct frame *f = &frames->frame[i];
		int64_t need = f->key ? 0 : trunk;

		if (codec == CODEC_VP8 && f->layer == 2 && !f->sync)
			need = later(need, branch);
		when[i] = later(done[i], need);
		if (f->key || f->ref)
			trunk = when[i];
		if (f->key || (f->layer == 1 && codec == CODEC_VP8))
			branch = when[i];
	}
}
