// SPDX-License-Identifier: BSD-3-Clause
// mdctl import: codebooks of the draft's Appendix A.3 as documents of this project, for a laboratory.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bookjson.h"
#include "command.h"
#include "draft.h"

struct wish {
	const char *file, *domain;
	long long book, not_before, not_after; // -1: not said
};

static bool number(const char *text, long long low, long long high, long long *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *out >= low && *out <= high;
}

static int arguments(struct wish *w, int argc, char **argv)
{
	const long long last = 1LL << 53;

	*w = (struct wish){ NULL, "lab", -1, -1, -1 };
	for (int i = 1; i < argc; i++) {
		const char *more = i + 1 < argc ? argv[i + 1] : "";
		bool good = true;

		if (strcmp(argv[i], "--domain") == 0)
			good = md_domain_good(w->domain = more, strlen(more));
		else if (strcmp(argv[i], "--book") == 0)
			good = number(more, 1, UINT32_MAX, &w->book);
		else if (strcmp(argv[i], "--not-before") == 0)
			good = number(more, 0, last, &w->not_before);
		else if (strcmp(argv[i], "--not-after") == 0)
			good = number(more, 1, last, &w->not_after);
		else if (!w->file && (argv[i][0] != '-' || !argv[i][1])) {
			w->file = argv[i];
			continue;
		} else {
			complain("%s: expected one of the arguments below", argv[i]);
			return EXIT_USAGE;
		}
		if (!good) {
			complain("%s '%s': expected what stands below", argv[i], more);
			return EXIT_USAGE;
		}
		i++;
	}
	if (!w->file)
		complain("expected a FILE");
	return w->file ? 0 : EXIT_USAGE;
}

// At most a document's length, and one octet more. NULL after a complaint.
static char *file_text(const char *path, size_t *len)
{
	FILE *from = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text = malloc(MD_BOOK_OCTETS + 1);

	if (!from || !text) {
		complain("%s: %s", path, strerror(errno));
		free(text);
		text = NULL;
	} else {
		setvbuf(from, NULL, _IONBF, 0); // no second copy of the codes
		*len = fread(text, 1, MD_BOOK_OCTETS + 1, from);
		if (ferror(from) || *len > MD_BOOK_OCTETS) {
			complain("%s: %s", path, ferror(from) ? strerror(errno) : "expected at most 1 MiB");
			bookjson_free(text, *len);
			text = NULL;
		}
	}
	if (from && from != stdin)
		fclose(from);
	return text;
}

static void tell(const char *path, const struct draft_notes *notes)
{
	for (unsigned i = 0; i < notes->kept; i++)
		fprintf(stderr, "%s:%u: %s: %s\n", path, notes->note[i].line, notes->note[i].error ? "error" : "warning", notes->note[i].text);
	fprintf(stderr, "%s: %u errors, %u warnings%s\n", path, notes->errors, notes->warnings,
		notes->errors + notes->warnings > notes->kept ? ", not all of them shown" : "");
}

static int print(struct md_codebook *book, const struct wish *w)
{
	size_t len;
	char *text;
	bool written;

	strcpy(book->domain, w->domain);
	book->not_before = w->not_before >= 0 ? w->not_before : (long long)time(NULL);
	book->not_after = w->not_after >= 0 ? w->not_after : book->not_before + 600;
	book->book = (uint32_t)(w->book > 0 ? w->book : book->not_before);
	if (book->not_after <= book->not_before)
		return complain("expected --not-after to be later than --not-before");
	if (!book->book)
		return complain("expected --book");
	text = bookjson_write(book, &len);
	written = text && fwrite(text, 1, len, stdout) == len && fflush(stdout) == 0;
	if (text)
		bookjson_free(text, len);
	return written ? 0 : complain("standard output cannot be written");
}

int command_import(int argc, char **argv)
{
	static struct md_codebook book;
	static struct draft_notes notes;
	static char out[1 << 16];
	struct wish w;
	size_t len;
	char *text;
	int status = arguments(&w, argc, argv);

	if (status)
		return status;
	bookjson_secrecy();
	setvbuf(stdout, out, _IOFBF, sizeof out);
	text = file_text(w.file, &len);
	if (!text)
		return 1;
	status = draft_read(text, len, &book, &notes) < 0;
	bookjson_free(text, len);
	tell(w.file, &notes);
	if (!status)
		status = print(&book, &w);
	md_codebook_wipe(&book);
	fflush(stdout);
	explicit_bzero(out, sizeof out);
	return status;
}
