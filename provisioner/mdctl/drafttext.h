// SPDX-License-Identifier: BSD-3-Clause
// drafttext.h - words and marks of the draft's text form of codebooks (codebook format, section 8), with their lines.
#ifndef MDCTL_DRAFTTEXT_H
#define MDCTL_DRAFTTEXT_H

#include <stddef.h>

enum { DRAFT_WORD = 64 }; // octets of the longest word, its NUL included

// The marks { } [ ] : , stand for themselves.
enum { DRAFT_END = 256, DRAFT_TEXT, DRAFT_BAD };

struct drafttext {
	const char *at, *end;
	unsigned line;
	// The token last read:
	int kind;
	unsigned token_line;
	char word[DRAFT_WORD]; // of DRAFT_TEXT
	const char *problem;   // of DRAFT_BAD, static text
};

void drafttext_begin(struct drafttext *t, const char *text, size_t len);

// Reads the next token and returns its kind. Quotation marks may be straight or typographic, or missing. Behind the end it
// stays DRAFT_END; a DRAFT_BAD was read over.
int drafttext_next(struct drafttext *t);

#endif
