// SPDX-License-Identifier: BSD-3-Clause
// mdctl explain - hands over to mdshim-explain, which knows the shim's rooms; it lies beside mdctl, or in the path.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

int command_explain(int argc, char **argv)
{
	static char name[] = "mdshim-explain";
	char path[PATH_MAX + sizeof name];
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	if (argc < 2)
		return EXIT_USAGE;
	argv[0] = name;
	fflush(stdout);
	path[len > 0 ? len : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash) {
		memcpy(slash + 1, name, sizeof name);
		execv(path, argv);
	}
	execvp(name, argv);
	return complain("%s: %s", name, strerror(errno));
}
