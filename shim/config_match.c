// SPDX-License-Identifier: BSD-3-Clause
// Questions to a configuration that was read: programs and prefixes.
#include <endian.h>
#include <string.h>

#include "config.h"

// Matches one octet against a bracket expression behind its "["; NULL if it does not match, else what is behind it. One
// that never ends stands for "[" itself.
static const char *bracket(const char *p, unsigned char c)
{
	const char *from = p;
	bool negated = *p == '!' || *p == '^', hit = false;

	for (p += negated; *p && (*p != ']' || p == from + negated); p++) {
		unsigned char low = (unsigned char)*p, high = low;

		if (p[1] == '-' && p[2] && p[2] != ']') {
			high = (unsigned char)p[2];
			p += 2;
		}
		hit |= c >= low && c <= high;
	}
	if (!*p)
		return c == '[' ? from : NULL;
	return hit != negated ? p + 1 : NULL;
}

// One element of a pattern (not "*") against one octet: what is behind the element, NULL if they do not match.
static const char *element(const char *p, unsigned char c)
{
	if (!*p)
		return NULL;
	if (*p == '?')
		return p + 1;
	if (*p == '[')
		return bracket(p + 1, c);
	if (*p == '\\' && p[1])
		p++;
	return (unsigned char)*p == c ? p + 1 : NULL;
}

bool pattern_match(const char *p, const char *name)
{
	const char *star = NULL, *retry = NULL, *next;

	while (*name) {
		if (*p == '*') {
			star = ++p;
			retry = name;
			continue;
		}
		next = element(p, (unsigned char)*name);
		if (next) {
			p = next;
			name++;
		} else if (star) { // let the last star swallow one octet more
			p = star;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return !*p;
}

/* Whether the first bits of a and b, 64 at most, are the same. */
static inline bool begin_alike(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return !bits || !(be64toh(x ^ y) >> (64 - bits));
}

bool prefix_match(const struct prefix *prefix, unsigned n, uint8_t version, const uint8_t addr[static 16])
{
	for (const struct prefix *p = prefix; p < prefix + n; p++) {
		if (p->version != version)
			continue;
		if (p->length <= 64 ? begin_alike(p->addr, addr, p->length) :
				      begin_alike(p->addr, addr, 64) && begin_alike(p->addr + 8, addr + 8, p->length - 64u))
			return true;
	}
	return false;
}

static bool served(const struct config *config, const char *program)
{
	for (unsigned i = 0; i < config->processes; i++)
		if (pattern_match(config->process[i], program))
			return true;
	return false;
}

bool config_serves(const struct config *config, const char *program)
{
	if (!config->enabled || !served(config, program))
		return false;
	for (unsigned i = 0; i < config->routes; i++) {
		const struct route *r = &config->route[i];

		if (r->mode != MODE_OFF && (!r->process[0] || pattern_match(r->process, program)))
			return true;
	}
	return false;
}
