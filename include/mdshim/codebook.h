/* SPDX-License-Identifier: BSD-3-Clause
 *
 * codebook.h - a book of OFC codes and AUTH keys (codebook format): the rules it has to keep, and how a code is found.
 *
 * Pure, like wire.h: no I/O, clock, heap, errno, log or global state. The JSON document is read and written elsewhere;
 * here a book is a structure of fixed size, some 150 KB, which belongs in static memory or on the heap. A book is a
 * secret: whoever frees one wipes it first. */
#ifndef MDSHIM_CODEBOOK_H
#define MDSHIM_CODEBOOK_H

#include <mdshim/wire.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	MD_BOOK_CODES = 4096,        /* what every router must accept */
	MD_BOOK_OCTETS = 1048576,    /* of a document, the same */
	MD_BOOK_KEYS = 256,          /* one per KeyID */
	MD_BOOK_COLOURS = 4,
	MD_BOOK_SET = 5,             /* codes in the smallest set */
	MD_BOOK_DOMAIN = 65,         /* octets of a domain's name with its NUL */
	MD_BOOK_FAULTS = 16,         /* reasons in an answer */
	MD_KEY_LIFE = 32768,         /* seconds a key may be valid: the Timestamp repeats (wire format, 5.10) */
	MD_KEYID_REST = 65536,       /* seconds before a KeyID may name another key */
	MD_BOOK_GRACE = 30           /* seconds a router allows before notBefore and beyond notAfter */
};

/* Why a book was refused, in alphabetical order of the texts. */
#define MD_BOOK_REASONS(X)                                                                               \
	X(BOOK_OLD, "book-old") X(CODE_CONFLICT, "code-conflict") X(CODE_DIGITS, "code-digits")          \
	X(CODE_DUPLICATE, "code-duplicate") X(COLOUR, "colour") X(DOMAIN, "domain") X(EMPTY, "empty")    \
	X(EXPIRED, "expired") X(FIELD, "field") X(FORMAT, "format") X(KEY_ALG, "key-alg")                \
	X(KEY_CONFLICT, "key-conflict") X(KEY_COVER, "key-cover") X(KEY_DUPLICATE, "key-duplicate")      \
	X(KEY_LENGTH, "key-length") X(KEY_TIME, "key-time") X(LAB, "lab")                                \
	X(PREFIX_DUPLICATE, "prefix-duplicate") X(ROLE, "role") X(SET_MISSING, "set-missing")            \
	X(SET_SMALL, "set-small") X(SIZE, "size") X(TIME, "time") X(VALUE, "value")

enum md_book_reason {
#define MD_BOOK_REASON_ENUM(name, text) MD_B_##name,
	MD_BOOK_REASONS(MD_BOOK_REASON_ENUM)
#undef MD_BOOK_REASON_ENUM
	MD_BOOK_REASON_COUNT
};

/* The text of a reason, "?" outside the enumeration; static. */
const char *md_book_reason_name(enum md_book_reason reason);

/* All reasons found, and the places of the first ones. Zero at first. A place never tells a code or a key. */
enum md_book_part { MD_BOOK_WHOLE, MD_BOOK_CODE, MD_BOOK_KEY };
struct md_book_faults {
	uint32_t reasons;            /* bit (1 << enum md_book_reason) */
	unsigned count;              /* of at[] */
	struct {
		enum md_book_reason reason;
		enum md_book_part part;
		unsigned index;      /* in the document's list */
		const char *member;  /* static text, or NULL */
	} at[MD_BOOK_FAULTS];
};

/* Notes a fault. */
void md_book_fault(struct md_book_faults *faults, enum md_book_reason reason, enum md_book_part part, size_t index,
	const char *member);

/* EDGE, "start or end, not told apart", occurs in lab books only. */
enum md_role { MD_ROLE_START, MD_ROLE_MIDDLE, MD_ROLE_END, MD_ROLE_ONLY, MD_ROLE_EDGE, MD_ROLE_COUNT };

const char *md_role_name(enum md_role role); /* "?" outside the enumeration */
int md_role_parse(const char *name);         /* -1 for anything else */

/* What a code says. Frame entry (s = 0): role, colour, d, p, l; stream entry (s = 1): stream, p, l; others are 0. */
struct md_meaning {
	uint8_t s, role, colour, stream, d, p, l, spare;
};

/* A number for every meaning, below MD_MEANINGS, or -1 for one that cannot be: the sets of one (d, p, l) follow each
 * other, role by role and colour by colour, so that the sets of role "only" of all colours are one run. */
enum { MD_MEANINGS = 8192, MD_MEANING_STREAM = 4096 };
int md_meaning_number(const struct md_meaning *m);
struct md_meaning md_meaning_of(unsigned number);

struct md_code {
	uint8_t code[MD_CODE_LEN];
	struct md_meaning meaning;
	uint16_t at;         /* position in the document's list */
	bool faulty;         /* a fault was noted: it counts where codes are compared, not in its set */
};

struct md_book_key {
	struct md_key key;
	int64_t not_before, not_after;
	uint16_t at;
};

/* Seconds count from 1970-01-01 UTC. */
struct md_codebook {
	char domain[MD_BOOK_DOMAIN];
	uint32_t book;       /* epoch id */
	int64_t not_before, not_after;
	uint32_t bq_unit;    /* 0: the domain's */
	bool legacy16, lab;
	uint32_t codes, keys;
	struct md_code code[MD_BOOK_CODES];
	struct md_book_key key[MD_BOOK_KEYS];
	/* Made by md_codebook_index(): positions of code[], in the order of the codes, and of the meanings. */
	uint16_t by_code[MD_BOOK_CODES], by_meaning[MD_BOOK_CODES];
};

/* Whether a text of len octets is the name of a domain. */
bool md_domain_good(const char *name, size_t len);

/* Makes the indexes. Whoever changes codes calls it before one of the functions below. */
void md_codebook_index(struct md_codebook *book);

/* The rules over the whole of an indexed book, found faults added to *faults. */
void md_codebook_check(const struct md_codebook *book, bool lab_allowed, struct md_book_faults *faults);

/* What a book may not change that is live together with another of its domain; both indexed. */
void md_codebook_compare(const struct md_codebook *book, const struct md_codebook *live, struct md_book_faults *faults);

/* The code, or NULL. legacy: only the first MD_LEGACY_CODE_LEN octets are given; only a book with legacy16 has such. */
const struct md_code *md_codebook_find(const struct md_codebook *book, const uint8_t *code, bool legacy);

/* A run of by_meaning[] with one meaning number: how many, *first is where. */
unsigned md_codebook_set(const struct md_codebook *book, int meaning, unsigned *first);

/* How many colours the frame entries use: 1 more than the greatest; 0 without frame entries. */
unsigned md_codebook_colours(const struct md_codebook *book);

/* Whether a sender may use the book, and whether a router decodes it. */
bool md_codebook_usable(const struct md_codebook *book, int64_t now);
bool md_codebook_decodes(const struct md_codebook *book, int64_t now);

/* Overwrites it so that no compiler leaves it out. */
void md_codebook_wipe(struct md_codebook *book);

#ifdef __cplusplus
}
#endif
#endif
