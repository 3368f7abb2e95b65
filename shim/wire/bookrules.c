/* SPDX-License-Identifier: BSD-3-Clause
 *
 * bookrules.c - the rules over a whole book (codebook format, section 3). */
#include <mdshim/codebook.h>

#include <string.h>

static const struct md_code *in_order(const struct md_codebook *book, unsigned i)
{
	return &book->code[book->by_code[i]];
}

/* In the order of the codes equal ones, and those with equal first octets, are neighbours. */
static void codes_differ(const struct md_codebook *book, struct md_book_faults *faults)
{
	for (unsigned i = 1; i < book->codes; i++) {
		const struct md_code *a = in_order(book, i - 1), *b = in_order(book, i);

		if (memcmp(a->code, b->code, MD_CODE_LEN) == 0)
			md_book_fault(faults, MD_B_CODE_DUPLICATE, MD_BOOK_CODE, b->at, "c");
		else if (book->legacy16 && memcmp(a->code, b->code, MD_LEGACY_CODE_LEN) == 0)
			md_book_fault(faults, MD_B_PREFIX_DUPLICATE, MD_BOOK_CODE, b->at, "c");
	}
}

static void sets_large(const struct md_codebook *book, struct md_book_faults *faults)
{
	for (unsigned i = 0, n; i < book->codes; i += n) {
		const struct md_code *c = &book->code[book->by_meaning[i]];
		unsigned first;

		if (c->faulty)
			return; /* they are the last */
		n = md_codebook_set(book, md_meaning_number(&c->meaning), &first);
		if (n < MD_BOOK_SET)
			md_book_fault(faults, MD_B_SET_SMALL, MD_BOOK_CODE, c->at, NULL);
	}
}

static void colours_gapless(const struct md_codebook *book, struct md_book_faults *faults)
{
	unsigned used = 0, colours = md_codebook_colours(book);

	for (unsigned i = 0; i < book->codes; i++)
		if (!book->code[i].faulty && !book->code[i].meaning.s)
			used |= 1u << book->code[i].meaning.colour;
	if (used != (1u << colours) - 1)
		md_book_fault(faults, MD_B_COLOUR, MD_BOOK_WHOLE, 0, NULL);
}

/* All four roles in all colours for the (d, p, l) of this code. */
static bool complete(const struct md_codebook *book, const struct md_code *c, unsigned colours)
{
	struct md_meaning m = c->meaning;
	unsigned first;

	for (m.role = MD_ROLE_START; m.role <= MD_ROLE_ONLY; m.role++)
		for (m.colour = 0; m.colour < colours; m.colour++)
			if (!md_codebook_set(book, md_meaning_number(&m), &first))
				return false;
	return true;
}

static bool same_importance(const struct md_meaning *a, const struct md_meaning *b)
{
	return a->d == b->d && a->p == b->p && a->l == b->l;
}

static void sets_complete(const struct md_codebook *book, struct md_book_faults *faults)
{
	unsigned colours = md_codebook_colours(book);
	const struct md_code *last = NULL;

	for (unsigned i = 0; i < book->codes; i++) {
		const struct md_code *c = &book->code[book->by_meaning[i]];

		if (c->faulty || c->meaning.s)
			return; /* frame entries stand in front */
		if (last && same_importance(&last->meaning, &c->meaning))
			continue;
		if (!complete(book, c, colours))
			md_book_fault(faults, MD_B_SET_MISSING, MD_BOOK_CODE, c->at, NULL);
		last = c;
	}
}

static void keys_differ(const struct md_codebook *book, struct md_book_faults *faults)
{
	uint32_t seen[256 / 32] = { 0 };

	for (unsigned i = 0; i < book->keys; i++) {
		uint8_t keyid = book->key[i].key.keyid;

		if (seen[keyid / 32] >> (keyid % 32) & 1)
			md_book_fault(faults, MD_B_KEY_DUPLICATE, MD_BOOK_KEY, book->key[i].at, "keyid");
		seen[keyid / 32] |= 1u << (keyid % 32);
	}
}

void md_codebook_check(const struct md_codebook *book, bool lab_allowed, struct md_book_faults *faults)
{
	if (book->lab && !lab_allowed)
		md_book_fault(faults, MD_B_LAB, MD_BOOK_WHOLE, 0, "lab");
	codes_differ(book, faults);
	keys_differ(book, faults);
	if (book->lab)
		return; /* codebook format, section 8 */
	sets_large(book, faults);
	colours_gapless(book, faults);
	sets_complete(book, faults);
}

static bool same_key(const struct md_book_key *a, const struct md_book_key *b)
{
	return a->key.algorithm == b->key.algorithm && a->key.len == b->key.len && a->key.cover == b->key.cover &&
		a->key.nat == b->key.nat && a->not_before == b->not_before && a->not_after == b->not_after &&
		memcmp(a->key.key, b->key.key, a->key.len) == 0;
}

void md_codebook_compare(const struct md_codebook *book, const struct md_codebook *live, struct md_book_faults *faults)
{
	for (unsigned i = 0; i < book->codes; i++) {
		const struct md_code *c = &book->code[i], *other = md_codebook_find(live, c->code, false);

		if (!c->faulty && other && memcmp(&c->meaning, &other->meaning, sizeof(c->meaning)) != 0)
			md_book_fault(faults, MD_B_CODE_CONFLICT, MD_BOOK_CODE, c->at, "c");
	}
	for (unsigned i = 0; i < book->keys; i++)
		for (unsigned k = 0; k < live->keys; k++)
			if (book->key[i].key.keyid == live->key[k].key.keyid && !same_key(&book->key[i], &live->key[k]))
				md_book_fault(faults, MD_B_KEY_CONFLICT, MD_BOOK_KEY, book->key[i].at, NULL);
}
