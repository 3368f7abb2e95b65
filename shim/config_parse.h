/* SPDX-License-Identifier: BSD-3-Clause
 *
 * config_parse.h - what the files of the configuration reader share; nobody else includes it. */
#ifndef MD_CONFIG_PARSE_H
#define MD_CONFIG_PARSE_H

#include "config.h"

/* Sections; those from SECTION_ROUTER on have a name of their own and may occur more than once. */
#define SECTIONS(X)                                                                                       \
	X(SHIM, "shim") X(AUTH, "auth") X(OPTION, "option") X(PAYLOAD, "payload") X(EXTENSION, "extension") \
	X(CLASSIFIER, "classifier") X(STUN, "stun") X(ROUTER, "router") X(ROUTE, "route") X(POLICY, "policy")
enum section {
#define SECTION_ENUM(name, text) SECTION_##name,
	SECTIONS(SECTION_ENUM)
#undef SECTION_ENUM
	SECTION_COUNT,
	SECTION_NONE,           /* before the first one */
	SECTION_REFUSED         /* one that drew an error; its keys are passed over */
};

enum { KEYS_MAX = 80 };

/* What a value parser found. */
enum parsed {
	PARSED,
	NOT_EXPECTED,           /* not what the table says is expected: the caller reports it */
	REPORTED                /* the parser has reported what is wrong itself */
};

struct parse;

struct key {
	enum section section;
	const char *name;
	enum parsed (*parse)(struct parse *p, const struct key *key, void *into, const char *value);
	size_t offset, size;    /* of what it fills, in the structure of its section */
	uint64_t low, high;     /* of numbers */
	const char *expected;
};
extern const struct key keys[];
extern const char *const section_names[SECTION_COUNT];

/* Names a route gives before what they name may be known. */
struct pending {
	int line, router_line, policy_line, stun_line;
	char router[CONFIG_NAME], policy[CONFIG_NAME];
};

/* One run of the reader. */
struct parse {
	struct config *config;
	struct config_errors *errors;
	const char *text;
	size_t len, at;
	int line;

	enum section section;
	int section_line;
	char label[CONFIG_NAME + 16]; /* "[route video]" */
	const char *key;              /* being read */
	void *base;                   /* what the keys of the section fill */
	int seen[KEYS_MAX];           /* line of each key in this section */
	bool good[KEYS_MAX];          /* it had a value that is used */
	int seen_payload[128];

	int first[SECTION_COUNT];     /* line of the sections without a name */
	int router_line[CONFIG_ROUTERS + 1], policy_line[CONFIG_POLICIES + 1];
	struct pending pending[CONFIG_ROUTES + 1];
	int auth_line, key_line, stun_type_line, mids_line;
	struct router spare_router;   /* filled in place of one too many, so that its keys are checked too */
	struct route spare_route;
	struct policy spare_policy;
	char file[2 * MD_TOKEN_MAX + 4];
};

/* Keeps an error, or a warning, whose text is the strings up to NULL one after another, cut where it is too long. */
void parse_error(struct parse *p, int line, ...) __attribute__((sentinel));
void parse_warning(struct parse *p, int line, ...) __attribute__((sentinel));

/* The error every bad value gets: "[route video] mode: expected ..., found "..."". Returns REPORTED. */
enum parsed parse_expected(struct parse *p, const char *expected, const char *found);

/* Puts the errors in the order of their lines. */
void parse_sort(struct parse *p);

/* Whether the section's key of that name was given, with any value, and with a good one. */
int parse_seen(const struct parse *p, const char *name);
bool parse_good(const struct parse *p, const char *name);

/* Reads a section header and begins the section; false if the line is none. The line has its NUL, no newline. */
bool parse_header(struct parse *p, const char *text);

/* What was found, fit to be printed: cut, and without octets that a terminal would obey. */
const char *quoted(const char *found, char text[static 72]);

/* At the end of a section, and of the file: what is missing, what contradicts itself. */
void parse_section_end(struct parse *p);
void parse_end(struct parse *p);

/* The table of classifier, section 6. */
void policy_standard(struct policy *policy);

/* The route's place in parse.pending; the last for the spare one. */
struct pending *parse_pending(struct parse *p, const struct route *route);

/* Text and its parts. A list is cut at commas; false at its end, or (*too_long) where an item does not fit. */
const char *decimal(uint64_t value, char text[static 24]);
bool number(const char *text, uint64_t *value);
bool next_item(const char **at, char *item, size_t room, bool *too_long);
int hex_octets(const char *text, size_t len, uint8_t *octets, size_t room); /* -1, or how many */
bool address_read(const char *text, uint8_t *version, uint8_t addr[16]);

typedef enum parsed parser(struct parse *p, const struct key *key, void *into, const char *value);
parser parse_bool, parse_word, parse_number, parse_path, parse_algorithm, parse_cover, parse_format, parse_row, parse_patterns,
	parse_pattern, parse_carries, parse_reference, parse_stun_type, parse_stun_token, parse_token, parse_token_file,
	parse_domain, parse_engines, parse_address, parse_prefixes, parse_ports, parse_numbers, parse_mids;

/* Reads a file of hex digits into octets; returns how many, or -errno, -EINVAL if it is not that. mode receives the
 * file's permissions. */
int hex_file_read(struct parse *p, const char *path, uint8_t *octets, size_t low, size_t high, unsigned *mode);

#endif
