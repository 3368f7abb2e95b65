/* SPDX-License-Identifier: BSD-3-Clause
 *
 * bookdisk.h - whole files, written so that after a crash there is the old one or the new one. */
#ifndef MD_BOOKDISK_H
#define MD_BOOKDISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iovec;

/* Written beside, synced, renamed, and the folder synced. 0 or -errno, and then the old file is untouched. */
int file_replace(const char *folder, const char *name, unsigned mode, const struct iovec *piece, int n);

/* A regular file of at most most octets, NUL-terminated on the heap. 0 or -errno. */
int file_load(const char *folder, const char *name, size_t most, char **text, size_t *len);

/* Overwrites, syncs and removes. */
void file_erase(const char *folder, const char *name);

/* Whether a file is one whose erasing was cut short by the end of a process: not damage, but to be erased again. None of our
 * files begins with a zero octet. */
bool file_was_erased(const char *text, size_t len);

/* Makes a folder if it is not there. 0 or -errno. */
int file_folder(const char *path, unsigned mode);

enum { FILE_BOOKS = 64 };

/* The books of a domain, by files of the name DOMAIN.NUMBER.book, in rising order; more than FILE_BOOKS are left out. 0 or -errno. */
int file_books(const char *folder, const char *domain, uint32_t book[static FILE_BOOKS], unsigned *n);

#endif
