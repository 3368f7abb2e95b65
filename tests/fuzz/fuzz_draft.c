// SPDX-License-Identifier: BSD-3-Clause
// Any octets as a codebook in the draft's text form: no crash, an error exactly when it is refused, what is taken keeps the rules
// of a lab book, and lines are lines of the text.
#include <string.h>

#include "../../provisioner/mdctl/draft.h"

#define HOLDS(x) do { if (!(x)) __builtin_trap(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct md_codebook book;
static struct draft_notes notes;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct md_book_faults faults = { 0 };
	unsigned lines = 1;
	int err = draft_read((const char *)data, size, &book, &notes);

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	HOLDS((err == 0) == (notes.errors == 0));
	HOLDS(notes.kept <= DRAFT_NOTES && notes.kept <= notes.errors + notes.warnings);
	for (unsigned i = 0; i < notes.kept; i++)
		HOLDS(notes.note[i].line >= 1 && notes.note[i].line <= lines && strlen(notes.note[i].text) < sizeof notes.note[i].text);
	if (err) {
		HOLDS(book.codes == 0);
		return 0;
	}
	HOLDS(book.lab && book.codes >= 1 && book.codes <= MD_BOOK_CODES);
	md_codebook_check(&book, true, &faults);
	HOLDS(!faults.reasons);
	return 0;
}
