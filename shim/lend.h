/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lend.h - libcrypto's SHA-1 and AES for the wire library, opened privately and only where a key needs them. */
#ifndef MD_LEND_H
#define MD_LEND_H

#include <mdshim/wire.h>

/* What md_ functions are to be lent for this algorithm on this CPU: *lend is NULL where nothing is needed. 0, or -ENOENT
 * if libcrypto cannot be had. Only from the constructor. */
int lend_open(enum md_algorithm algorithm, const struct md_lend **lend);

#endif
