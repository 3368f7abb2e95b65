/* SPDX-License-Identifier: BSD-3-Clause */
#include <mdshim/codebook.h>

#include "wipe.h"

const char *md_book_reason_name(enum md_book_reason reason)
{
	static const char *const name[] = {
#define MD_BOOK_REASON_TEXT(name, text) text,
		MD_BOOK_REASONS(MD_BOOK_REASON_TEXT)
#undef MD_BOOK_REASON_TEXT
	};

	return (unsigned)reason < MD_BOOK_REASON_COUNT ? name[reason] : "?";
}

static const char *const role_name[] = { "start", "middle", "end", "only", "edge" };

const char *md_role_name(enum md_role role)
{
	return (unsigned)role < MD_ROLE_COUNT ? role_name[role] : "?";
}

int md_role_parse(const char *name)
{
	for (int role = 0; role < MD_ROLE_COUNT; role++) {
		const char *a = role_name[role], *b = name;

		while (*a && *a == *b)
			a++, b++;
		if (!*a && !*b)
			return role;
	}
	return -1;
}

void md_book_fault(struct md_book_faults *faults, enum md_book_reason reason, enum md_book_part part, size_t index,
	const char *member)
{
	faults->reasons |= 1u << reason;
	if (faults->count == MD_BOOK_FAULTS)
		return;
	faults->at[faults->count].reason = reason;
	faults->at[faults->count].part = part;
	faults->at[faults->count].index = (unsigned)index;
	faults->at[faults->count++].member = member;
}

/* Stream: 1 ssss ssss ppll. Frame: 0 0dd ppll rrr cc. */
int md_meaning_number(const struct md_meaning *m)
{
	if (m->p < 1 || m->p > 3 || m->l > 2)
		return -1;
	if (m->s == 1)
		return m->d ? -1 : MD_MEANING_STREAM | m->stream << 4 | m->p << 2 | m->l;
	if (m->s || m->d > 3 || m->role >= MD_ROLE_COUNT || m->colour >= MD_BOOK_COLOURS)
		return -1;
	return m->d << 9 | m->p << 7 | m->l << 5 | m->role << 2 | m->colour;
}

struct md_meaning md_meaning_of(unsigned number)
{
	struct md_meaning m = { 0 };

	if (number & MD_MEANING_STREAM) {
		m.s = 1;
		m.stream = (uint8_t)(number >> 4);
		m.p = number >> 2 & 3;
		m.l = number & 3;
		return m;
	}
	m.d = number >> 9 & 3;
	m.p = number >> 7 & 3;
	m.l = number >> 5 & 3;
	m.role = number >> 2 & 7;
	m.colour = number & 3;
	return m;
}

bool md_domain_good(const char *name, size_t len)
{
	if (len < 1 || len >= MD_BOOK_DOMAIN)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
			    c == '-'))
			return false;
	}
	return true;
}

/* --- Indexes --------------------------------------------------------------------------------------------------- */

typedef int order(const struct md_codebook *book, unsigned a, unsigned b);

static int code_order(const struct md_codebook *book, unsigned a, unsigned b)
{
	int c = memcmp(book->code[a].code, book->code[b].code, MD_CODE_LEN);

	return c ? c : (int)a - (int)b;
}

/* Faulty codes stand behind all meanings. */
static int meaning_at(const struct md_codebook *book, unsigned i)
{
	return book->code[i].faulty ? MD_MEANINGS : md_meaning_number(&book->code[i].meaning);
}

static int meaning_order(const struct md_codebook *book, unsigned a, unsigned b)
{
	int c = meaning_at(book, a) - meaning_at(book, b);

	return c ? c : (int)a - (int)b;
}

static void sift(const struct md_codebook *book, uint16_t *list, unsigned root, unsigned n, order *compare)
{
	uint16_t moving = list[root];

	for (unsigned child; (child = 2 * root + 1) < n; root = child) {
		if (child + 1 < n && compare(book, list[child], list[child + 1]) < 0)
			child++;
		if (compare(book, moving, list[child]) >= 0)
			break;
		list[root] = list[child];
	}
	list[root] = moving;
}

/* Heapsort: no stack, no heap, and no input that makes it slow. */
static void sort(const struct md_codebook *book, uint16_t *list, order *compare)
{
	unsigned n = book->codes;

	for (unsigned i = 0; i < n; i++)
		list[i] = (uint16_t)i;
	for (unsigned i = n / 2; i-- > 0;)
		sift(book, list, i, n, compare);
	while (n > 1) {
		uint16_t last = list[--n];

		list[n] = list[0];
		list[0] = last;
		sift(book, list, 0, n, compare);
	}
}

void md_codebook_index(struct md_codebook *book)
{
	sort(book, book->by_code, code_order);
	sort(book, book->by_meaning, meaning_order);
}

/* --- Looking up ------------------------------------------------------------------------------------------------- */

const struct md_code *md_codebook_find(const struct md_codebook *book, const uint8_t *code, bool legacy)
{
	size_t len = legacy ? MD_LEGACY_CODE_LEN : MD_CODE_LEN;
	unsigned low = 0, high = book->codes;

	if (legacy && !book->legacy16)
		return NULL;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		const struct md_code *found = &book->code[book->by_code[middle]];
		int c = memcmp(code, found->code, len);

		if (c == 0)
			return found->faulty ? NULL : found;
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

unsigned md_codebook_set(const struct md_codebook *book, int meaning, unsigned *first)
{
	unsigned low = 0, high = book->codes, n = 0;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (meaning_at(book, book->by_meaning[middle]) < meaning)
			low = middle + 1;
		else
			high = middle;
	}
	*first = low;
	while (low + n < book->codes && meaning_at(book, book->by_meaning[low + n]) == meaning)
		n++;
	return n;
}

unsigned md_codebook_colours(const struct md_codebook *book)
{
	unsigned colours = 0;

	for (unsigned i = 0; i < book->codes; i++) {
		const struct md_code *c = &book->code[i];

		if (!c->faulty && !c->meaning.s && c->meaning.colour >= colours)
			colours = c->meaning.colour + 1u;
	}
	return colours;
}

bool md_codebook_usable(const struct md_codebook *book, int64_t now)
{
	return book->not_before <= now && now < book->not_after;
}

bool md_codebook_decodes(const struct md_codebook *book, int64_t now)
{
	return book->not_before - MD_BOOK_GRACE <= now && now < book->not_after + MD_BOOK_GRACE;
}

void md_codebook_wipe(struct md_codebook *book)
{
	wipe(book, sizeof(*book));
}
