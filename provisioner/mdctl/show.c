// SPDX-License-Identifier: BSD-3-Clause
// Counters for people: what is zero says nothing and is left out.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "statsfile.h"

static void line(const char *name, uint64_t value, const char *help)
{
	printf("  %-20s %12" PRIu64 "  %s\n", name, value, help);
}

static void show_head(const struct statsfile *file)
{
	uint64_t up = file->uptime;

	printf("%d %s: ", file->pid, file->stats.comm);
	if (file->alive)
		printf("alive, up %" PRIu64 ":%02u:%02u\n", up / 3600, (unsigned)(up / 60 % 60), (unsigned)(up % 60));
	else
		puts("ended");
	printf("  %-20s %s\n", "configuration", file->stats.config);
}

static void show_engine(const char *what, uint32_t engine, const uint32_t *refused)
{
	printf("  %-20s %s%s\n", what, engine_name(engine),
		engine == MD_ENGINE_NFT ? " (tunnel mode; inline mode is for patch or raw)" : "");
	for (uint32_t i = 0; i < MD_ENGINE_COUNT; i++)
		if (refused[i])
			printf("    %s: %s\n", engine_name(i), engine_refusal(i, refused[i]));
}

static void show_counts(const struct md_stats *s)
{
	static const struct { const char *name, *help; } counts[] = {
#define COUNT_NAME(name, text, help) { text, help },
		MD_COUNTS(COUNT_NAME)
#undef COUNT_NAME
	};

	for (unsigned i = 0; i < MD_COUNT_COUNT; i++)
		if (s->count[i] && i != MD_C_SEEN)
			line(counts[i].name, s->count[i], counts[i].help);
}

static void show_asides(const struct md_stats *s)
{
	static const struct { const char *name, *help; } asides[] = {
#define ASIDE_NAME(name, text, help) { text, help },
		MD_ASIDES(ASIDE_NAME)
#undef ASIDE_NAME
	};

	if (!statsfile_aside(s))
		return;
	line("stepped aside", statsfile_aside(s), "sent as the program asked:");
	for (unsigned i = 0; i < MD_ASIDE_COUNT; i++)
		if (s->aside[i])
			printf("    %-18s %12" PRIu64 "  %s\n", asides[i].name, s->aside[i], asides[i].help);
}

void stats_show(const struct statsfile *file)
{
	const struct md_stats *s = &file->stats;
	char name[32];

	show_head(file);
	show_engine("engine for IPv4", s->engine_v4, s->refused_v4);
	show_engine("engine for IPv6", s->engine_v6, s->refused_v6);
	if (s->sandboxed)
		puts("  the program installed a seccomp filter; since then nothing is done for it");
	if (s->count[MD_C_SEEN]) {
		line("seen", s->count[MD_C_SEEN], "datagrams of sockets we serve");
		line("wrapped", statsfile_wrapped(s), "of them");
	} else {
		puts("  0 datagrams seen: does the program send by io_uring, is it static, does it use its own system calls?");
	}
	show_counts(s);
	for (uint32_t i = 0; i < MD_ENGINE_COUNT; i++) {
		snprintf(name, sizeof name, "sent by %s", engine_name(i));
		if (s->engine[i])
			line(name, s->engine[i], "datagrams that left through this engine");
	}
	show_asides(s);
	line("flows now", s->flows_now, "in the table");
	line("sockets now", s->sockets_now, "in the table");
}
