// SPDX-License-Identifier: BSD-3-Clause
// Coverage for people: the verdict, then the evidence, then what is not known.
#include "coverage.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static void line(const char *what, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	printf("  %-14s ", what);
	vprintf(format, values);
	putchar('\n');
	va_end(values);
}

static void show_program(const struct coverage *c)
{
	const struct object *o = &c->object[0];

	if (c->script[0])
		line("script", "%s", c->script);
	if (!o->good) {
		line("program", "%s: %s", o->path, o->why);
		return;
	}
	line("program", "%s: %s, %u bits, %s", o->path, coverage_machine(o->machine), o->wide ? 64u : 32u,
		o->loader ? "dynamically linked" : "no PT_INTERP: statically linked");
	if (o->go[0])
		line("go", "%s", o->go);
	if (c->secure)
		line("privileges", "%s", c->secure_why);
	if (c->pid && c->seccomp >= 0)
		line("seccomp", "%s%s", c->seccomp == 2 ? "a filter" : c->seccomp == 1 ? "strict" : "none",
			c->no_new_privs == 1 ? ", no_new_privs" : "");
}

static void show_shim(const struct coverage *c)
{
	for (unsigned i = 0; i < c->objects && c->object[0].loader; i++)
		if (c->object[i].shim)
			line(c->pid ? "loaded" : "to be loaded", "%s", c->object[i].path);
	if (c->counters[0])
		line("counters", "%s%s", c->counters, c->counters_gone ? " (removed)" : "");
	if (c->has_stats && c->stats.stats.count[MD_C_SEEN])
		line("", "%" PRIu64 " seen, %" PRIu64 " wrapped, %" PRIu64 " sent as they were",
			c->stats.stats.count[MD_C_SEEN], statsfile_wrapped(&c->stats.stats), statsfile_aside(&c->stats.stats));
	for (unsigned i = 0; i < c->settings; i++)
		line(i ? "" : "environment", "%s", c->setting[i]);
	if (!c->environment_known)
		line("environment", "may not be read");
}

/* One line: the call, and who imports it. */
static void show_importers(const struct coverage *c, const char *what, unsigned bit, bool door)
{
	unsigned shown = 0, hidden = 0;

	for (unsigned i = 0; i < c->objects; i++) {
		const struct object *o = &c->object[i];
		uint32_t bits = door ? o->doors : o->bypasses;

		if (o->system || o->shim || !(bits >> (door ? bit : bit - DOORS - 1) & 1))
			continue;
		if (shown == 6) {
			hidden++;
			continue;
		}
		if (!shown)
			printf("  %-14s %s:", what, coverage_call(bit));
		printf("%s %s", shown++ ? "," : "", o->name);
	}
	if (hidden)
		printf(" and %u more", hidden);
	if (shown)
		putchar('\n');
}

static void show_doors(const struct coverage *c)
{
	for (unsigned i = 0; i < DOORS; i++)
		show_importers(c, "door", i, true);
	for (unsigned i = 0; i < c->objects; i++) {
		const struct object *o = &c->object[i];

		if (o->tapped)
			line("tapped library", "%s (%s)%s", o->path, o->version,
				coverage_has_taps(c, o) ? "" : ": this libmdshim.so has no tap for it");
	}
}

/* A library that has such an instruction beside the number of a call that sends is named; the others are a sum. */
static unsigned show_sites(const struct coverage *c)
{
	unsigned sites = 0, files = 0;

	for (unsigned i = c->object[0].loader ? 0 : 1; i < c->objects; i++) {
		const struct object *o = &c->object[i];

		if (o->sending || o->rings) {
			line("perhaps", "%s: system calls of its own: %u with the number of a sending call, %u of io_uring, %u in all",
				o->name, o->sending, o->rings, o->sites);
		} else if (o->sites) {
			sites += o->sites;
			files++;
		}
	}
	if (sites)
		line("perhaps", "%u places in %u files look like system calls of their own, none with a sending call's number",
			sites, files);
	return sites;
}

static void show_blind(const struct coverage *c)
{
	if (c->rings)
		line("not seen", "io_uring: %u ring%s open", c->rings, c->rings == 1 ? "" : "s");
	for (unsigned i = DOORS + 1; i < BYPASSES; i++)
		show_importers(c, "not seen", i, false);
	for (unsigned i = 0; i < c->objects; i++) {
		const struct object *o = &c->object[i];

		if (o->uring)
			line("not seen", "io_uring: %s", o->path);
		if (!o->good && i)
			line("not read", "%s: %s", o->path, o->why);
	}
	if (show_sites(c))
		line("", "(looked for by their octets: data, or the middle of an instruction, can look the same)");
	if (c->anonymous_code)
		line("not read", "%" PRIu64 " KiB of code made while running", c->anonymous_code / 1024);
}

static void show_sockets(const struct coverage *c)
{
	const struct sockets *n = &c->sockets;

	if (!c->pid)
		return;
	if (!c->descriptors_known)
		line("sockets", "may not be looked at");
	else
		line("sockets", "%u UDP (%u connected), %u TCP, %u raw, %u others", n->udp, n->udp_connected, n->tcp, n->raw, n->other);
}

static void show_caution(const struct coverage *c)
{
	if (c->libraries_why[0] && c->object[0].loader)
		line("caution", "its libraries are not known: %s", c->libraries_why);
	if (c->missing)
		line("caution", "%u libraries are missing: it will not start", c->missing);
	if (!c->pid) {
		line("caution", "the command was not run. What it loads while running (plugins, modules) and what it starts");
		line("", "is not known beforehand.");
	}
	if (c->objects && c->object[0].loader)
		line("caution", "an imported call is a way it could send, not one it does.");
}

void coverage_show(const struct coverage *c)
{
	char sentence[COVERAGE_PATH];

	coverage_verdict(c, sentence, sizeof sentence);
	if (c->pid)
		printf("%d ", c->pid);
	printf("%s: %s\n", c->name, sentence);
	show_program(c);
	show_shim(c);
	if (c->object[0].loader)
		show_doors(c);
	show_blind(c);
	show_sockets(c);
	show_caution(c);
}
