// SPDX-License-Identifier: BSD-3-Clause
// Coverage for programs: everything, also what is empty.
#include "coverage.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "command.h"

static json_t *calls(uint32_t bits, unsigned from, unsigned to)
{
	json_t *all = json_array();

	for (unsigned i = from; i < to; i++)
		if (bits >> (i - from) & 1)
			json_array_append_new(all, json_string(coverage_call(i)));
	return all;
}

static json_t *text_or_null(const char *text)
{
	return text[0] ? json_string(text) : json_null();
}

static json_t *object(const struct coverage *c, const struct object *o)
{
	json_t *j = json_pack("{s:s, s:o, s:s, s:i, s:b, s:o, s:o, s:o, s:i, s:i, s:i}",
		"path", o->path, "error", o->good ? json_null() : json_string(o->why),
		"machine", coverage_machine(o->machine), "bits", o->wide ? 64 : 32, "interpreter", o->loader,
		"go", text_or_null(o->go),
		"seen", calls(o->system || o->shim ? 0 : o->doors, 0, DOORS),
		"not_seen", calls(o->system || o->shim ? 0 : o->bypasses, DOORS + 1, BYPASSES),
		"syscall_instructions", (int)o->sites, "of_sending", (int)o->sending, "of_io_uring", (int)o->rings);

	if (o->tapped)
		json_object_set_new(j, "tapped", json_pack("{s:s, s:b}", "version", o->version, "tap", coverage_has_taps(c, o)));
	if (o->shim)
		json_object_set_new(j, "shim", json_true());
	return j;
}

static json_t *counters(const struct coverage *c)
{
	const struct md_stats *s = &c->stats.stats;

	if (!c->has_stats)
		return json_null();
	return json_pack("{s:i, s:I, s:I, s:I}", "pid", c->stats.pid, "seen", (json_int_t)s->count[MD_C_SEEN],
		"wrapped", (json_int_t)statsfile_wrapped(s), "aside", (json_int_t)statsfile_aside(s));
}

static json_t *process(const struct coverage *c)
{
	const struct sockets *n = &c->sockets;

	return json_pack("{s:i, s:b, s:o, s:b, s:o, s:i, s:i, s:i, s:I, s:o}",
		"pid", c->pid, "loaded", c->mapped, "counters_file", text_or_null(c->counters),
		"counters_removed", c->counters_gone, "counters", counters(c), "io_uring_rings", (int)c->rings,
		"seccomp", c->seccomp, "no_new_privs", c->no_new_privs, "code_without_file", (json_int_t)c->anonymous_code,
		"sockets", c->descriptors_known ? json_pack("{s:i, s:i, s:i, s:i, s:i}", "udp", (int)n->udp,
			"udp_connected", (int)n->udp_connected, "tcp", (int)n->tcp, "raw", (int)n->raw, "other", (int)n->other) :
			json_null());
}

int coverage_json(const struct coverage *c)
{
	json_t *objects = json_array(), *settings = json_array(), *all;
	char sentence[COVERAGE_PATH];
	const char *word = coverage_verdict(c, sentence, sizeof sentence);
	int err;

	for (unsigned i = 0; i < c->objects; i++)
		json_array_append_new(objects, object(c, &c->object[i]));
	for (unsigned i = 0; i < c->settings; i++)
		json_array_append_new(settings, json_string(c->setting[i]));
	all = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:b, s:o, s:i, s:o, s:o}",
		"name", c->name, "verdict", word, "because", sentence, "script", text_or_null(c->script),
		"secure", c->secure ? json_string(c->secure_why) : json_null(),
		"environment", c->environment_known ? settings : json_null(),
		"libraries_known", c->libraries_known, "libraries_why", text_or_null(c->libraries_why),
		"libraries_missing", (int)c->missing, "process", c->pid ? process(c) : json_null(), "files", objects);
	if (!c->environment_known)
		json_decref(settings);
	err = !all || json_dumpf(all, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER) != 0 || putchar('\n') == EOF;
	json_decref(all);
	return err ? complain("the JSON text cannot be made") : 0;
}
