// SPDX-License-Identifier: BSD-3-Clause
// Where the counters are. Only this one key is looked for: a configuration whose key file is not for our eyes, or that
// is wrong elsewhere, still says it.
#include "statsdir.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *trimmed(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strcspn(text, "\r\n");
	while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	text[len] = '\0';
	return text;
}

static void value_read(char *value, char dir[static STATSDIR_MAX])
{
	for (char *at = value; *at; at++) {
		if (*at == ';' && at > value && (at[-1] == ' ' || at[-1] == '\t')) {
			*at = '\0';
			break;
		}
	}
	value = trimmed(value);
	if (value[0] == '/' && strlen(value) < STATSDIR_MAX)
		strcpy(dir, value);
}

static void file_scan(FILE *f, char dir[static STATSDIR_MAX])
{
	char line[4096], *text, *mark;
	bool here = false;

	while (fgets(line, sizeof line, f)) {
		text = trimmed(line);
		if (text[0] == '[') {
			here = strncmp(text, "[shim]", 6) == 0;
			continue;
		}
		mark = strpbrk(text, "=:");
		if (!here || !mark)
			continue;
		*mark = '\0';
		if (strcmp(trimmed(text), "stats_dir") == 0)
			value_read(mark + 1, dir);
	}
}

void statsdir_find(char dir[static STATSDIR_MAX])
{
	const char *conf = getenv("MDSHIM_CONF");
	FILE *f = fopen(conf && *conf ? conf : "/etc/mdshim/shim.conf", "re");

	strcpy(dir, "/run/mdshim");
	if (!f)
		return;
	file_scan(f, dir);
	fclose(f);
}
