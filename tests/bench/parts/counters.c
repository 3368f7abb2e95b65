/* SPDX-License-Identifier: BSD-3-Clause */
#include "../pair.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

const char *const engine_names[MD_ENGINE_COUNT] = {
#define NAME(name, text) text,
	MD_ENGINES(NAME)
#undef NAME
};

/* --- A sender's ---------------------------------------------------------------------------------------------------------- */

bool wraps(const struct child *c)
{
	return strcmp(c->mode, "inline") == 0 || strcmp(c->mode, "tunnel") == 0;
}

bool read_counters(const struct child *c, struct counters *n)
{
	static const enum md_count kinds[2][2] = { { MD_C_WRAPPED_MED_INLINE, MD_C_WRAPPED_MED_TUNNEL },
		{ MD_C_WRAPPED_OFC_INLINE, MD_C_WRAPPED_OFC_TUNNEL } };
	struct md_stats s;
	char path[512];
	bool good;
	FILE *f;

	*n = (struct counters){ 0 };
	snprintf(path, sizeof(path), "%s/stats/%d.stats", work, (int)c->pid);
	f = fopen(path, "re");
	good = f && fread(&s, sizeof(s), 1, f) == 1 && s.magic == MD_STATS_MAGIC;
	if (f)
		fclose(f);
	if (!good)
		return false;
	for (unsigned i = 0; i < 4; i++)
		n->wrapped += s.count[kinds[i / 2][i % 2]];
	n->of_kind = s.count[kinds[c->option[0] == 'o'][c->mode[0] == 't']];
	for (unsigned i = 0; i < MD_ENGINE_COUNT; i++)
		if (strcmp(engine_names[i], c->engine) == 0)
			n->by_engine = s.engine[i];
	return true;
}

void forget_counters(const struct child *c)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/stats/%d.stats", work, (int)c->pid);
	unlink(path);
}

/* --- The sinks' ---------------------------------------------------------------------------------------------------------- */

/* Datagrams that came to the sink of that namespace: the far end of a link, or a device that drops all, and counts them as
 * received (IFB), sent (dummy) or dropped while sending (VXLAN). */
static uint64_t arrived_in(int space, const char *sink)
{
	const char *device = strcmp(sink, "null") == 0 ? "v0:" : "v1:";
	uint64_t packets = 0, rx, tx, dropped;
	char line[512], name[32];
	FILE *f;

	if (setns(space, CLONE_NEWNET) != 0)
		return 0;
	f = fopen("/proc/thread-self/net/dev", "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " %30s %*u %" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64 " %*u %" SCNu64, name, &rx, &tx, &dropped) == 4 &&
			strcmp(name, device) == 0)
			packets = rx + tx + dropped;
	if (f)
		fclose(f);
	return packets;
}

uint64_t arrived(const char *sink)
{
	char path[512], name[64];
	uint64_t all = 0;
	FILE *list;
	int space;

	snprintf(path, sizeof(path), "%s/spaces", work);
	list = fopen(path, "re");
	while (list && fscanf(list, "%60s", name) == 1) {
		snprintf(path, sizeof(path), "%s/ns/%s.%s", work, name, sink);
		space = open(path, O_RDONLY | O_CLOEXEC);
		if (space < 0)
			continue;
		all += arrived_in(space, sink);
		close(space);
	}
	if (list)
		fclose(list);
	return all;
}
