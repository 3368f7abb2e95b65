// SPDX-License-Identifier: BSD-3-Clause
#include "drafttext.h"

#include <string.h>

void drafttext_begin(struct drafttext *t, const char *text, size_t len)
{
	memset(t, 0, sizeof *t);
	t->at = text;
	t->end = text + len;
	t->line = 1;
}

// Octets of the quotation mark that stands here, 0: none. U+201C to U+201F in UTF-8 are the typographic ones.
static size_t quote(const struct drafttext *t)
{
	if (t->at == t->end)
		return 0;
	if (*t->at == '"')
		return 1;
	return t->end - t->at >= 3 && memcmp(t->at, "\xe2\x80", 2) == 0 && ((unsigned char)t->at[2] & 0xfc) == 0x9c ? 3 : 0;
}

static int bad(struct drafttext *t, const char *problem)
{
	t->problem = problem;
	return t->kind = DRAFT_BAD;
}

static int word_end(struct drafttext *t, const char *from, size_t len)
{
	if (len >= DRAFT_WORD)
		return bad(t, "a word is longer than 63 octets");
	memcpy(t->word, from, len);
	t->word[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (t->word[i] < 0x20 || t->word[i] > 0x7e)
			return bad(t, "a word holds something else than printable ASCII");
	return t->kind = DRAFT_TEXT;
}

static int quoted(struct drafttext *t, size_t mark)
{
	const char *from = t->at += mark;
	size_t len;

	while (t->at < t->end && *t->at != '\n' && !quote(t))
		t->at++;
	len = (size_t)(t->at - from);
	if (!quote(t))
		return bad(t, "a quotation mark is not closed in its line");
	t->at += quote(t);
	return word_end(t, from, len);
}

static int bare(struct drafttext *t)
{
	const char *from = t->at;

	while (t->at < t->end && !strchr(" \t\r\n{}[]:,", *t->at) && !quote(t))
		t->at++;
	if (t->at == from) // a NUL octet
		t->at++;
	return word_end(t, from, (size_t)(t->at - from));
}

int drafttext_next(struct drafttext *t)
{
	size_t mark;

	while (t->at < t->end && *t->at && strchr(" \t\r\n", *t->at))
		t->line += *t->at++ == '\n';
	t->token_line = t->line;
	if (t->at == t->end)
		return t->kind = DRAFT_END;
	if (*t->at && strchr("{}[]:,", *t->at))
		return t->kind = (unsigned char)*t->at++;
	mark = quote(t);
	return mark ? quoted(t, mark) : bare(t);
}
