// SPDX-License-Identifier: BSD-3-Clause
// Counters for programs: everything, also what is zero.
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "command.h"
#include "statsfile.h"

static json_t *count(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

static json_t *counts(const struct md_stats *s)
{
	json_t *all = json_object();

#define COUNT_JSON(name, text, help) json_object_set_new(all, text, count(s->count[MD_C_##name]));
	MD_COUNTS(COUNT_JSON)
#undef COUNT_JSON
	return all;
}

static json_t *asides(const struct md_stats *s)
{
	json_t *all = json_object();

#define ASIDE_JSON(name, text, help) json_object_set_new(all, text, count(s->aside[MD_A_##name]));
	MD_ASIDES(ASIDE_JSON)
#undef ASIDE_JSON
	return all;
}

static json_t *engines(const struct md_stats *s)
{
	json_t *all = json_object();

	for (uint32_t i = 0; i < MD_ENGINE_COUNT; i++)
		json_object_set_new(all, engine_name(i), count(s->engine[i]));
	return all;
}

/* Numbers of errors, by engine; only those that were refused. */
static json_t *refused(const uint32_t *why)
{
	json_t *all = json_object();

	for (uint32_t i = 0; i < MD_ENGINE_COUNT; i++)
		if (why[i])
			json_object_set_new(all, engine_name(i), count(why[i]));
	return all;
}

static json_t *process(const struct statsfile *file)
{
	const struct md_stats *s = &file->stats;

	return json_pack("{s:i, s:s, s:b, s:o, s:o, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o}",
		"pid", file->pid, "program", s->comm, "alive", file->alive, "started", count(s->started),
		"uptime", file->alive ? count(file->uptime) : json_null(), "config", s->config,
		"engine_v4", engine_name(s->engine_v4), "engine_v6", engine_name(s->engine_v6),
		"engine_errno_v4", (json_int_t)s->engine_errno_v4, "engine_errno_v6", (json_int_t)s->engine_errno_v6,
		"wrapped", count(statsfile_wrapped(s)), "aside", count(statsfile_aside(s)),
		"counts", counts(s), "asides", asides(s), "sent", engines(s),
		"flows", count(s->flows_now), "sockets", count(s->sockets_now), "sandboxed", (int)(s->sandboxed != 0),
		"refused_v4", refused(s->refused_v4), "refused_v6", refused(s->refused_v6));
}

int stats_json(const char *dir, const struct statsfile *files, unsigned n)
{
	json_t *good = json_array(), *unreadable = json_array(), *all;
	int err;

	for (unsigned i = 0; i < n; i++) {
		if (files[i].good)
			json_array_append_new(good, process(&files[i]));
		else
			json_array_append_new(unreadable, json_pack("{s:s, s:s}", "file", files[i].name, "why", files[i].why));
	}
	all = json_pack("{s:s?, s:o, s:o}", "dir", dir, "processes", good, "unreadable", unreadable);
	err = !all || json_dumpf(all, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER) != 0 || putchar('\n') == EOF;
	json_decref(all);
	return err ? complain("the JSON text cannot be made: is the folder's name UTF-8?") : 0;
}
