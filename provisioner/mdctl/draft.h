// SPDX-License-Identifier: BSD-3-Clause
// draft.h - reads codebooks in the loose text form of the draft's Appendix A.3 as lab books (codebook format, section 8).
#ifndef MDCTL_DRAFT_H
#define MDCTL_DRAFT_H

#include <mdshim/codebook.h>

enum { DRAFT_NOTES = 128 };

// What was met, in the order it was met. Texts never hold a code.
struct draft_notes {
	unsigned errors, warnings; // all, also those not kept
	unsigned kept;
	struct draft_note {
		unsigned line;
		bool error;
		char text[200];
	} note[DRAFT_NOTES];
};

// Codes become entries of *book, which is a lab book; its name, number and times are the caller's. 0, or -EINVAL with errors in
// *notes, and then the book is wiped.
int draft_read(const char *text, size_t len, struct md_codebook *book, struct draft_notes *notes);

#endif
