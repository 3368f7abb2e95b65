/* SPDX-License-Identifier: BSD-3-Clause */
#include "strip.h"

#include <stdio.h>

enum { THUMBS = 8, THUMB_STEP = 5, EDGE = 8 };

static uint8_t clamp(double v)
{
	return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

static void pixel(FILE *to, const struct pictures *p, int n, unsigned x, unsigned y)
{
	size_t size = (size_t)p->width * p->height;
	const uint8_t *chroma;
	double l, b, r;

	if (n < 0) {
		fwrite("\0\0\0", 1, 3, to);
		return;
	}
	chroma = p->chroma + (size_t)n * size / 2;
	l = 1.164 * (picture(p, (unsigned)n)[(size_t)y * 2 * p->width + x * 2] - 16);
	b = chroma[(size_t)y * p->width / 2 + x] - 128;
	r = chroma[size / 4 + (size_t)y * p->width / 2 + x] - 128;
	fputc(clamp(l + 1.596 * r), to);
	fputc(clamp(l - 0.392 * b - 0.813 * r), to);
	fputc(clamp(l + 2.017 * b), to);
}

int strip_write(const char *path, const struct pictures *p, const int *shown, unsigned first)
{
	unsigned width = p->width / 2, height = p->height / 2;
	FILE *to = fopen(path, "we");

	if (!to)
		return -1;
	fprintf(to, "P6\n%u %u\n255\n", width * THUMBS, height);
	for (unsigned y = 0; y < height; y++) {
		for (unsigned i = 0; i < THUMBS; i++) {
			unsigned place = first + i * THUMB_STEP;
			int n = place >= p->count ? -1 : shown ? shown[place] : (int)place;

			for (unsigned x = 0; x < width; x++) {
				if (y + EDGE >= height && n != (int)place)
					fwrite("\xc0\x20\x20", 1, 3, to);
				else
					pixel(to, p, n, x, y);
			}
		}
	}
	return fclose(to) == 0 ? 0 : -1;
}
