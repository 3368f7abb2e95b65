/* SPDX-License-Identifier: BSD-3-Clause
 *
 * image.c - the published file: two slots and a generation word. */
#include <mdshim/snapshot.h>

#include <string.h>

enum { WORDS = sizeof(struct md_snapshot) / 8 };

static const uint64_t magic = 0x6b6f6f62646d0001; /* "mdbook", version */

/* On the host only; every member is a word that is read and written whole. */
struct slot {
	uint64_t generation;         /* 0: empty */
	uint64_t length;             /* of the body, octets; 0: no book is in force */
	uint64_t digest;             /* of generation and body */
	uint64_t body[WORDS];
};

struct image {
	uint64_t magic, size, slot_size, layout;
	uint64_t generation;         /* slot generation % 2 is in force */
	uint64_t spare[MD_IMAGE_HEAD / 8 - 5];
	union {
		struct slot slot;
		uint8_t room[MD_IMAGE_SLOT];
	} half[2];
};

_Static_assert(sizeof(struct md_snapshot) % 8 == 0, "whole words");
_Static_assert(sizeof(struct slot) <= MD_IMAGE_SLOT, "a snapshot fits its slot");
_Static_assert(sizeof(struct image) == MD_IMAGE_SIZE, "no padding");

static uint64_t get(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void put(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* Each step is reversible in the word it takes, so that one changed word always shows. */
static uint64_t mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * 0x9e3779b97f4a7c15;
	return sum ^ sum >> 29;
}

static uint64_t word_of(const struct md_snapshot *snapshot, unsigned i)
{
	uint64_t word;

	memcpy(&word, (const uint8_t *)snapshot + 8 * (size_t)i, 8);
	return word;
}

bool md_image_format(void *map)
{
	struct image *image = map;

	if (get(&image->magic) == magic && get(&image->size) == MD_IMAGE_SIZE && get(&image->slot_size) == MD_IMAGE_SLOT &&
		get(&image->layout) == WORDS)
		return true;
	put(&image->magic, 0);
	put(&image->generation, 0);
	for (int i = 0; i < 2; i++)
		put(&image->half[i].slot.generation, 0);
	put(&image->size, MD_IMAGE_SIZE);
	put(&image->slot_size, MD_IMAGE_SLOT);
	put(&image->layout, WORDS);
	put(&image->magic, magic);
	return false;
}

void md_image_fill(void *map, const struct md_snapshot *snapshot)
{
	struct image *image = map;
	uint64_t generation = get(&image->generation) + 1, sum = mix(0, generation);
	struct slot *slot = &image->half[generation % 2].slot;

	put(&slot->generation, 0);
	for (unsigned i = 0; i < WORDS; i++) {
		uint64_t word = snapshot ? word_of(snapshot, i) : 0;

		put(&slot->body[i], word);
		sum = mix(sum, word);
	}
	put(&slot->length, snapshot ? sizeof(*snapshot) : 0);
	put(&slot->digest, sum);
	put(&slot->generation, generation);
}

void md_image_commit(void *map)
{
	struct image *image = map;

	/* Release: whoever sees the word sees the slot. It would also find out by the digest. */
	__atomic_store_n(&image->generation, get(&image->generation) + 1, __ATOMIC_RELEASE);
}

void md_image_wipe_idle(void *map)
{
	struct image *image = map;
	struct slot *slot = &image->half[(get(&image->generation) + 1) % 2].slot;

	put(&slot->generation, 0);
	for (unsigned i = 0; i < WORDS; i++)
		put(&slot->body[i], 0);
}

uint64_t md_image_generation(const void *map)
{
	return get(&((const struct image *)map)->generation);
}

/* --- Checks on a private copy ----------------------------------------------------------------------------------- */

/* Sets are in order, good meanings, runs of codes one after another without a gap; so indexes cannot lead outside. */
static bool sets_good(const struct md_snapshot *s)
{
	uint32_t next = 0;
	int last = -1;

	for (uint32_t i = 0; i < s->sets; i++) {
		const struct md_snapshot_set *set = &s->set[i];
		struct md_meaning m;

		if (set->meaning >= MD_MEANINGS || set->meaning <= last || set->first != next || !set->count)
			return false;
		m = md_meaning_of(set->meaning);
		if (md_meaning_number(&m) != set->meaning)
			return false;
		last = set->meaning;
		next += set->count;
	}
	return next == s->codes;
}

static bool key_good(const struct md_snapshot_key *k)
{
	return k->algorithm <= MD_HMAC_SHA1_96 && k->nat <= 1 && k->len >= MD_KEY_MIN && k->len <= MD_KEY_MAX &&
		(!k->cover || (k->cover >= MD_COVER_MIN && k->cover <= 65535)) && k->not_before >= 0 &&
		k->not_before < k->not_after;
}

static bool snapshot_good(const struct md_snapshot *s)
{
	size_t len = 0;

	while (len < sizeof(s->domain) && s->domain[len])
		len++;
	if (!md_domain_good(s->domain, len) || !s->book || s->not_before < 0 || s->not_before >= s->not_after ||
		s->bq_unit > 65535 || s->codes > MD_BOOK_CODES || s->sets > MD_SNAPSHOT_SETS || s->keys > MD_SNAPSHOT_KEYS ||
		s->legacy16 > 1 || s->lab > 1 || s->colours > MD_BOOK_COLOURS)
		return false;
	for (uint32_t i = 0; i < s->keys; i++)
		if (!key_good(&s->key[i]))
			return false;
	return sets_good(s);
}

int md_image_take(const void *map, size_t len, uint64_t *generation, struct md_snapshot *out)
{
	const struct image *image = map;
	const struct slot *slot;
	uint64_t now, sum, word;

	*generation = 0;
	if (len < MD_IMAGE_SIZE || get(&image->magic) != magic || get(&image->size) != MD_IMAGE_SIZE ||
		get(&image->slot_size) != MD_IMAGE_SLOT || get(&image->layout) != WORDS)
		return MD_E_REFUSED;
	now = __atomic_load_n(&image->generation, __ATOMIC_ACQUIRE);
	*generation = now;
	slot = &image->half[now % 2].slot;
	if (!now || get(&slot->generation) != now || get(&slot->length) != sizeof(*out))
		return MD_E_REFUSED;
	sum = mix(0, now);
	for (unsigned i = 0; i < WORDS; i++) {
		word = get(&slot->body[i]);
		memcpy((uint8_t *)out + 8 * (size_t)i, &word, 8);
		sum = mix(sum, word);
	}
	return sum == get(&slot->digest) && snapshot_good(out) ? 0 : MD_E_REFUSED;
}
