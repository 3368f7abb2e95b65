// SPDX-License-Identifier: BSD-3-Clause
// What no single key can tell: what is missing, and what contradicts something else in shim.conf.
#include <string.h>
#include <sys/stat.h>

#include "config_parse.h"

// --- At the end of a section ---

static void need(struct parse *p, const char *name, const char *why)
{
	if (!parse_seen(p, name))
		parse_error(p, p->section_line, p->label, ": expected a key ", name, why, NULL);
}

static void router_end(struct parse *p)
{
	const struct router *r = p->base;

	need(p, "address", "");
	need(p, "port", "");
	if (r->at.version && r->source.version && r->at.version != r->source.version)
		parse_error(p, parse_seen(p, "source"), p->label, ": expected source and address of the same IP version", NULL);
	if (r->at.version == 6 && r->mtu < 1280)
		parse_error(p, parse_seen(p, "mtu"), p->label, " mtu: expected at least 1280 toward an IPv6 address", NULL);
}

static void route_end(struct parse *p)
{
	const struct route *r = p->base;

	need(p, "destination", "");
	if (r->mode == MODE_TUNNEL && (parse_good(p, "mode") || !parse_seen(p, "mode")))
		need(p, "router", ", since mode is tunnel");
	if (r->ofc && r->mode != MODE_OFF)
		need(p, "domain", ", since option is ofc");
	if (parse_seen(p, "token") && parse_seen(p, "token_file"))
		parse_error(p, parse_seen(p, "token_file"), p->label, ": expected token or token_file, found both", NULL);
}

static void auth_end(struct parse *p)
{
	const struct config *c = p->config;

	p->auth_line = parse_seen(p, "auth");
	p->key_line = parse_seen(p, "key_file");
	if (!parse_good(p, "not_before") || !parse_good(p, "not_after"))
		return;
	if (c->not_after <= c->not_before)
		parse_error(p, parse_seen(p, "not_after"), p->label, ": expected not_after behind not_before", NULL);
	else if (c->not_after - c->not_before > 32768)
		parse_error(p, parse_seen(p, "not_after"), p->label,
			": expected not_after at most 32768 seconds behind not_before", NULL);
}

static void option_end(struct parse *p)
{
	const struct md_ids *ids = &p->config->ids;

	if (ids->form == MD_FORM_KIND) {
		need(p, "med_kind", ", since form is kind");
		need(p, "ofc_kind", ", since form is kind");
	}
	if (ids->med_kind && ids->med_kind == ids->ofc_kind)
		parse_error(p, parse_seen(p, "ofc_kind"), p->label, ": expected med_kind and ofc_kind to differ", NULL);
	if (ids->med_exid == ids->ofc_exid || ids->med_exid == ids->token_exid || ids->ofc_exid == ids->token_exid)
		parse_error(p, p->section_line, p->label, ": expected med_exid, ofc_exid and token_exid to differ", NULL);
}

static void extension_end(struct parse *p)
{
	const struct reading *r = &p->config->reading;

	if ((r->dd_id && (r->dd_id == r->framemark_id || r->dd_id == r->mid_id)) || (r->mid_id && r->mid_id == r->framemark_id))
		parse_error(p, p->section_line, p->label, ": expected dependency_descriptor, frame_marking and mid to differ", NULL);
}

void parse_section_end(struct parse *p)
{
	switch (p->section) {
	case SECTION_ROUTER: router_end(p); break;
	case SECTION_ROUTE: route_end(p); break;
	case SECTION_AUTH: auth_end(p); break;
	case SECTION_OPTION: option_end(p); break;
	case SECTION_EXTENSION: extension_end(p); break;
	default: break;
	}
}

// --- At the end of the file ---

static void router_resolve(struct parse *p, struct route *route, const struct pending *names)
{
	struct config *c = p->config;

	for (unsigned i = 0; i < c->routers; i++)
		if (strcmp(c->router[i].name, names->router) == 0)
			route->router = (int)i;
	if (route->router < 0)
		parse_error(p, names->router_line, "[route ", route->name, "] router: expected a section [router ", names->router,
			"] in this file", NULL);
}

static void policy_resolve(struct parse *p, struct route *route, const struct pending *names)
{
	struct config *c = p->config;

	for (unsigned i = 0; i < c->policies; i++) {
		if (strcmp(c->policy[i].name, names->policy) == 0) {
			route->policy = (int)i;
			return;
		}
	}
	parse_error(p, names->policy_line, "[route ", route->name, "] policy: expected a section [policy ", names->policy,
		"] in this file", NULL);
}

// A router and its operator are one domain, which knows MED or OFC, not both.
static void domain_check(struct parse *p, const struct route *route, int line)
{
	struct router *router;

	if (route->mode != MODE_TUNNEL || route->router < 0)
		return;
	router = &p->config->router[route->router];
	if (router->used && router->ofc != route->ofc)
		parse_error(p, line, "[route ", route->name, "]: expected option = ", router->ofc ? "ofc" : "med",
			" as in the other routes to router ", router->name, NULL);
	else if (router->used && router->domain != route->domain)
		parse_error(p, line, "[route ", route->name, "]: expected ", router->domain < 0 ? "no domain" : "domain = ",
			router->domain < 0 ? "" : p->config->domain[router->domain], " as in the other routes to router ",
			router->name, NULL);
	if (!router->used) {
		router->ofc = route->ofc;
		router->domain = route->domain;
	}
	router->used = true;
}

static void routes_end(struct parse *p)
{
	struct config *c = p->config;

	for (unsigned i = 0; i < c->routes; i++) {
		struct route *route = &c->route[i];
		const struct pending *names = &p->pending[i];

		if (names->router_line)
			router_resolve(p, route, names);
		if (names->policy_line)
			policy_resolve(p, route, names);
		domain_check(p, route, names->line);
		if (route->stun_token != STUN_TOKEN_OFF && !c->stun_type)
			parse_error(p, names->stun_line, "[route ", route->name, "] stun_token: expected a type in section [stun]",
				NULL);
	}
	for (unsigned i = 0; i < c->routers; i++)
		if (!c->router[i].used)
			parse_warning(p, p->router_line[i], "[router ", c->router[i].name, "]: no route leads to it", NULL);
}

static void key_read(struct parse *p)
{
	struct config *c = p->config;
	unsigned mode = 0;
	int n;

	p->line = p->key_line;
	p->key = "key_file";
	strcpy(p->label, "[auth]");
	n = hex_file_read(p, c->key_file, c->key.key, MD_KEY_MIN, MD_KEY_MAX, &mode);
	if (n < 0)
		return;
	c->key.len = (size_t)n;
	c->has_key = true;
	if (mode & S_IROTH)
		parse_warning(p, p->line, "[auth] key_file: ", c->key_file, " can be read by every user", NULL);
	else if (mode & S_IRGRP)
		parse_warning(p, p->line, "[auth] key_file: ", c->key_file, " can be read by its group", NULL);
	if (mode & (S_IWGRP | S_IWOTH))
		parse_warning(p, p->line, "[auth] key_file: ", c->key_file, " can be written by others than its owner", NULL);
}

void parse_end(struct parse *p)
{
	struct config *c = p->config;
	int needed = 0; // line to complain in, if a key is

	routes_end(p);
	for (unsigned i = 0; i < c->routes; i++)
		c->by_book |= c->auth && c->route[i].mode != MODE_OFF && c->route[i].domain >= 0;
	if (p->mids_line && !c->reading.mid_id)
		parse_error(p, p->mids_line, "[policy] mids: expected an id for mid in section [extension]", NULL);
	for (unsigned i = 0; i < c->routes && !needed; i++)
		if (c->route[i].mode != MODE_OFF && c->route[i].domain < 0)
			needed = p->first[SECTION_AUTH] ? p->first[SECTION_AUTH] : p->pending[i].line;
	if (!c->auth)
		parse_warning(p, p->auth_line, "[auth] auth is off: only for laboratories, nobody can tell our metadata from forged ones",
			NULL);
	else if (c->key_file[0])
		key_read(p);
	else if (needed && !p->key_line)
		parse_error(p, needed, "[auth]: expected a key_file, since routes are authenticated unless auth = off",
			NULL);
}
