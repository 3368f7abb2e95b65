/* SPDX-License-Identifier: BSD-3-Clause
 *
 * bookjson.h - a codebook as its JSON document (codebook format, section 3), read strictly and written. Shared by
 * provisioner and router. */
#ifndef MD_BOOKJSON_H
#define MD_BOOKJSON_H

#include <jansson.h>
#include <mdshim/codebook.h>

/* Reads a document and keeps every rule that needs nothing but the document; the book is indexed then. 0; or -EINVAL with
 * *faults filled, or -ENOMEM, and then the book is wiped. */
int bookjson_read(const char *text, size_t len, bool lab_allowed, struct md_codebook *book, struct md_book_faults *faults);

/* The document, one code or key to a line, NUL-terminated, *len octets, to be given back with bookjson_free(). NULL without
 * memory. */
char *bookjson_write(const struct md_codebook *book, size_t *len);

/* Wipes and frees a text. */
void bookjson_free(char *text, size_t len);

/* "codes[7].c" and the like, for answers and logs; "" for the document as a whole. */
const char *bookjson_place(const struct md_book_faults *faults, unsigned i, char text[static 48]);

/* The list "reasons" of an answer: every reason once at least, in alphabetical order, 16 entries at most. */
json_t *bookjson_reasons(const struct md_book_faults *faults);

/* Sees to it that jansson wipes every block it frees. Once, before anything else of jansson's is called. */
void bookjson_secrecy(void);

/* Hex digits: how many octets, or -1 if the text is not that, or they do not fit. */
int bookjson_octets(const char *hex, size_t digits, uint8_t *out, size_t room);

#endif
