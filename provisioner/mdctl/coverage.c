// SPDX-License-Identifier: BSD-3-Clause
// mdctl coverage: which ways of sending of a program the library sees, which it cannot, and how that is known.
#include "coverage.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

/* --- The verdict ----------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 4, 5))) static const char *judged(const char *word, char *sentence, size_t room,
	const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vsnprintf(sentence, room, format, values);
	va_end(values);
	return word;
}

static const struct object *shim_of(const struct coverage *c)
{
	for (unsigned i = 0; i < c->objects; i++)
		if (c->object[i].shim && c->object[i].good)
			return &c->object[i];
	return NULL;
}

/* Why nothing can be preloaded into it, or why that would be of no use; NULL if nothing speaks against it. */
static const char *obstacle(const struct coverage *c)
{
	const struct object *program = &c->object[0], *shim = shim_of(c);

	if (!program->good)
		return NULL;
	if (!program->loader)
		return program->go[0] ? "a statically linked Go program: no loader runs, and it makes its system calls itself" :
					"statically linked (no PT_INTERP): no loader runs that could preload anything";
	if (c->secure)
		return c->secure_why;
	if (shim && (shim->machine != program->machine || shim->wide != program->wide))
		return "it is for another machine or word size than libmdshim.so";
	if (program->go[0])
		return "a Go program: it makes its system calls itself; only C code linked into it would be seen";
	return NULL;
}

static bool hints_at_uring(const struct coverage *c)
{
	for (unsigned i = 0; i < c->objects; i++) {
		const struct object *o = &c->object[i];

		if (!o->system && !o->shim && (o->uring || o->rings || (o->bypasses & 7u << (BYPASS_io_uring_submit - DOORS - 1))))
			return true;
	}
	return false;
}

static bool preload_asked(const struct coverage *c)
{
	for (unsigned i = 0; i < c->settings; i++)
		if (strncmp(c->setting[i], "LD_PRELOAD=", 11) == 0 && strstr(c->setting[i], "libmdshim"))
			return true;
	return false;
}

static const char *judge_command(const struct coverage *c, char *sentence, size_t room)
{
	const char *why = obstacle(c);

	if (why)
		return judged("cannot-attach", sentence, room, "cannot be attached: %s", why);
	if (hints_at_uring(c))
		return judged("can-attach-partly", sentence, room,
			"can be attached, but there are signs of io_uring, which is not seen: mdshim-run --no-io-uring");
	return judged("can-attach", sentence, room,
		"can be attached; whether it is, counted sends will tell: ask again with its PID");
}

static const char *judge_process(const struct coverage *c, char *sentence, size_t room)
{
	uint64_t seen = c->has_stats ? c->stats.stats.count[MD_C_SEEN] : 0;
	const char *why = obstacle(c);

	if (c->mapped && seen && c->stats.pid != c->pid)
		return judged("unknown", sentence, room, "a fork of process %d, with which it shares its counters: %" PRIu64
			" datagrams seen in both", c->stats.pid, seen);
	if (c->mapped && seen && (c->rings || c->object[0].go[0]))
		return judged("attached-partly", sentence, room, "attached: %" PRIu64 " datagrams seen, %" PRIu64 " wrapped; but %s",
			seen, statsfile_wrapped(&c->stats.stats),
			c->rings ? "what it sends by io_uring is not among them" : "what Go code sends is not among them");
	if (c->mapped && seen)
		return judged("attached", sentence, room, "attached: %" PRIu64 " datagrams seen, %" PRIu64 " wrapped", seen,
			statsfile_wrapped(&c->stats.stats));
	if (c->mapped && c->has_stats)
		return judged("not-attached", sentence, room, "loaded and serving, but not one datagram was seen%s%s",
			c->rings ? ": it has an io_uring open" : why ? ": " : "", c->rings || !why ? "" : why);
	if (c->mapped && c->counters[0])
		return judged("unknown", sentence, room, "loaded and serving, but its counters cannot be read: %s",
			c->counters_gone ? "their file was removed" : c->stats.why[0] ? c->stats.why : "no such file");
	if (c->mapped)
		return judged("not-attached", sentence, room,
			"loaded, but not serving: not named by processes =, without a route, switched off, or a bad configuration");
	return judged("not-attached", sentence, room, "not attached: libmdshim.so is not loaded%s%s", why ? ": " : "",
		why ? why : preload_asked(c) ? ", although LD_PRELOAD names it" : "");
}

const char *coverage_verdict(const struct coverage *c, char *sentence, size_t room)
{
	return c->pid ? judge_process(c, sentence, room) : judge_command(c, sentence, room);
}

/* --- The command ----------------------------------------------------------------------------------------------------- */

struct request {
	bool json;
	const char *dir;
	char **command;
	int pid;
};

static int process_number(const char *text)
{
	char name[32];

	snprintf(name, sizeof name, "%.20s.stats", text);
	return statsfile_pid(name);
}

static int arguments(int argc, char **argv, struct request *r)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			r->json = true;
		} else if (strcmp(argv[i], "--dir") == 0 && i + 1 < argc && strlen(argv[i + 1]) < STATSDIR_MAX) {
			r->dir = argv[++i];
		} else if (strcmp(argv[i], "--") == 0 && i + 1 < argc && !r->pid) {
			r->command = argv + i + 1;
			return 0;
		} else if (r->pid || !(r->pid = process_number(argv[i]))) {
			complain("coverage: expected one process number, or -- and a command; found \"%s\"", argv[i]);
			return EXIT_USAGE;
		}
	}
	return r->pid ? 0 : EXIT_USAGE;
}

int command_coverage(int argc, char **argv)
{
	struct request r = { .pid = 0 };
	struct coverage *c = calloc(1, sizeof *c);
	int status = arguments(argc, argv, &r);

	if (!c)
		return complain("no memory");
	if (!status) {
		c->pid = r.pid;
		status = r.command ? coverage_command(c, r.command) : coverage_process(c, r.dir);
	}
	if (!status && r.json)
		status = coverage_json(c);
	else if (!status)
		coverage_show(c);
	free(c->object);
	free(c);
	return status;
}
