/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mdshim/broker.h>

#include "config_parse.h"

#define INI_HANDLER_LINENO 1 /* as Debian builds it */
#include <ini.h>

#define GENERAL(member) offsetof(struct config, member), sizeof(((struct config *)0)->member), 0
#define DOMAIN(member) offsetof(struct domain_config, member), sizeof(((struct domain_config *)0)->member), 0
#define CONTROLLER(member) offsetof(struct controller_config, member), sizeof(((struct controller_config *)0)->member), 0
#define LEND(member) offsetof(struct lend_config, member), sizeof(((struct lend_config *)0)->member), 0
#define XSK(member) offsetof(struct xsk_config, member), sizeof(((struct xsk_config *)0)->member), 0
#define LIST(member, count) offsetof(struct domain_config, member), sizeof(((struct domain_config *)0)->member), \
	offsetof(struct domain_config, count)

_Static_assert(offsetof(struct xsk_config, to) == 0, "users and groups are read alike");

#define AN_ABSOLUTE_PATH "an absolute path"
static const struct key keys[] = {
	{ { "provisioner", "state_dir", AN_ABSOLUTE_PATH, "/var/lib/mdshim" }, read_path, GENERAL(state_dir), 0, 0 },
	{ { "provisioner", "publish_dir", AN_ABSOLUTE_PATH, "/run/mdshim/books" }, read_path, GENERAL(publish_dir), 0, 0 },
	{ { "provisioner", "group", "the name of a group, or nothing", "mdshim" }, read_name, GENERAL(group), 0, 0 },
	{ { "provisioner", "control_socket", AN_ABSOLUTE_PATH, "/run/mdshim/provisioner.sock" }, read_path,
		GENERAL(control_socket), 0, 0 },
	{ { "provisioner", "stats_dir", AN_ABSOLUTE_PATH, "/run/mdshim" }, read_path, GENERAL(stats_dir), 0, 0 },
	{ { "provisioner", "metrics_file", AN_ABSOLUTE_PATH ", or nothing", "" }, read_path, GENERAL(metrics_file), 0, 0 },
	{ { "provisioner", "metrics_interval", "seconds from 1 to 3600", "15" }, read_seconds, GENERAL(metrics_interval), 1, 3600 },
	{ { "provisioner", "verbose", "yes or no", "no" }, read_yes, GENERAL(verbose), 0, 0 },
	{ { "provisioner", "arm", "yes or no", "no" }, read_yes, GENERAL(arm), 0, 0 },
	{ { "provisioner", "arm_namespaces", "own, all, or names of network namespaces", "own" }, read_namespaces,
		GENERAL(arm_namespaces), 0, 0 },
	{ { "provisioner", "arm_dir", AN_ABSOLUTE_PATH, "/sys/fs/bpf/mdshim" }, read_path, GENERAL(arm_dir), 0, 0 },
	{ { "provisioner", "arm_cgroup", AN_ABSOLUTE_PATH ", or nothing", "" }, read_path, GENERAL(arm_cgroup), 0, 0 },
	{ { "provisioner", "broker_socket", AN_ABSOLUTE_PATH " of at most 107 octets", MD_BROKER_SOCKET }, read_path,
		GENERAL(broker_socket), 0, 0 },
	{ { "provisioner", "nft", "yes or no", "no" }, read_yes, GENERAL(nft), 0, 0 },
	{ { "provisioner", "nft_mark", "one bit of 32, as 0x40000000", "0x40000000" }, read_bit, GENERAL(nft_mark), 0, 0 },
	{ { "raw", "uid", "the name or the number of a user, or nothing", "" }, read_user, LEND(uid), 0, 0 },
	{ { "raw", "gid", "the name or the number of a group, or nothing", "" }, read_group, LEND(gid), 0, 0 },
	{ { "raw", "cgroup", AN_ABSOLUTE_PATH " of a control group, or nothing", "" }, read_path, LEND(cgroup), 0, 0 },
	{ { "raw", "device", "the name of a network interface, or nothing", "" }, read_device, LEND(device), 0, 0 },
	{ { "afxdp", "uid", "the name or the number of a user, or nothing", "" }, read_user, XSK(to.uid), 0, 0 },
	{ { "afxdp", "gid", "the name or the number of a group, or nothing", "" }, read_group, XSK(to.gid), 0, 0 },
	{ { "afxdp", "cgroup", AN_ABSOLUTE_PATH " of a control group, or nothing", "" }, read_path, XSK(to.cgroup), 0, 0 },
	{ { "afxdp", "interface", "the name of a network interface", NULL }, read_interface, XSK(to.device), 0, 0 },
	{ { "afxdp", "queue", "a number from 0 to 4095", "0" }, read_number, XSK(queue), 0, 4095 },
	{ { "afxdp", "next_hop", "route, or a link address as 02:00:5e:00:53:01", "route" }, read_next_hop, XSK(next_hop), 0, 0 },
	{ { "domain", "option", "ofc or med", "ofc" }, read_option, DOMAIN(ofc), 0, 0 },
	{ { "domain", "epoch", "seconds from 2 to 32768", "600" }, read_seconds, DOMAIN(epoch), 2, 32768 },
	{ { "domain", "lead", "seconds from 0 to 32768", "120" }, read_seconds, DOMAIN(lead), 0, 32768 },
	{ { "domain", "overlap", "seconds from 0 to 32768", "30" }, read_seconds, DOMAIN(overlap), 0, 32768 },
	{ { "domain", "drain", "seconds from 0 to 600", "30" }, read_seconds, DOMAIN(drain), 0, 600 },
	{ { "domain", "reject_wait", "seconds from 0.1 to 3600", "30" }, read_seconds, DOMAIN(reject_wait), 0.1, 3600 },
	{ { "domain", "retry_first", "seconds from 0.05 to 60", "1" }, read_seconds, DOMAIN(retry_first), 0.05, 60 },
	{ { "domain", "retry_max", "seconds from 0.05 to 600", "60" }, read_seconds, DOMAIN(retry_max), 0.05, 600 },
	{ { "domain", "codes", "a number from 20 to 4096", "2048" }, read_number, DOMAIN(codes), 20, MD_BOOK_CODES },
	{ { "domain", "colours", "a number from 1 to 4", "4" }, read_number, DOMAIN(colours), 1, MD_BOOK_COLOURS },
	{ { "domain", "meanings", "a list of D/P/L, D 0..3, P 1..3, L 0..2, each once",
		"1/1/1, 2/1/1, 3/2/2, 3/3/2, 1/1/2, 0/2/2, 0/2/0" }, read_meanings, LIST(meaning, meanings), 0, 0 },
	{ { "domain", "streams", "a number from 0 to 256", "4" }, read_number, DOMAIN(streams), 0, 256 },
	{ { "domain", "stream_meanings", "a list of P/L, P 1..3, L 0..2, each once", "2/0" }, read_stream_meanings,
		LIST(stream, stream_meanings), 0, 0 },
	{ { "domain", "legacy16", "yes or no", "no" }, read_yes, DOMAIN(legacy16), 0, 0 },
	{ { "domain", "bq_unit", "a number from 0 to 65535", "0" }, read_number, DOMAIN(bq_unit), 0, 65535 },
	{ { "domain", "key_life", "seconds from 600 to 32768", "14400" }, read_seconds, DOMAIN(key_life), 600, MD_KEY_LIFE },
	{ { "domain", "algorithm", "aes-128-cmac-96 or hmac-sha1-96", "aes-128-cmac-96" }, read_algorithm, DOMAIN(algorithm), 0, 0 },
	{ { "domain", "cover", "datagram or a number from 64 to 65535", "64" }, read_cover, DOMAIN(cover), 0, 0 },
	{ { "domain", "nat", "yes or no", "no" }, read_yes, DOMAIN(nat), 0, 0 },
	{ { "controller", "domain", "the name of a domain", NULL }, read_domain, CONTROLLER(domain), 0, 0 },
	{ { "controller", "url", "https://HOST[:PORT][/PATH] without a slash at the end", NULL }, read_url, CONTROLLER(url), 0, 0 },
	{ { "controller", "ca", AN_ABSOLUTE_PATH, NULL }, read_path, CONTROLLER(ca), 0, 0 },
	{ { "controller", "certificate", AN_ABSOLUTE_PATH, NULL }, read_path, CONTROLLER(certificate), 0, 0 },
	{ { "controller", "key", AN_ABSOLUTE_PATH, NULL }, read_path, CONTROLLER(key), 0, 0 },
	{ { "controller", "crl", AN_ABSOLUTE_PATH ", or nothing", "" }, read_path, CONTROLLER(crl), 0, 0 },
	{ { "controller", "connect_timeout", "seconds from 0.1 to 60", "5" }, read_seconds, CONTROLLER(connect_timeout), 0.1, 60 },
	{ { "controller", "timeout", "seconds from 0.1 to 300", "15" }, read_seconds, CONTROLLER(timeout), 0.1, 300 },
};
enum { KEYS = sizeof(keys) / sizeof(keys[0]), LINE = 2048 };

const struct config_key *config_key_at(unsigned i)
{
	return i < KEYS ? &keys[i].about : NULL;
}

/* --- One run of the reader ----------------------------------------------------------------------------------------- */

struct parse {
	struct config *config;
	struct config_errors *errors;
	const char *text;
	size_t len, at;
	int line, section_line;
	const char *kind;            /* "provisioner", "domain", "controller", "raw", "afxdp"; NULL: none or a refused one */
	bool refused;
	char label[128];             /* "[domain cap1]" */
	void *base;
	bool seen[KEYS], general;
	int domain_line[CONFIG_CONTROLLERS];
};

__attribute__((format(printf, 3, 4))) static void mistake(struct parse *p, int line, const char *format, ...)
{
	unsigned n = p->errors->count++;
	va_list values;

	if (n >= CONFIG_ERRORS)
		return;
	p->errors->error[n].line = line;
	va_start(values, format);
	vsnprintf(p->errors->error[n].text, sizeof(p->errors->error[n].text), format, values);
	va_end(values);
	for (char *c = p->errors->error[n].text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

static void defaults(const char *kind, void *base)
{
	for (unsigned i = 0; i < KEYS; i++)
		if (strcmp(keys[i].about.section, kind) == 0 && keys[i].about.standard)
			(void)keys[i].read(&keys[i], (char *)base + keys[i].offset, keys[i].about.standard);
}

static void missing(struct parse *p)
{
	for (unsigned i = 0; p->kind && i < KEYS; i++)
		if (strcmp(keys[i].about.section, p->kind) == 0 && !keys[i].about.standard && !p->seen[i])
			mistake(p, p->section_line, "%s: %s is missing: expected %s", p->label, keys[i].about.name,
				keys[i].about.expected);
}

static void domain_end(struct parse *p)
{
	struct domain_config *d = p->base;
	uint32_t sets = d->meanings * 4 * d->colours + d->streams * d->stream_meanings;

	if (d->ofc && sets * MD_BOOK_SET > d->codes)
		mistake(p, p->section_line, "%s: codes: expected at least %u for %u sets of 5, found %u", p->label, sets * MD_BOOK_SET,
			sets, d->codes);
	if (d->lead + d->drain > d->epoch)
		mistake(p, p->section_line, "%s: expected lead and drain to fit into epoch", p->label);
	if (d->overlap > d->lead)
		mistake(p, p->section_line, "%s: expected overlap to be no longer than lead", p->label);
	if (d->retry_first > d->retry_max)
		mistake(p, p->section_line, "%s: expected retry_first to be no longer than retry_max", p->label);
	if (d->key_life < 3 * d->epoch && d->key_life < MD_KEY_LIFE)
		mistake(p, p->section_line, "%s: key_life: expected three epochs or more", p->label);
}

/* A raw or AF_XDP socket can send in anybody's name: nobody gets one by an oversight. */
static void lend_end(struct parse *p)
{
	const struct lend_config *lend = p->base;

	if (!lend->by_uid && !lend->by_gid && !lend->cgroup[0])
		mistake(p, p->section_line, "%s: expected uid, gid or cgroup: who may have such sockets", p->label);
	if (strlen(lend->cgroup) > 1 && lend->cgroup[strlen(lend->cgroup) - 1] == '/')
		mistake(p, p->section_line, "%s: cgroup: expected no slash at the end", p->label);
}

static void section_end(struct parse *p)
{
	if (!p->kind)
		return;
	missing(p);
	if (strcmp(p->kind, "domain") == 0)
		domain_end(p);
	else if (strcmp(p->kind, "raw") == 0 || strcmp(p->kind, "afxdp") == 0)
		lend_end(p);
	p->kind = NULL;
}

static bool named_begin(struct parse *p, const char *kind, const char *name)
{
	struct config *c = p->config;

	if (strcmp(kind, "domain") == 0) {
		for (uint32_t i = 0; i < c->domains; i++)
			if (strcmp(c->domain[i].name, name) == 0)
				return false;
		if (c->domains == CONFIG_DOMAINS)
			return false;
		p->base = &c->domain[c->domains++];
		strcpy(((struct domain_config *)p->base)->name, name);
		return true;
	}
	if (strcmp(kind, "raw") == 0) {
		for (uint32_t i = 0; i < c->lends; i++)
			if (strcmp(c->lend[i].name, name) == 0)
				return false;
		if (c->lends == CONFIG_LENDS || strlen(name) >= CONFIG_NAME)
			return false;
		p->base = &c->lend[c->lends++];
		strcpy(((struct lend_config *)p->base)->name, name);
		return true;
	}
	if (strcmp(kind, "afxdp") == 0) {
		for (uint32_t i = 0; i < c->xsks; i++)
			if (strcmp(c->xsk[i].to.name, name) == 0)
				return false;
		if (c->xsks == CONFIG_XSKS || strlen(name) >= CONFIG_NAME)
			return false;
		c->xsk[c->xsks].line = p->line;
		p->base = &c->xsk[c->xsks++];
		strcpy(((struct xsk_config *)p->base)->to.name, name);
		return true;
	}
	for (uint32_t i = 0; i < c->controllers; i++)
		if (strcmp(c->controller[i].name, name) == 0)
			return false;
	if (c->controllers == CONFIG_CONTROLLERS || strlen(name) >= CONFIG_NAME)
		return false;
	p->domain_line[c->controllers] = p->line;
	p->base = &c->controller[c->controllers++];
	strcpy(((struct controller_config *)p->base)->name, name);
	return true;
}

/* [provisioner], or one of those with a name. */
static const struct named {
	const char *kind;
	unsigned most;
} named[] = { { "domain", CONFIG_DOMAINS }, { "controller", CONFIG_CONTROLLERS }, { "raw", CONFIG_LENDS },
	{ "afxdp", CONFIG_XSKS } };

static const struct named *named_find(const char *kind)
{
	for (unsigned i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (strcmp(named[i].kind, kind) == 0)
			return &named[i];
	return NULL;
}

static void section_begin(struct parse *p, char *header)
{
	char *name = strpbrk(header, " \t");
	const struct named *known;

	section_end(p);
	memset(p->seen, 0, sizeof(p->seen));
	p->section_line = p->line;
	p->refused = true;
	snprintf(p->label, sizeof(p->label), "[%.100s]", header);
	if (name) {
		*name++ = '\0';
		name += strspn(name, " \t");
	}
	if (strcmp(header, "provisioner") == 0 && !name) {
		if (p->general) {
			mistake(p, p->line, "%s: expected once, found again", p->label);
			return;
		}
		p->general = true;
		p->base = p->config;
		p->kind = "provisioner";
	} else if (name && (known = named_find(header)) != NULL) {
		if (!md_domain_good(name, strlen(name)) || !named_begin(p, header, name)) {
			mistake(p, p->line, "%s: expected a name of 1 to 63 of A-Z a-z 0-9 . _ - that no other has, and at most %d of them",
				p->label, (int)known->most);
			return;
		}
		p->kind = known->kind;
		defaults(p->kind, p->base);
	} else {
		mistake(p, p->line, "%s: expected [provisioner], [domain NAME], [controller NAME], [raw NAME] or [afxdp NAME]", p->label);
		return;
	}
	p->refused = false;
}

static int on_key(void *user, const char *section, const char *name, const char *value, int line)
{
	struct parse *p = user;

	(void)section, (void)line;
	if (p->refused)
		return 1;
	if (!p->kind) {
		mistake(p, p->line, "expected a section such as [provisioner] first, found \"%.60s\"", name);
		return 1;
	}
	if (!value) {
		mistake(p, p->line, "%s: expected key = value, found \"%.60s\"", p->label, name);
		return 1;
	}
	for (unsigned i = 0; i < KEYS; i++) {
		const struct key *k = &keys[i];

		if (strcmp(k->about.section, p->kind) != 0 || strcmp(k->about.name, name) != 0)
			continue;
		if (p->seen[i])
			mistake(p, p->line, "%s %s: expected once, found again", p->label, name);
		else if (!k->read(k, (char *)p->base + k->offset, value))
			mistake(p, p->line, "%s %s: expected %s, found \"%.60s\"", p->label, name, k->about.expected, value);
		p->seen[i] = true;
		return 1; /* inih would keep silent about further lines without "=" after a 0 */
	}
	mistake(p, p->line, "%s has no key \"%.60s\"", p->label, name);
	return 1;
}

/* Like fgets(), for inih; what inih would take in another way than we is dealt with here. */
static char *next_line(char *str, int num, void *stream)
{
	struct parse *p = stream;
	const char *from = p->text + p->at, *end;
	size_t len;

	if (p->at >= p->len)
		return NULL;
	end = memchr(from, '\n', p->len - p->at);
	len = end ? (size_t)(end - from) : p->len - p->at;
	p->at += len + (end ? 1 : 0);
	p->line++;
	strcpy(str, "\n");
	if (!end)
		mistake(p, p->line, "expected a newline at the end of the last line: the file may be cut short");
	if (memchr(from, '\0', len)) {
		mistake(p, p->line, "expected text, found a NUL octet");
		return str;
	}
	if (len + 2 > (size_t)num || len + 2 > LINE) {
		mistake(p, p->line, "expected at most %d octets in a line", LINE - 2);
		return str;
	}
	memcpy(str, from, len);
	str[len] = '\0';
	while (len && strchr(" \t\r", str[len - 1]))
		str[--len] = '\0';
	if (str[strspn(str, " \t")] != '[')
		return str;
	from = str + strspn(str, " \t");
	if (str[len - 1] != ']') {
		mistake(p, p->line, "expected ] at the end of a section's name");
		p->refused = true;
	} else {
		char header[LINE];

		str[len - 1] = '\0';
		strcpy(header, from + 1);
		section_begin(p, header);
	}
	strcpy(str, "\n");
	return str;
}

/* What only the whole file can tell. */
static void whole_file(struct parse *p)
{
	struct config *c = p->config;

	if (!c->domains && !c->arm && !c->nft && !c->lends && !c->xsks)
		mistake(p, 0, "expected one [domain NAME] or more, arm = yes, nft = yes, a [raw NAME] or an [afxdp NAME]");
	for (uint32_t i = 0; i < c->controllers; i++) {
		uint32_t k = 0;

		while (k < c->domains && strcmp(c->domain[k].name, c->controller[i].domain) != 0)
			k++;
		if (k == c->domains && c->controller[i].domain[0])
			mistake(p, p->domain_line[i], "[controller %s] domain: expected the name of a domain of this file, found \"%s\"",
				c->controller[i].name, c->controller[i].domain);
	}
	for (uint32_t k = 0; k < c->domains; k++) {
		uint32_t i = 0;

		while (i < c->controllers && strcmp(c->domain[k].name, c->controller[i].domain) != 0)
			i++;
		if (i == c->controllers)
			mistake(p, 0, "[domain %s]: expected one controller or more of it", c->domain[k].name);
	}
}

int config_parse(const char *text, size_t len, struct config *config, struct config_errors *errors)
{
	static struct parse p;

	memset(&p, 0, sizeof(p));
	memset(config, 0, sizeof(*config));
	memset(errors, 0, sizeof(*errors));
	p.config = config;
	p.errors = errors;
	p.text = text;
	p.len = len;
	defaults("provisioner", config);
	ini_use_stack = ini_allow_realloc = ini_allow_multiline = ini_allow_bom = ini_stop_on_first_error = false;
	ini_allow_no_value = ini_allow_inline_comments = true;
	ini_max_line = ini_initial_alloc = LINE;
	if (ini_parse_stream(next_line, &p, on_key, &p) < 0)
		mistake(&p, 0, "no memory for a line");
	section_end(&p);
	whole_file(&p);
	return errors->count ? -EINVAL : 0;
}
