/* SPDX-License-Identifier: BSD-3-Clause
 *
 * snapshot.h - the book in force, as the provisioner publishes it and shims map it (codebook format, section 5).
 *
 * The image is one file of MD_IMAGE_SIZE octets, made once and never replaced or cut: two slots and a generation word.
 * The writer fills the slot that is not in use, syncs it, then moves the generation word. A reader maps the file
 * read-only, compares the word with the one it knows by a relaxed load, and only when it has changed takes a private
 * copy of the slot. The copy is checked after it was taken (digest, every number and index), so that nothing that is
 * written meanwhile, torn or rubbish can be believed, and whatever is picked from it later needs no further check.
 *
 * Pure like wire.h. Words of the image are read and written atomically, so writer and readers may be threads or
 * processes. Numbers are in host order: the file is read on the host it was written on. The digest finds damage; against
 * malice stand the rights of the file. */
#ifndef MDSHIM_SNAPSHOT_H
#define MDSHIM_SNAPSHOT_H

#include <mdshim/codebook.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	MD_IMAGE_HEAD = 4096,
	MD_IMAGE_SLOT = 131072,      /* octets of a slot */
	MD_IMAGE_SIZE = MD_IMAGE_HEAD + 2 * MD_IMAGE_SLOT,
	MD_SNAPSHOT_VERSION = 1,
	MD_SNAPSHOT_SETS = 4096,
	MD_SNAPSHOT_KEYS = 64        /* the provisioner puts no more into a book */
};

struct md_snapshot_set {
	uint16_t meaning;            /* md_meaning_number() */
	uint16_t first, count;       /* run of code[] */
};

struct md_snapshot_key {
	int64_t not_before, not_after;
	uint32_t cover;              /* as in struct md_key */
	uint8_t keyid, algorithm, nat, len;
	uint8_t key[MD_KEY_MAX];
};

/* What the option area needs. Codes are sorted by meaning, sets are in rising order of meaning. A secret, 100 KB. */
struct md_snapshot {
	char domain[72];             /* NUL-terminated */
	int64_t not_before, not_after;
	uint32_t book, bq_unit;      /* bq_unit 0: the domain's */
	uint32_t codes, sets, keys;
	uint8_t legacy16, lab, colours, spare;
	struct md_snapshot_set set[MD_SNAPSHOT_SETS];
	struct md_snapshot_key key[MD_SNAPSHOT_KEYS];
	uint8_t code[MD_BOOK_CODES][MD_CODE_LEN];
};

/* --- Writer: one at a time ------------------------------------------------------------------------------------ */

/* From an indexed book. MD_E_VALUE: more keys than MD_SNAPSHOT_KEYS. */
int md_snapshot_make(struct md_snapshot *out, const struct md_codebook *book);

/* Makes a mapping of MD_IMAGE_SIZE octets an image, unless it is one: true if it was one already. What it held stays then. */
bool md_image_format(void *map);

/* Fills the idle slot. The caller syncs the mapping, then calls md_image_commit(), and syncs again. A NULL snapshot takes the
 * book out of force. */
void md_image_fill(void *map, const struct md_snapshot *snapshot);
void md_image_commit(void *map);

/* Overwrites the slot that is not in force, once nobody may use its book any more. */
void md_image_wipe_idle(void *map);

/* --- Reader --------------------------------------------------------------------------------------------------- */

/* The generation now, by one relaxed load; 0: nothing was ever published. map is MD_IMAGE_SIZE octets. */
uint64_t md_image_generation(const void *map);

/* Takes a private, checked copy of the book in force and tells in *generation the word it belongs to, also on failure, so
 * that a damaged slot is not tried for every packet. MD_E_REFUSED: no image, a damaged slot, or nothing published; *out is
 * unspecified then, and the caller goes on with the copy it had, into another buffer than *out. */
int md_image_take(const void *map, size_t len, uint64_t *generation, struct md_snapshot *out);

/* Whether a sender may use the book now. */
bool md_snapshot_usable(const struct md_snapshot *snapshot, int64_t now);

/* The run of codes for a meaning: how many, *first is where; 0: none. For role "only" the sets of all colours together. */
unsigned md_snapshot_set(const struct md_snapshot *snapshot, const struct md_meaning *meaning, unsigned *first);

/* The code for one packet (section 6): from the set of the meaning; if the book has no such (d, p, l), from that of
 * (0, 2, 0). random is 32 fresh random bits. NULL: neither; send natively. In lab books "edge" stands in for start, end and
 * only. */
const uint8_t *md_snapshot_pick(const struct md_snapshot *snapshot, const struct md_meaning *meaning, uint32_t random);

/* The key to sign with: of those valid now the one with the latest notBefore; NULL: none, send natively. *next_keyid is
 * what RNextKeyID says: the key that follows, else its own. */
const struct md_snapshot_key *md_snapshot_key(const struct md_snapshot *snapshot, int64_t now, uint8_t *next_keyid);

/* The same as md_key, to make a traffic key of; a secret. */
void md_snapshot_key_copy(const struct md_snapshot_key *from, struct md_key *to);

#ifdef __cplusplus
}
#endif
#endif
