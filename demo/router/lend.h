/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lend.h - the primitives that the router lends to libmdwire. */
#ifndef MDROUTER_LEND_H
#define MDROUTER_LEND_H

#include <mdshim/wire.h>

/* AES-128 and SHA-1 of libcrypto. */
extern const struct md_lend lend_libcrypto;

#endif
