/* SPDX-License-Identifier: BSD-3-Clause */
#include "pictures.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 180 };

static unsigned factor_of(int height)
{
	return (unsigned)height / LINES ? (unsigned)height / LINES : 1;
}

static int make(struct pictures *p, unsigned count, int width, int height, unsigned factor)
{
	p->count = count;
	p->width = (unsigned)width / factor & ~1u;
	p->height = (unsigned)height / factor & ~1u;
	p->luma = calloc(count, (size_t)p->width * p->height);
	p->chroma = calloc(count, (size_t)p->width * p->height / 2);
	p->there = calloc(count, sizeof(bool));
	return p->luma && p->chroma && p->there ? 0 : -1;
}

/* Means of squares of factor by factor. */
static void reduce(uint8_t *to, unsigned width, unsigned height, const uint8_t *from, int stride, unsigned factor)
{
	for (unsigned y = 0; y < height; y++) {
		for (unsigned x = 0; x < width; x++) {
			unsigned sum = 0;

			for (unsigned i = 0; i < factor; i++)
				for (unsigned j = 0; j < factor; j++)
					sum += from[(size_t)(y * factor + i) * (size_t)stride + x * factor + j];
			to[y * width + x] = (uint8_t)(sum / (factor * factor));
		}
	}
}

static int keep(struct pictures *p, unsigned count, unsigned n, const AVFrame *f)
{
	size_t size;
	unsigned factor;

	if (!p->luma && make(p, count, f->width, f->height, factor_of(f->height)) < 0)
		return -1;
	if (n >= p->count || (f->format != AV_PIX_FMT_YUV420P && f->format != AV_PIX_FMT_YUVJ420P))
		return n >= p->count ? 0 : -1;
	size = (size_t)p->width * p->height;
	factor = (unsigned)f->width / p->width;
	reduce(p->luma + n * size, p->width, p->height, f->data[0], f->linesize[0], factor);
	reduce(p->chroma + n * size / 2, p->width / 2, p->height / 2, f->data[1], f->linesize[1], factor);
	reduce(p->chroma + n * size / 2 + size / 4, p->width / 2, p->height / 2, f->data[2], f->linesize[2], factor);
	p->there[n] = true;
	return 0;
}

/* Takes what the decoder has. by_pts: place in the film from the time stamp; else one after the other. */
static int drain(struct pictures *p, unsigned count, AVCodecContext *c, AVFrame *f, bool by_pts, unsigned *next)
{
	while (avcodec_receive_frame(c, f) == 0)
		if (keep(p, count, by_pts ? (unsigned)f->pts : (*next)++, f) < 0)
			return -1;
	return 0;
}

static AVCodecContext *decoder(enum AVCodecID id, const AVCodecParameters *parameters)
{
	const AVCodec *codec = avcodec_find_decoder(id);
	AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;

	if (!c)
		return NULL;
	c->thread_count = 1;
	if ((parameters && avcodec_parameters_to_context(c, parameters) < 0) || avcodec_open2(c, codec, NULL) < 0)
		avcodec_free_context(&c);
	return c;
}

static int read_source(struct pictures *out, AVFormatContext *format, unsigned most)
{
	AVCodecContext *c = decoder(format->streams[0]->codecpar->codec_id, format->streams[0]->codecpar);
	AVPacket *packet = av_packet_alloc();
	AVFrame *frame = av_frame_alloc();
	unsigned next = 0;
	int error = c && packet && frame ? 0 : -1;

	while (!error && next < most && av_read_frame(format, packet) == 0) {
		error = avcodec_send_packet(c, packet) < 0 ? -1 : drain(out, most, c, frame, false, &next);
		av_packet_unref(packet);
	}
	if (!error) {
		avcodec_send_packet(c, NULL);
		error = drain(out, most, c, frame, false, &next);
	}
	av_packet_free(&packet);
	av_frame_free(&frame);
	avcodec_free_context(&c);
	return error;
}

int pictures_source(struct pictures *out, const char *file, unsigned most)
{
	AVFormatContext *format = NULL;
	int error;

	memset(out, 0, sizeof(*out));
	av_log_set_level(AV_LOG_QUIET);
	error = avformat_open_input(&format, file, NULL, NULL) < 0 || avformat_find_stream_info(format, NULL) < 0 ||
		format->nb_streams < 1 ? -1 : read_source(out, format, most);
	avformat_close_input(&format);
	if (error || !out->luma)
		fprintf(stderr, "%s: expected a film that libavcodec reads\n", file);
	return error || !out->luma ? -1 : 0;
}

/* From a key frame to before the next: if it is complete, its pictures are those of the whole stream, and the next is returned.
 * Else i. */
static unsigned copy_whole(struct pictures *out, const struct frames *frames, const int64_t *when, const struct pictures *clean, unsigned i)
{
	size_t size = (size_t)clean->width * clean->height;
	unsigned end = i;

	if (i == frames->count || !frames->frame[i].key)
		return i;
	do
		if (when[end++] == INT64_MAX)
			return i;
	while (end < frames->count && !frames->frame[end].key);
	for (unsigned k = i; k < end; k++) {
		unsigned n = frames->frame[k].display;

		memcpy(out->luma + n * size, picture(clean, n), size);
		out->there[n] = clean->there[n];
	}
	return end;
}

int pictures_decode(struct pictures *out, const struct frames *frames, enum codec codec, const int64_t *when, const struct pictures *clean)
{
	AVCodecContext *c = decoder(codec == CODEC_H264 ? AV_CODEC_ID_H264 : AV_CODEC_ID_VP8, NULL);
	AVPacket *packet = av_packet_alloc();
	AVFrame *frame = av_frame_alloc();
	int error = c && packet && frame ? 0 : -1;

	memset(out, 0, sizeof(*out));
	av_log_set_level(AV_LOG_QUIET);
	if (clean && !error && make(out, frames->count, (int)clean->width, (int)clean->height, 1) < 0)
		error = -1;
	for (unsigned i = 0; !error && i < frames->count; i++) {
		const struct frame *f;

		for (unsigned from = frames->count; clean && from != i; )
			i = copy_whole(out, frames, when, clean, from = i);
		if (i == frames->count)
			break;
		f = &frames->frame[i];
		if (when[i] == INT64_MAX)
			continue;
		packet->data = f->data;
		packet->size = (int)f->len;
		packet->pts = f->display;
		if (avcodec_send_packet(c, packet) < 0)
			continue; /* what it refuses it does not show */
		error = drain(out, frames->count, c, frame, true, NULL);
	}
	if (!error) {
		avcodec_send_packet(c, NULL);
		error = drain(out, frames->count, c, frame, true, NULL);
	}
	packet->data = NULL;
	packet->size = 0;
	av_packet_free(&packet);
	av_frame_free(&frame);
	avcodec_free_context(&c);
	return error;
}

void pictures_free(struct pictures *p)
{
	free(p->luma);
	free(p->chroma);
	free(p->there);
	free(p->alike);
	memset(p, 0, sizeof(*p));
}

const uint8_t *picture(const struct pictures *p, unsigned n)
{
	return p->luma + (size_t)n * p->width * p->height;
}

static double window(const uint8_t *a, const uint8_t *b, unsigned stride)
{
	const double c1 = 6.5025, c2 = 58.5225;
	unsigned sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
	double ma, mb, va, vb, cov;

	for (unsigned y = 0; y < 8; y++) {
		for (unsigned x = 0; x < 8; x++) {
			unsigned p = a[y * stride + x], q = b[y * stride + x];

			sa += p;
			sb += q;
			saa += p * p;
			sbb += q * q;
			sab += p * q;
		}
	}
	ma = sa / 64.;
	mb = sb / 64.;
	va = saa / 64. - ma * ma;
	vb = sbb / 64. - mb * mb;
	cov = sab / 64. - ma * mb;
	return (2 * ma * mb + c1) * (2 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
}

double pictures_ssim(const struct pictures *p, const uint8_t *a, const uint8_t *b)
{
	double sum = 0;
	unsigned n = 0;

	for (unsigned y = 0; y + 8 <= p->height; y += 4) {
		for (unsigned x = 0; x + 8 <= p->width; x += 4) {
			size_t at = (size_t)y * p->width + x;

			sum += window(a + at, b + at, p->width);
			n++;
		}
	}
	return n ? sum / n : 0;
}

int pictures_compare(struct pictures *p, const struct pictures *source)
{
	p->alike = calloc(p->count, sizeof(*p->alike));
	if (!p->alike || p->width != source->width || p->height != source->height)
		return -1;
	for (unsigned i = 0; i < p->count && i < source->count; i++)
		p->alike[i] = pictures_ssim(source, picture(source, i), picture(p, i));
	return 0;
}
