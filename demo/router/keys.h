/* SPDX-License-Identifier: BSD-3-Clause
 *
 * keys.h - the master keys of the domain, the traffic keys made from them, and the check of AUTH. */
#ifndef MDROUTER_KEYS_H
#define MDROUTER_KEYS_H

#include <mdshim/wire.h>

struct keys;

/* cache: how many traffic keys are remembered, a power of two. NULL without memory. */
struct keys *keys_new(size_t cache, uint64_t seed, const struct md_lend *lend);
void keys_free(struct keys *keys);

/* 0, or -EEXIST if the KeyID is taken. */
int keys_add(struct keys *keys, const struct md_key *key);
/* A key of a book, in the place of another one of a book; nothing where the command line gave that KeyID. Without memory there is
 * no key. */
void keys_put(struct keys *keys, const struct md_key *key);

/* Whether the command line gave that KeyID to another key: one of a book could not be used beside it. */
bool keys_conflict(const struct keys *keys, const struct md_key *key);

/* Takes a key of a book away, wiped, with the traffic keys made from it. */
void keys_take(struct keys *keys, uint8_t keyid);

size_t keys_count(const struct keys *keys);

/* Reads KEYID:ALGORITHM:KEYFILE[:cover=N|datagram][:nat] and the file. 0, or -EINVAL, and *problem says what was
 * expected (static text, never anything of the key). */
int keys_argument(const char *text, struct md_key *out, const char **problem);

/* Checks the AUTH option of a datagram (wire format, section 5.8, steps 3 and 4). options_at: where in the surplus area
 * the walked octets begin. MD_R_NONE, MD_R_AUTH_KEY or MD_R_AUTH_MAC. */
enum md_reason keys_verify(struct keys *keys, const struct md_datagram *d, size_t options_at,
	const struct md_options *options);

#endif
