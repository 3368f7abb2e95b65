// SPDX-License-Identifier: BSD-3-Clause
// Values of shim.conf that say what a route is: addresses, prefixes, ports, programs, payloads, names, tokens.
#include <arpa/inet.h>
#include <string.h>

#include <mdshim/stats.h>

#include "config_parse.h"

static bool zero(const uint8_t *octets, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (octets[i])
			return false;
	return true;
}

static bool mapped(const uint8_t addr[16])
{
	return zero(addr, 10) && addr[10] == 0xff && addr[11] == 0xff;
}

bool address_read(const char *text, uint8_t *version, uint8_t addr[16])
{
	memset(addr, 0, 16);
	*version = inet_pton(AF_INET, text, addr) == 1 ? 4 : inet_pton(AF_INET6, text, addr) == 1 ? 6 : 0;
	return *version != 0;
}

// A domain's place in struct config; the same name is the same place.
enum parsed parse_domain(struct parse *p, const struct key *key, void *into, const char *value)
{
	struct config *c = p->config;
	size_t len = strlen(value);
	unsigned i = 0;
	char limit[24];

	(void)key;
	if (!md_domain_good(value, len))
		return NOT_EXPECTED;
	while (i < c->domains && strcmp(c->domain[i], value) != 0)
		i++;
	if (i == CONFIG_DOMAINS) {
		parse_error(p, p->line, "expected at most ", decimal(CONFIG_DOMAINS, limit), " domains", NULL);
		return REPORTED;
	}
	memcpy(c->domain[i], value, len + 1);
	c->domains += i == c->domains;
	*(int *)into = (int)i;
	return PARSED;
}

// Of a router or a source: one host, named by its own family.
enum parsed parse_address(struct parse *p, const struct key *key, void *into, const char *value)
{
	struct endpoint *e = into;
	uint8_t version, addr[16];

	(void)key;
	if (!address_read(value, &version, addr))
		return NOT_EXPECTED;
	if (zero(addr, 16) || (version == 4 ? addr[0] >= 224 : addr[0] == 0xff))
		return parse_expected(p, "the address of one host", value);
	if (version == 6 && mapped(addr))
		return parse_expected(p, "an IPv4 address in IPv4 notation", value);
	e->version = version;
	memcpy(e->addr, addr, sizeof addr);
	return PARSED;
}

// Clears the host bits; whether there were any.
static bool mask(uint8_t addr[16], unsigned length)
{
	uint8_t was[16];

	memcpy(was, addr, 16);
	if (length < 128) {
		addr[length / 8] &= (uint8_t)(0xff00 >> length % 8);
		memset(addr + length / 8 + 1, 0, 15 - length / 8);
	}
	return memcmp(was, addr, 16) != 0;
}

static enum parsed prefix_read(struct parse *p, char *item, struct prefix *prefix)
{
	char meant[INET6_ADDRSTRLEN], length[24], whole[CONFIG_NAME], text[96] = "";
	char *slash = strchr(item, '/');
	uint64_t bits;

	strcpy(whole, item);
	if (slash)
		*slash = '\0';
	if (!address_read(item, &prefix->version, prefix->addr))
		return parse_expected(p, "an IPv4 or IPv6 prefix", whole);
	bits = prefix->version == 4 ? 32 : 128;
	if (slash && (!number(slash + 1, &bits) || bits > (prefix->version == 4 ? 32 : 128)))
		return parse_expected(p, prefix->version == 4 ? "a prefix length from 0 to 32" : "a prefix length from 0 to 128", whole);
	if (prefix->version == 6 && bits >= 96 && mapped(prefix->addr))
		return parse_expected(p, "an IPv4 prefix in IPv4 notation", whole);
	prefix->length = (uint8_t)bits;
	if (mask(prefix->addr, prefix->length)) {
		inet_ntop(prefix->version == 4 ? AF_INET : AF_INET6, prefix->addr, meant, sizeof meant);
		strcat(strcat(strcat(text, meant), "/"), decimal(bits, length));
		strcat(text, " (no host bits set)");
		return parse_expected(p, text, whole);
	}
	return PARSED;
}

enum parsed parse_prefixes(struct parse *p, const struct key *key, void *into, const char *value)
{
	struct prefix *prefix = into;
	unsigned n = 0, most = (unsigned)(key->size / sizeof *prefix);
	char item[CONFIG_NAME];
	bool too_long;

	for (const char *at = value; next_item(&at, item, sizeof item, &too_long); n++) {
		if (n == most)
			return parse_expected(p, most == CONFIG_TURN ? "at most 16 prefixes" : "at most 32 prefixes", value);
		if (prefix_read(p, item, &prefix[n]) != PARSED)
			return REPORTED;
	}
	if (too_long)
		return parse_expected(p, "an IPv4 or IPv6 prefix", item);
	if (p->section == SECTION_CLASSIFIER)
		p->config->turns = n;
	else
		((struct route *)p->base)->destinations = n;
	return PARSED;
}

static bool ports_read(char *item, struct ports *ports)
{
	char *dash = strchr(item, '-');
	uint64_t low, high;

	if (dash)
		*dash = '\0';
	if (!number(item, &low) || !number(dash ? dash + 1 : item, &high) || low == 0 || high < low || high > 65535)
		return false;
	*ports = (struct ports){ (uint16_t)low, (uint16_t)high };
	return true;
}

enum parsed parse_ports(struct parse *p, const struct key *key, void *into, const char *value)
{
	struct route *route = p->base;
	struct ports *ports = into;
	unsigned n = 0;
	char item[24];
	bool too_long;

	for (const char *at = value; next_item(&at, item, sizeof item, &too_long); n++) {
		if (n == CONFIG_PORTS)
			return parse_expected(p, "at most 16 ports or ranges", value);
		if (!ports_read(item, &ports[n]))
			return NOT_EXPECTED;
	}
	if (too_long)
		return NOT_EXPECTED;
	*(strcmp(key->name, "local_port") == 0 ? &route->local_ports : &route->remote_ports) = n;
	return PARSED;
}

enum parsed parse_numbers(struct parse *p, const struct key *key, void *into, const char *value)
{
	struct numbers *numbers = into;
	uint64_t one;
	char item[24];
	bool too_long;

	numbers->n = 0;
	while (next_item(&value, item, sizeof item, &too_long)) {
		if (numbers->n == CONFIG_NUMBERS || !number(item, &one) || one < key->low || one > key->high)
			return NOT_EXPECTED;
		numbers->value[numbers->n++] = (uint32_t)one;
	}
	if (too_long)
		return NOT_EXPECTED;
	p->config->selective = true;
	return PARSED;
}

// A token of SDP (RFC 8866), as a=mid has it (RFC 5888).
static bool mid_read(const char *item, char mid[static CONFIG_MID])
{
	size_t len = strlen(item);

	if (len == 0 || len >= CONFIG_MID)
		return false;
	for (size_t i = 0; i < len; i++)
		if (item[i] <= 0x20 || item[i] == 0x7f || strchr("\"(),/:;<=>?@[\\]", item[i]))
			return false;
	memcpy(mid, item, len + 1);
	return true;
}

enum parsed parse_mids(struct parse *p, const struct key *key, void *into, const char *value)
{
	struct mids *mids = into;
	char item[CONFIG_MID];
	bool too_long;

	(void)key;
	mids->n = 0;
	while (next_item(&value, item, sizeof item, &too_long)) {
		if (mids->n == CONFIG_NUMBERS || !mid_read(item, mids->value[mids->n]))
			return NOT_EXPECTED;
		mids->n++;
	}
	if (too_long)
		return NOT_EXPECTED;
	p->config->selective = p->config->by_mid = true;
	if (!p->mids_line)
		p->mids_line = p->line;
	return PARSED;
}

enum parsed parse_carries(struct parse *p, const struct key *key, void *into, const char *value)
{
	unsigned carries = 0;
	char item[8];
	bool too_long;

	(void)p, (void)key;
	while (next_item(&value, item, sizeof item, &too_long)) {
		if (strcmp(item, "rtp") == 0)
			carries |= CARRIES_RTP;
		else if (strcmp(item, "quic") == 0)
			carries |= CARRIES_QUIC;
		else
			return NOT_EXPECTED;
	}
	if (too_long)
		return NOT_EXPECTED;
	*(unsigned *)into = carries;
	return PARSED;
}

enum parsed parse_engines(struct parse *p, const struct key *key, void *into, const char *value)
{
	static const struct { const char *name; uint8_t engine; } known[] = {
		{ "patch", MD_ENGINE_PATCH }, { "nft", MD_ENGINE_NFT }, { "raw", MD_ENGINE_RAW },
		{ "afxdp", MD_ENGINE_AFXDP },
	};
	enum { KNOWN = sizeof known / sizeof *known };
	uint8_t engine[KNOWN];
	unsigned n = 0, i, k;
	char item[8];
	bool too_long;

	while (next_item(&value, item, sizeof item, &too_long)) {
		for (i = 0; i < KNOWN && strcmp(item, known[i].name) != 0; i++)
			;
		for (k = 0; i < KNOWN && k < n && engine[k] != known[i].engine; k++)
			;
		if (i == KNOWN || k < n || n == KNOWN)
			return NOT_EXPECTED;
		engine[n++] = known[i].engine;
	}
	if (too_long)
		return NOT_EXPECTED;
	memset(into, 0, key->size);
	memcpy(into, engine, n);
	p->config->engines = n;
	return PARSED;
}

// A pattern for program names; /proc cuts these names at 15 octets, we do not judge that.
static bool pattern_read(const char *item, char pattern[static CONFIG_NAME])
{
	size_t len = strlen(item);

	if (len == 0 || len >= CONFIG_NAME)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)item[i] <= 0x20 || item[i] == 0x7f || item[i] == '/')
			return false;
	memcpy(pattern, item, len + 1);
	return true;
}

enum parsed parse_pattern(struct parse *p, const struct key *key, void *into, const char *value)
{
	(void)p, (void)key;
	return !strchr(value, ',') && pattern_read(value, into) ? PARSED : NOT_EXPECTED;
}

enum parsed parse_patterns(struct parse *p, const struct key *key, void *into, const char *value)
{
	char item[CONFIG_NAME];
	unsigned n = 0;
	bool too_long;

	(void)key;
	for (const char *at = value; next_item(&at, item, sizeof item, &too_long); n++) {
		if (n == CONFIG_PROCESSES)
			return parse_expected(p, "at most 64 program names", value);
		if (!pattern_read(item, (char *)into + n * CONFIG_NAME))
			return NOT_EXPECTED;
	}
	if (too_long)
		return NOT_EXPECTED;
	p->config->processes = n;
	return PARSED;
}

// The section may come later in the file: only the name is noted.
enum parsed parse_reference(struct parse *p, const struct key *key, void *into, const char *value)
{
	struct pending *names = parse_pending(p, p->base);
	bool router = strcmp(key->name, "router") == 0;

	(void)into;
	if (!*value || strlen(value) >= CONFIG_NAME)
		return NOT_EXPECTED;
	strcpy(router ? names->router : names->policy, value);
	*(router ? &names->router_line : &names->policy_line) = p->line;
	return PARSED;
}

enum parsed parse_stun_type(struct parse *p, const struct key *key, void *into, const char *value)
{
	uint64_t type;

	p->stun_type_line = p->line;
	if (!number(value, &type) || type == 0xc001 || (type >= 0xc057 && type <= 0xc060) || type == 0xff00)
		return NOT_EXPECTED;
	return parse_number(p, key, into, value);
}

enum parsed parse_stun_token(struct parse *p, const struct key *key, void *into, const char *value)
{
	parse_pending(p, p->base)->stun_line = p->line;
	return parse_word(p, key, into, value);
}
