/* SPDX-License-Identifier: BSD-3-Clause
 *
 * bookfile.h - accepted books of a router on disk, DOMAIN.NUMBER.book, each with a SHA-256; and the highest number there ever
 * was, which outlives them. */
#ifndef MD_BOOKFILE_H
#define MD_BOOKFILE_H

#include <stddef.h>
#include <stdint.h>

/* Whole and on disk, or -errno. */
int bookfile_write(const char *folder, const char *domain, uint32_t book, const char *text, size_t len);

void bookfile_forget(const char *folder, const char *domain, uint32_t book);

/* Makes the folder if need be, and hands over every good book in rising order; others are removed and counted. 0 or -errno. */
int bookfile_load(const char *folder, const char *domain, uint32_t *highest,
	void (*each)(void *context, uint32_t book, const char *text, size_t len), void *context, unsigned *damaged);

#endif
