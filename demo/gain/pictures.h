/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pictures.h - what was filmed and what a viewer sees of it. Decoding is libavcodec's. */
#ifndef GAIN_PICTURES_H
#define GAIN_PICTURES_H

#include "frames.h"

/* Luminance of all pictures of a film in the order of display, reduced by a whole factor to about 180 lines, at which SSIM
 * is computed (the method's authors reduce to about 256). */
struct pictures {
	uint8_t *luma, *chroma;  /* chroma: Cb, then Cr, at half of that */
	bool *there;
	double *alike;           /* likeness with the source at the same place, or NULL: see pictures_compare() */
	unsigned count, width, height;
};

/* The clip as it was before it was encoded. Says what is wrong on standard error and returns -1. */
int pictures_source(struct pictures *out, const char *file, unsigned most);

/* Decodes the frames whose when is not INT64_MAX, as they are handed to a decoder in the order of coding. clean: the whole stream
 * decoded, or NULL; what lies between two key frames and is complete is taken from there (luminance only), since a decoder begins anew
 * at a key frame. */
int pictures_decode(struct pictures *out, const struct frames *frames, enum codec codec, const int64_t *when, const struct pictures *clean);

/* Fills p->alike. */
int pictures_compare(struct pictures *p, const struct pictures *source);

void pictures_free(struct pictures *p);

const uint8_t *picture(const struct pictures *p, unsigned n);

/* Structural similarity (Wang et al., 2004) of luminance, windows of 8 by 8 at every fourth pixel. */
double pictures_ssim(const struct pictures *p, const uint8_t *a, const uint8_t *b);

#endif
