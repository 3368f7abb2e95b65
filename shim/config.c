// SPDX-License-Identifier: BSD-3-Clause
// shim.conf: inih takes lines apart into keys and values, the table says what they may be. Section headers are read
// here, since inih cuts long names and does not tell of a section without keys.
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <mdshim/broker.h>

#include "config_parse.h"

#define INI_HANDLER_LINENO 1 /* as Debian builds it */
#include <ini.h>

enum { LINE_MAX_OCTETS = 4000 };

// inih's line buffer; its three heap calls are bound to these when the library is linked.
void *ini_malloc(size_t size);
void *ini_realloc(void *old, size_t size);
void ini_free(void *p);

static char line_buffer[LINE_MAX_OCTETS + 3];

void *ini_malloc(size_t size)
{
	return size <= sizeof line_buffer ? line_buffer : NULL;
}

void *ini_realloc(void *old, size_t size)
{
	return size <= sizeof line_buffer ? old : NULL;
}

void ini_free(void *p)
{
	explicit_bzero(p, sizeof line_buffer); // a token may have stood in it
}

// --- Keys ---

static const struct key *key_find(enum section section, const char *name)
{
	for (unsigned i = 0; i < config_key_count; i++)
		if (keys[i].section == section && (section == SECTION_PAYLOAD || strcmp(keys[i].name, name) == 0))
			return &keys[i];
	return NULL;
}

int parse_seen(const struct parse *p, const char *name)
{
	return p->seen[key_find(p->section, name) - keys];
}

bool parse_good(const struct parse *p, const char *name)
{
	return p->good[key_find(p->section, name) - keys];
}

static void key_unknown(struct parse *p, const char *name)
{
	char found[72], names[256] = "";
	size_t at = 0;

	for (unsigned i = 0; i < config_key_count; i++) {
		size_t len = strlen(keys[i].name);

		if (keys[i].section != p->section || at + len + 3 > sizeof names)
			continue;
		memcpy(names + at, at ? ", " : "", at ? 2 : 0);
		at += at ? 2 : 0;
		memcpy(names + at, keys[i].name, len + 1);
		at += len;
	}
	parse_error(p, p->line, p->label, " has no key \"", quoted(name, found), "\"; expected ", names, NULL);
}

// Notes the line of a key; false if it was there before. Payload types are keys of one entry in the table.
static bool key_first(struct parse *p, const struct key *key, const char *name, uint64_t type)
{
	int *seen = key->section == SECTION_PAYLOAD ? &p->seen_payload[type] : &p->seen[key - keys];
	char line[24];

	if (*seen) {
		parse_error(p, p->line, p->label, " ", name, ": expected once, found again; it is in line ",
			decimal((uint64_t)*seen, line), " already", NULL);
		return false;
	}
	*seen = p->line;
	return true;
}

static int on_key(void *user, const char *section, const char *name, const char *value, int line)
{
	struct parse *p = user;
	char found[72];
	const struct key *key;
	uint64_t type = 0;

	(void)section, (void)line;
	if (p->section == SECTION_REFUSED)
		return 1;
	if (p->section == SECTION_NONE) {
		parse_error(p, p->line, "expected a section such as [shim] first, found \"", quoted(name, found), "\"", NULL);
		return 1;
	}
	if (!value) {
		parse_error(p, p->line, p->label, ": expected key = value, found \"", quoted(name, found), "\"", NULL);
		return 1;
	}
	key = key_find(p->section, name);
	if (!key) {
		key_unknown(p, name);
		return 1;
	}
	p->key = name;
	if (p->section == SECTION_PAYLOAD && (!number(name, &type) || type > 127)) {
		parse_error(p, p->line, p->label, " expected a payload type from 0 to 127 as key, found \"", quoted(name, found),
			"\"", NULL);
		return 1;
	}
	if (!key_first(p, key, name, type))
		return 1;
	switch (key->parse(p, key, (char *)p->base + key->offset, value)) {
	case PARSED: p->good[key - keys] = true; break;
	case NOT_EXPECTED: parse_expected(p, key->expected, value); break;
	case REPORTED: break;
	}
	return 1; // inih would keep silent about further lines without "=" after a 0
}

// --- Lines ---

// Like fgets(), for inih. What inih would not take as we do is dealt with here, and an empty line handed on.
static char *next_line(char *str, int num, void *stream)
{
	struct parse *p = stream;
	const char *from = p->text + p->at, *end;
	char limit[24];
	size_t len;

	if (p->at >= p->len)
		return NULL;
	end = memchr(from, '\n', p->len - p->at);
	len = end ? (size_t)(end - from) : p->len - p->at;
	p->at += len + (end ? 1 : 0);
	p->line++;
	if (!end)
		parse_error(p, p->line, "expected a newline at the end of the last line: the file may be cut short", NULL);
	strcpy(str, "\n");
	if (memchr(from, '\0', len)) {
		parse_error(p, p->line, "expected text, found a NUL octet", NULL);
	} else if (len > LINE_MAX_OCTETS || len + 2 > (size_t)num) {
		parse_error(p, p->line, "expected at most ", decimal(LINE_MAX_OCTETS, limit), " octets in a line", NULL);
	} else {
		memcpy(str, from, len);
		str[len] = '\0';
		if (parse_header(p, str))
			strcpy(str, "\n");
	}
	return str;
}

static void defaults(struct config *config)
{
	memset(config, 0, offsetof(struct config, route)); // a route is cleared when it begins: untouched pages cost nothing
	config->routes = 0;
	config->enabled = config->auth = true;
	strcpy(config->process[0], "*");
	config->processes = 1;
	strcpy(config->stats_dir, "/run/mdshim");
	strcpy(config->publish_dir, "/run/mdshim/books");
	strcpy(config->broker_socket, MD_BROKER_SOCKET);
	memcpy(config->engine, (uint8_t[]){ MD_ENGINE_PATCH, MD_ENGINE_NFT, MD_ENGINE_RAW }, 3);
	config->engines = 3;
	config->flows = 100000;
	config->sockets = 4096;
	config->key.keyid = 1;
	config->not_after = INT64_MAX;
	config->ids = (struct md_ids)MD_IDS_DEFAULT;
	config->bq_unit = MD_BQ_UNIT;
	reading_defaults(&config->reading);
	policy_standard(&config->policy[0]);
	config->policies = 1;
}

int config_parse(const char *text, size_t len, struct config *config, struct config_errors *errors)
{
	static struct parse p;
	int saved = errno;

	memset(&p, 0, sizeof p);
	errors->count = errors->warnings = 0;
	defaults(config);
	p.config = config;
	p.errors = errors;
	p.text = text;
	p.len = len;
	p.section = SECTION_NONE;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		p.at = 3; // the mark some editors put in front of UTF-8
	ini_use_stack = ini_allow_realloc = ini_allow_multiline = ini_allow_bom = ini_stop_on_first_error = false;
	ini_allow_no_value = ini_allow_inline_comments = true;
	ini_max_line = ini_initial_alloc = sizeof line_buffer;
	if (ini_parse_stream(next_line, &p, on_key, &p) < 0)
		parse_error(&p, 0, "no memory for a line", NULL);
	parse_section_end(&p);
	parse_end(&p);
	parse_sort(&p);
	explicit_bzero(&p.spare_route, sizeof p.spare_route);
	if (errors->count)
		explicit_bzero(config, sizeof *config);
	errno = saved;
	return errors->count ? -EINVAL : 0;
}
