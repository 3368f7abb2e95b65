/* SPDX-License-Identifier: BSD-3-Clause
 *
 * sheet.h - a contact sheet: small pictures side by side on one canvas, written as PNG. */
#ifndef SHEET_H
#define SHEET_H

#include <stdbool.h>
#include <stdint.h>

/* Size of one picture: its RGB rows are SHEET_WIDTH * 3 octets without padding. */
enum { SHEET_WIDTH = 240, SHEET_HEIGHT = 136, SHEET_GAP = 4 };

struct sheet;

/* Room for n pictures in rows of columns; NULL without memory. */
struct sheet *sheet_new(unsigned n, unsigned columns);

/* Puts a picture on the next free place; what finds no place is left out. */
void sheet_add(struct sheet *sheet, const uint8_t *rgb);

/* Writes what was added. False: *why says what failed; it is valid until the next call. */
bool sheet_write(const struct sheet *sheet, const char *path, const char **why);

void sheet_free(struct sheet *sheet);

#endif
