/* SPDX-License-Identifier: BSD-3-Clause */
#include <mdshim/snapshot.h>

#include <string.h>

static void key_make(struct md_snapshot_key *to, const struct md_book_key *from)
{
	to->not_before = from->not_before;
	to->not_after = from->not_after;
	to->cover = from->key.cover;
	to->keyid = from->key.keyid;
	to->algorithm = (uint8_t)from->key.algorithm;
	to->nat = from->key.nat;
	to->len = (uint8_t)from->key.len;
	memcpy(to->key, from->key.key, from->key.len);
}

int md_snapshot_make(struct md_snapshot *out, const struct md_codebook *book)
{
	memset(out, 0, sizeof(*out));
	if (book->keys > MD_SNAPSHOT_KEYS)
		return MD_E_VALUE;
	memcpy(out->domain, book->domain, sizeof(book->domain));
	out->not_before = book->not_before;
	out->not_after = book->not_after;
	out->book = book->book;
	out->bq_unit = book->bq_unit;
	out->legacy16 = book->legacy16;
	out->lab = book->lab;
	out->colours = (uint8_t)md_codebook_colours(book);
	out->codes = book->codes;
	for (uint32_t i = 0; i < book->codes; i++) {
		const struct md_code *c = &book->code[book->by_meaning[i]];
		uint16_t meaning = (uint16_t)md_meaning_number(&c->meaning);

		memcpy(out->code[i], c->code, MD_CODE_LEN);
		if (!out->sets || out->set[out->sets - 1].meaning != meaning)
			out->set[out->sets++] = (struct md_snapshot_set){ meaning, (uint16_t)i, 0 };
		out->set[out->sets - 1].count++;
	}
	out->keys = book->keys;
	for (uint32_t i = 0; i < book->keys; i++)
		key_make(&out->key[i], &book->key[i]);
	return 0;
}

bool md_snapshot_usable(const struct md_snapshot *snapshot, int64_t now)
{
	return snapshot->not_before <= now && now < snapshot->not_after;
}

/* The codes whose meaning number lies from low to high; they follow each other. */
static unsigned run(const struct md_snapshot *s, int low, int high, unsigned *first)
{
	uint32_t from = 0, to = s->sets;
	unsigned n = 0;

	while (from < to) {
		uint32_t middle = (from + to) / 2;

		if (s->set[middle].meaning < low)
			from = middle + 1;
		else
			to = middle;
	}
	*first = from < s->sets ? s->set[from].first : 0;
	for (; from < s->sets && s->set[from].meaning <= high; from++)
		n += s->set[from].count;
	return n;
}

unsigned md_snapshot_set(const struct md_snapshot *snapshot, const struct md_meaning *meaning, unsigned *first)
{
	struct md_meaning low = *meaning, high = *meaning;

	*first = 0;
	if (!meaning->s && meaning->role == MD_ROLE_ONLY) {
		low.colour = 0;
		high.colour = MD_BOOK_COLOURS - 1;
	}
	if (md_meaning_number(&low) < 0 || md_meaning_number(&high) < 0)
		return 0;
	return run(snapshot, md_meaning_number(&low), md_meaning_number(&high), first);
}

/* In a lab book a code of role edge stands in where there is none of start, end or only (codebook format, section 8). */
static unsigned choice(const struct md_snapshot *s, const struct md_meaning *meaning, unsigned *first)
{
	struct md_meaning edge = *meaning;
	unsigned n = md_snapshot_set(s, meaning, first);

	if (n || !s->lab || meaning->s || meaning->role == MD_ROLE_MIDDLE)
		return n;
	edge.role = MD_ROLE_EDGE;
	return md_snapshot_set(s, &edge, first);
}

const uint8_t *md_snapshot_pick(const struct md_snapshot *snapshot, const struct md_meaning *meaning, uint32_t random)
{
	struct md_meaning plain = *meaning;
	unsigned first, n = choice(snapshot, meaning, &first);

	if (!n) {
		plain.d = 0;
		plain.p = 2;
		plain.l = 0;
		n = choice(snapshot, &plain, &first);
	}
	return n ? snapshot->code[first + (unsigned)((uint64_t)random * n >> 32)] : NULL;
}

const struct md_snapshot_key *md_snapshot_key(const struct md_snapshot *snapshot, int64_t now, uint8_t *next_keyid)
{
	const struct md_snapshot_key *best = NULL, *next = NULL;

	for (uint32_t i = 0; i < snapshot->keys; i++) {
		const struct md_snapshot_key *k = &snapshot->key[i];

		if (k->not_before <= now && now < k->not_after && (!best || k->not_before > best->not_before))
			best = k;
		if (k->not_before > now && (!next || k->not_before < next->not_before))
			next = k;
	}
	if (best)
		*next_keyid = next ? next->keyid : best->keyid;
	return best;
}

void md_snapshot_key_copy(const struct md_snapshot_key *from, struct md_key *to)
{
	memset(to, 0, sizeof(*to));
	to->keyid = from->keyid;
	to->algorithm = (enum md_algorithm)from->algorithm;
	memcpy(to->key, from->key, sizeof(to->key));
	to->len = from->len;
	to->cover = from->cover;
	to->nat = from->nat;
}
