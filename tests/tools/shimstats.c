/* SPDX-License-Identifier: BSD-3-Clause
 *
 * shimstats DIR - the counters of all processes in DIR, added up, as lines "name value": the counters by their names,
 * aside.NAME for the reasons, engine.NAME for the engines, and the sums wrapped, asides and processes. It reads the file
 * as include/mdshim/stats.h describes it and shares no code with mdctl. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <mdshim/stats.h>

static const char *const counts[] = {
#define NAME(name, text, help) text,
	MD_COUNTS(NAME)
};
static const char *const asides[] = { MD_ASIDES(NAME) };
#undef NAME
#define NAME(name, text) text,
static const char *const engines[] = { MD_ENGINES(NAME) };
#undef NAME

static struct md_stats sum;
static unsigned processes, wrong;

static void add(const char *path)
{
	struct md_stats one;
	FILE *f = fopen(path, "re");

	if (!f || fread(&one, sizeof one, 1, f) != 1 || one.magic != MD_STATS_MAGIC || one.version != MD_STATS_VERSION ||
		one.size != MD_STATS_SIZE || memchr(one.comm, 0, sizeof one.comm) == NULL || one.pid <= 0) {
		fprintf(stderr, "shimstats: %s is not a file of counters\n", path);
		wrong++;
	} else {
		processes++;
		for (unsigned i = 0; i < MD_STATS_SLOTS; i++) {
			sum.count[i] += one.count[i];
			sum.aside[i] += one.aside[i];
		}
		for (unsigned i = 0; i < 8; i++)
			sum.engine[i] += one.engine[i];
	}
	if (f)
		fclose(f);
}

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	uint64_t wrapped = 0, aside = 0;

	if (!dir) {
		fprintf(stderr, "usage: shimstats DIR\n");
		return 2;
	}
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		char path[4096];
		size_t n = strlen(e->d_name);
		if (n > 6 && strcmp(e->d_name + n - 6, ".stats") == 0) {
			snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
			add(path);
		}
	}
	closedir(dir);
	for (unsigned i = 0; i < MD_COUNT_COUNT; i++) {
		printf("%s %" PRIu64 "\n", counts[i], sum.count[i]);
		if (strncmp(counts[i], "wrapped-", 8) == 0)
			wrapped += sum.count[i];
	}
	for (unsigned i = 0; i < MD_ASIDE_COUNT; i++) {
		printf("aside.%s %" PRIu64 "\n", asides[i], sum.aside[i]);
		aside += sum.aside[i];
	}
	for (unsigned i = 0; i < MD_ENGINE_COUNT; i++)
		printf("engine.%s %" PRIu64 "\n", engines[i], sum.engine[i]);
	printf("wrapped %" PRIu64 "\nasides %" PRIu64 "\nprocesses %u\n", wrapped, aside, processes);
	return wrong ? 1 : 0;
}
