/* SPDX-License-Identifier: BSD-3-Clause
 *
 * frames.h - the frames of a capture, from its RTP packets: what they are, what they refer to, their octets. Does not look
 * at the marks. */
#ifndef GAIN_FRAMES_H
#define GAIN_FRAMES_H

#include "capture.h"

enum codec { CODEC_H264, CODEC_VP8 };

struct frame {
	int64_t sent;            /* arrival of its first packet at the router */
	uint32_t timestamp;      /* RTP, 90 kHz, of its display */
	unsigned display;        /* place in the order of display */
	unsigned packets, octets; /* octets as the radio carries them */
	bool key, ref;           /* ref: frames behind it in the order of coding may refer to it, up to the next key frame */
	uint8_t layer;           /* VP8: temporal layer */
	bool sync;               /* VP8: refers to layer 0 only */
	uint8_t *data;           /* as the decoder wants it: H.264 in Annex B */
	size_t len;
};

struct frames {
	struct frame *frame;     /* in the order of coding */
	unsigned count, keys;
};

/* Finds the frames and notes in each sample to which it belongs. Says what is wrong on standard error and returns -1. */
int frames_find(struct frames *frames, struct capture *capture, enum codec codec);

/* What a frame needs beside its own packets: fills when[i] (time at which frame i can be decoded, or INT64_MAX) from done[i] (time at
 * which its last packet arrived, or INT64_MAX). */
void frames_decodable(const struct frames *frames, enum codec codec, const int64_t *done, int64_t *when);

#endif
