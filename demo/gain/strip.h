/* SPDX-License-Identifier: BSD-3-Clause
 *
 * strip.h - a film strip for the page of "make gain". */
#ifndef GAIN_STRIP_H
#define GAIN_STRIP_H

#include "pictures.h"

/* Writes eight places of the film, every fifth from the first on, beside each other as PPM at a quarter of the pixels: what was shown there
 * (shown[place]: place of the picture, or -1 for none; NULL: each its own); a picture that is not of its place has a red edge below. 0, or -1:
 * the file cannot be written. */
int strip_write(const char *path, const struct pictures *p, const int *shown, unsigned first);

#endif
