// SPDX-License-Identifier: BSD-3-Clause
#include "draft.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "drafttext.h"

enum { DEPTH = 8, VALUES = 256 };

// The members of an entry; the first three have a list of what they may be, and so have streams.
enum member { MARKER, IMPORTANCE, TOLERANCE, STREAM, NAME, CODE, MEMBERS };
static const char *const member_name[MEMBERS] = { "marker", "importance", "delTolerance", "stream", "name", "obfuscated-code" };

struct entry {
	unsigned line;
	bool has[MEMBERS];
	char value[MEMBERS][DRAFT_WORD];
};

struct draft {
	struct drafttext text;
	struct draft_notes *notes;
	bool ahead; // the token in text is still to be used
	char list[STREAM + 1][VALUES][DRAFT_WORD];
	unsigned values[STREAM + 1];
	struct entry entry[MD_BOOK_CODES];
	unsigned entries;
};

__attribute__((format(printf, 4, 5))) static void note(struct draft *d, unsigned line, bool error, const char *format, ...)
{
	struct draft_notes *n = d->notes;
	va_list values;

	*(error ? &n->errors : &n->warnings) += 1;
	if (n->kept == DRAFT_NOTES)
		return;
	n->note[n->kept].line = line;
	n->note[n->kept].error = error;
	va_start(values, format);
	vsnprintf(n->note[n->kept++].text, sizeof n->note->text, format, values);
	va_end(values);
}

// What is long may be a code in the wrong place.
static const char *shown(const char *word)
{
	return strlen(word) <= 15 ? word : "(a long word)";
}

// --- Reading ------------------------------------------------------------------------------------------------------------

static int token(struct draft *d)
{
	if (d->ahead)
		d->ahead = false;
	else
		while (drafttext_next(&d->text) == DRAFT_BAD)
			note(d, d->text.token_line, true, "%s", d->text.problem);
	return d->text.kind;
}

static int peek(struct draft *d)
{
	token(d);
	d->ahead = true;
	return d->text.kind;
}

static void items(struct draft *d, int closer, struct entry *entry, int list, unsigned depth);

static int list_of(const char *name)
{
	if (strcmp(name, "streams") == 0)
		return STREAM;
	for (int i = MARKER; i <= TOLERANCE; i++)
		if (strcmp(name, member_name[i]) == 0)
			return i;
	return -1;
}

static void member(struct draft *d, struct entry *entry, const char *name, unsigned line)
{
	int i = 0;

	while (i < MEMBERS && strcmp(name, member_name[i]) != 0)
		i++;
	if (i == MEMBERS) {
		note(d, line, false, "member '%s' is not known here, and left out", shown(name));
	} else if (entry->has[i]) {
		note(d, line, true, "member '%s' stands twice in an entry", name);
	} else {
		entry->has[i] = true;
		strcpy(entry->value[i], d->text.word);
	}
}

static void list_value(struct draft *d, int list)
{
	if (list < 0)
		note(d, d->text.token_line, true, "expected ':' after a name");
	else if (d->values[list] == VALUES)
		note(d, d->text.token_line, true, "expected at most %d values in a list", VALUES);
	else
		strcpy(d->list[list][d->values[list]++], d->text.word);
}

// What follows "name :".
static void value(struct draft *d, struct entry *entry, const char *name, unsigned line, unsigned depth)
{
	switch (peek(d)) {
	case DRAFT_TEXT:
		token(d);
		member(d, entry, name, line);
		break;
	case '[':
		token(d);
		items(d, ']', entry, list_of(name), depth + 1);
		break;
	case '{':
		break; // an item of its own
	default:
		note(d, line, true, "expected a value after '%s'", shown(name));
	}
}

static void entry_end(struct draft *d, const struct entry *entry)
{
	if (!entry->has[CODE] && !entry->has[NAME])
		return; // what the entries stand in
	if (d->entries == MD_BOOK_CODES)
		note(d, entry->line, true, "expected at most %d codes", MD_BOOK_CODES);
	else
		d->entry[d->entries++] = *entry;
}

static void object(struct draft *d, unsigned depth)
{
	struct entry entry = { .line = d->text.token_line };

	items(d, '}', &entry, -1, depth + 1);
	entry_end(d, &entry);
}

static void items(struct draft *d, int closer, struct entry *entry, int list, unsigned depth)
{
	bool separated = true; // the last thing was a comma, or there was none

	for (;;) {
		int kind = token(d);
		unsigned line = d->text.token_line;

		if (kind == ',') {
			separated = true;
			continue;
		}
		if (kind == closer)
			return;
		if (kind == DRAFT_END) {
			note(d, line, true, "expected '%c' before the end", closer);
			return;
		}
		if (kind != DRAFT_TEXT && kind != '{' && kind != '[') {
			note(d, line, true, "did not expect '%c' here", kind);
			continue;
		}
		if (!separated)
			note(d, line, false, "a comma is missing in front of this");
		separated = false;
		if (depth == DEPTH) {
			note(d, line, true, "expected at most %d brackets within each other", DEPTH);
		} else if (kind == '{') {
			object(d, depth);
		} else if (kind == '[') {
			items(d, ']', entry, -1, depth + 1);
		} else {
			char name[DRAFT_WORD];

			strcpy(name, d->text.word);
			if (peek(d) == ':') {
				token(d);
				value(d, entry, name, line, depth);
				separated = d->ahead && d->text.kind == '{';
			} else {
				strcpy(d->text.word, name);
				list_value(d, list);
			}
		}
	}
}

// --- Understanding ------------------------------------------------------------------------------------------------------

static const char *called(const struct entry *e)
{
	return e->has[NAME] ? shown(e->value[NAME]) : "a code without a name";
}

// The number of a value in its words; and it has to be in the list, if there is one. -1: neither.
static int understood(struct draft *d, const struct entry *e, enum member m, const char *const words[], const char *expected)
{
	unsigned i = 0;
	int number = 0;

	while (i < d->values[m] && strcmp(d->list[m][i], e->value[m]) != 0)
		i++;
	if (d->values[m] && i == d->values[m]) {
		note(d, e->line, true, "%s: '%s' is not in the list '%s'", called(e), shown(e->value[m]), member_name[m]);
		return -1;
	}
	while (words[number] && strcmp(words[number], e->value[m]) != 0)
		number++;
	if (words[number])
		return number;
	note(d, e->line, true, "%s: %s '%s': expected %s", called(e), member_name[m], shown(e->value[m]), expected);
	return -1;
}

static bool stream_of(struct draft *d, const struct entry *e, struct md_meaning *out)
{
	unsigned i = 0;

	while (i < d->values[STREAM] && strcmp(d->list[STREAM][i], e->value[STREAM]) != 0)
		i++;
	if (i == d->values[STREAM]) {
		note(d, e->line, true, "%s: stream '%s' is not in the list 'streams'", called(e), shown(e->value[STREAM]));
		return false;
	}
	out->s = 1;
	out->stream = (uint8_t)i;
	return true;
}

static bool marker_of(struct draft *d, const struct entry *e, struct md_meaning *out)
{
	static const char *const words[] = { "start/end", "middle", NULL };
	int number = understood(d, e, MARKER, words, "start/end or middle");

	out->role = number ? MD_ROLE_MIDDLE : MD_ROLE_EDGE;
	if (!number)
		note(d, e->line, false, "%s: start and end are not told apart: role edge", called(e));
	return number >= 0;
}

static bool meaning_of(struct draft *d, const struct entry *e, struct md_meaning *out)
{
	static const char *const importance[] = { "high", "medium", "low", NULL }, *const tolerance[] = { "", "high", "low", NULL };
	int p = -1, l = e->has[TOLERANCE] ? understood(d, e, TOLERANCE, tolerance, "high or low") : 0;
	bool good;

	memset(out, 0, sizeof *out);
	if (e->has[IMPORTANCE])
		p = understood(d, e, IMPORTANCE, importance, "high, medium or low");
	else
		note(d, e->line, true, "%s: expected 'importance'", called(e));
	out->p = (uint8_t)(p + 1);
	out->l = (uint8_t)l;
	good = e->has[STREAM] != e->has[MARKER];
	if (!good)
		note(d, e->line, true, "%s: expected 'marker' or 'stream', and not both", called(e));
	else
		good = e->has[STREAM] ? stream_of(d, e, out) : marker_of(d, e, out);
	return good && p >= 0 && l >= 0;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static const char *digits_of(const struct entry *e)
{
	const char *text = e->value[CODE];

	return text[0] == '0' && (text[1] | 32) == 'x' ? text + 2 : text;
}

static bool code_of(struct draft *d, const struct entry *e, uint8_t out[MD_CODE_LEN])
{
	const char *text = digits_of(e);
	size_t len = strlen(text);

	if (!e->has[CODE]) {
		note(d, e->line, true, "%s: expected 'obfuscated-code'", called(e));
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (digit(text[i]) < 0) {
			note(d, e->line, true, "%s: expected a code of hex digits", called(e));
			return false;
		}
	}
	if (len != 2 * MD_CODE_LEN) {
		note(d, e->line, true, "%s: a code of %zu digits, expected exactly %d", called(e), len, 2 * MD_CODE_LEN);
		return false;
	}
	for (size_t i = 0; i < MD_CODE_LEN; i++)
		out[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
	return true;
}

static bool same_digits(const struct entry *a, const struct entry *b)
{
	const char *x = digits_of(a), *y = digits_of(b);

	while (*x && digit(*x) >= 0 && digit(*x) == digit(*y))
		x++, y++;
	return a->has[CODE] && b->has[CODE] && !*x && !*y && a->value[CODE][0];
}

// Also codes of a wrong length are compared: both defects are told at once.
static void compare(struct draft *d, unsigned at)
{
	for (unsigned i = 0; i < at; i++) {
		if (same_digits(&d->entry[i], &d->entry[at])) {
			note(d, d->entry[at].line, true, "%s has the same code as %s (line %u)", called(&d->entry[at]), called(&d->entry[i]),
				d->entry[i].line);
			return;
		}
	}
}

static void entry_take(struct draft *d, unsigned at, struct md_codebook *book)
{
	struct entry *e = &d->entry[at];
	struct md_code *code = &book->code[book->codes];
	bool good;

	if (strncmp(e->value[NAME], "OFS", 3) == 0) {
		note(d, e->line, false, "%s: read as OFC", called(e));
		e->value[NAME][2] = 'C';
	}
	good = code_of(d, e, code->code);
	good = meaning_of(d, e, &code->meaning) && good;
	compare(d, at);
	if (good)
		code->at = (uint16_t)book->codes++;
}

static void warn_small(struct draft *d, const struct md_codebook *book)
{
	for (uint32_t i = 0; i < book->codes; i++) {
		unsigned first, n = md_codebook_set(book, md_meaning_number(&book->code[i].meaning), &first);

		if (n < MD_BOOK_SET && book->by_meaning[first] == i)
			note(d, d->entry[i].line, false, "%s: %u of the %d codes a meaning should have", called(&d->entry[i]), n, MD_BOOK_SET);
	}
}

int draft_read(const char *text, size_t len, struct md_codebook *book, struct draft_notes *notes)
{
	static struct draft d; // 2 MB
	struct entry outermost = { .line = 1 };
	struct md_book_faults faults = { 0 };

	memset(notes, 0, sizeof *notes);
	memset(book, 0, sizeof *book);
	memset(&d, 0, sizeof d);
	d.notes = notes;
	drafttext_begin(&d.text, text, len);
	book->lab = true;
	while (peek(&d) != DRAFT_END) {
		outermost = (struct entry){ .line = d.text.token_line };
		items(&d, DRAFT_END, &outermost, -1, 0);
		entry_end(&d, &outermost);
	}
	for (unsigned i = 0; i < d.entries; i++)
		entry_take(&d, i, book);
	if (!d.entries)
		note(&d, d.text.line, true, "expected codes: objects with a member 'obfuscated-code'");
	md_codebook_index(book);
	if (!notes->errors) {
		warn_small(&d, book);
		md_codebook_check(book, true, &faults);
		if (faults.reasons)
			note(&d, d.text.line, true, "this does not become a codebook");
	}
	explicit_bzero(&d, sizeof d);
	if (!notes->errors)
		return 0;
	md_codebook_wipe(book);
	return -EINVAL;
}
