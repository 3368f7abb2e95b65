// SPDX-License-Identifier: BSD-3-Clause
// Sections of shim.conf: their headers, their places in struct config, and what each must hold in the end.
#include <string.h>

#include "config_parse.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool name_octet(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

// --- Places ---

static int router_begin(struct parse *p, const char *name)
{
	struct config *c = p->config;
	unsigned n = c->routers;
	struct router *r = n < CONFIG_ROUTERS ? &c->router[n] : &p->spare_router;
	char limit[24];

	for (unsigned i = 0; i < n; i++)
		if (strcmp(c->router[i].name, name) == 0)
			return p->router_line[i];
	if (n < CONFIG_ROUTERS)
		p->router_line[c->routers++] = p->line;
	else
		parse_error(p, p->line, "expected at most ", decimal(CONFIG_ROUTERS, limit), " routers", NULL);
	memset(r, 0, sizeof *r);
	strcpy(r->name, name);
	r->domain = -1;
	r->mtu = 1500;
	r->ttl = 64;
	p->base = r;
	return 0;
}

static int route_begin(struct parse *p, const char *name)
{
	struct config *c = p->config;
	unsigned n = c->routes;
	struct route *r = n < CONFIG_ROUTES ? &c->route[n] : &p->spare_route;
	char limit[24];

	for (unsigned i = 0; i < n; i++)
		if (strcmp(c->route[i].name, name) == 0)
			return p->pending[i].line;
	if (n < CONFIG_ROUTES)
		c->routes++;
	else
		parse_error(p, p->line, "expected at most ", decimal(CONFIG_ROUTES, limit), " routes", NULL);
	memset(r, 0, sizeof *r);
	strcpy(r->name, name);
	r->router = -1;
	r->domain = -1;
	r->carries = CARRIES_RTP;
	r->token_count = 3;
	p->base = r;
	parse_pending(p, r)->line = p->line;
	return 0;
}

void policy_standard(struct policy *policy)
{
	static const struct policy standard = { .name = "default", .row = {
		[CLASS_KEY] = { 1, 1, 1 }, [CLASS_BASE] = { 2, 1, 1 }, [CLASS_ENHANCEMENT] = { 3, 2, 2 },
		[CLASS_DISCARDABLE] = { 3, 3, 2 }, [CLASS_AUDIO] = { 1, 1, 2 }, [CLASS_REPAIR] = { 0, 2, 2 },
		[CLASS_UNKNOWN] = { 0, 2, 0 },
	} };

	*policy = standard;
}

static int policy_begin(struct parse *p, const char *name)
{
	struct config *c = p->config;
	unsigned n = c->policies;
	struct policy *to = n < CONFIG_POLICIES ? &c->policy[n] : &p->spare_policy;
	char limit[24];

	for (unsigned i = 0; i < n; i++)
		if (strcmp(c->policy[i].name, name) == 0 && p->policy_line[i])
			return p->policy_line[i];
	if (strcmp(name, "default") == 0) {
		p->policy_line[0] = p->line;
		p->base = &c->policy[0];
		return 0;
	}
	if (n < CONFIG_POLICIES)
		p->policy_line[c->policies++] = p->line;
	else
		parse_error(p, p->line, "expected at most ", decimal(CONFIG_POLICIES, limit), " policies", NULL);
	policy_standard(to);
	strcpy(to->name, name);
	p->base = to;
	return 0;
}

struct pending *parse_pending(struct parse *p, const struct route *route)
{
	return &p->pending[route == &p->spare_route ? CONFIG_ROUTES : route - p->config->route];
}

// --- Headers ---

// Begins the section; the line of an earlier one of the same name, or 0.
static int place(struct parse *p, const char *name)
{
	int first;

	p->base = p->config;
	switch (p->section) {
	case SECTION_ROUTER: return router_begin(p, name);
	case SECTION_ROUTE: return route_begin(p, name);
	case SECTION_POLICY: return policy_begin(p, name);
	default:
		first = p->first[p->section];
		p->first[p->section] = first ? first : p->line;
		return first;
	}
}

static void begin(struct parse *p, enum section section, const char *name)
{
	char line[24];
	int first;

	p->section = section;
	p->section_line = p->line;
	memset(p->seen, 0, sizeof p->seen);
	memset(p->good, 0, sizeof p->good);
	strcpy(p->label, "[");
	strcat(p->label, section_names[section]);
	strcat(p->label, *name ? " " : "");
	strcat(p->label, name);
	strcat(p->label, "]");
	first = place(p, name);
	if (first) {
		p->section = SECTION_REFUSED;
		parse_error(p, p->line, p->label, ": expected once, found again; it is in line ", decimal((uint64_t)first, line),
			" already", NULL);
	}
}

static enum section section_find(const char *word, size_t len)
{
	for (unsigned i = 0; i < SECTION_COUNT; i++)
		if (strlen(section_names[i]) == len && memcmp(section_names[i], word, len) == 0)
			return (enum section)i;
	return SECTION_REFUSED;
}

// Cuts the name out of "word NAME]"; false if it is none that may be.
static bool name_read(const char *from, const char *to, char name[static CONFIG_NAME])
{
	size_t len;

	while (from < to && blank(*from))
		from++;
	while (to > from && blank(to[-1]))
		to--;
	len = (size_t)(to - from);
	if (len == 0 || len >= CONFIG_NAME)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!name_octet(from[i]))
			return false;
	memcpy(name, from, len);
	name[len] = '\0';
	return true;
}

// What is wrong with a header, NULL if nothing is; *section and name receive it.
static const char *header_read(const char *text, enum section *section, char name[static CONFIG_NAME])
{
	const char *end = strchr(text, ']'), *word = text + 1, *rest;
	size_t len = 0;

	if (!end)
		return "expected ] at the end of a section header";
	for (rest = end + 1; blank(*rest); rest++)
		;
	if (*rest && *rest != ';' && *rest != '#')
		return "expected nothing but a comment behind ]";
	while (blank(*word))
		word++;
	while (word + len < end && !blank(word[len]))
		len++;
	*section = section_find(word, len);
	if (*section == SECTION_REFUSED)
		return "expected one of the sections shim, auth, option, payload, extension, classifier, stun, router NAME, "
		       "route NAME and policy NAME";
	name[0] = '\0';
	for (rest = word + len; rest < end && blank(*rest); rest++)
		;
	if (*section < SECTION_ROUTER)
		return rest == end ? NULL : "expected no name in the header of this section";
	if (!name_read(word + len, end, name))
		return "expected a name of 1 to 63 letters, digits, dots, underscores and hyphens in the section header";
	return NULL;
}

bool parse_header(struct parse *p, const char *text)
{
	char name[CONFIG_NAME], found[72];
	enum section section;
	const char *wrong;

	while (blank(*text))
		text++;
	if (*text != '[')
		return false;
	parse_section_end(p);
	wrong = header_read(text, &section, name);
	if (wrong) {
		p->section = SECTION_REFUSED;
		parse_error(p, p->line, wrong, ", found \"", quoted(text, found), "\"", NULL);
	} else {
		begin(p, section, name);
	}
	return true;
}
