// SPDX-License-Identifier: BSD-3-Clause
// What can be said of a command without running it: its file, behind a script the interpreter, and the libraries that the
// loader would map. The loader is asked in its listing mode, in which nothing of the program runs; only one that belongs to
// root and lies where loaders lie, since a program names its loader itself.
#include "coverage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "command.h"

enum { SCRIPTS = 4 };

extern char **environ;

static bool executable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The file that execvp() would take, absolute and without links. */
static bool locate(const char *command, char path[static PATH_MAX])
{
	const char *search = getenv("PATH"), *at = search ? search : "/bin:/usr/bin";
	char candidate[PATH_MAX];

	if (strchr(command, '/'))
		return executable(command) && realpath(command, path);
	while (at) {
		const char *colon = strchr(at, ':');
		int len = colon ? (int)(colon - at) : (int)strlen(at);

		snprintf(candidate, sizeof candidate, "%.*s/%s", len ? len : 1, len ? at : ".", command);
		if (executable(candidate))
			return realpath(candidate, path) != NULL;
		at = colon ? colon + 1 : NULL;
	}
	return false;
}

/* What a script's first line starts; behind env, the program that env would start. */
static bool interpreter(const char *path, char out[static PATH_MAX])
{
	char line[512] = "", *word, *rest;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : pread(fd, line, sizeof line - 1, 0);

	if (fd >= 0)
		close(fd);
	if (n < 3 || line[0] != '#' || line[1] != '!')
		return false;
	line[strcspn(line, "\r\n")] = '\0';
	word = strtok_r(line + 2, " \t", &rest);
	if (word && strlen(word) >= 4 && strcmp(word + strlen(word) - 4, "/env") == 0)
		do
			word = strtok_r(NULL, " \t", &rest);
		while (word && (word[0] == '-' || strchr(word, '=')));
	return word && locate(word, out);
}

/* --- Secure-execution mode ------------------------------------------------------------------------------------------- */

static void look_at_privilege(struct coverage *c, const char *path)
{
	const char *why = NULL;
	struct stat st;

	if (stat(path, &st) != 0)
		return;
	if ((st.st_mode & S_ISUID) && st.st_uid != getuid())
		why = "it is set-user-ID";
	else if ((st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP) && st.st_gid != getgid())
		why = "it is set-group-ID";
	else if (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
		why = "it has file capabilities";
	c->secure = why != NULL;
	if (why)
		snprintf(c->secure_why, sizeof c->secure_why, "%s: the loader ignores LD_PRELOAD for it", why);
}

/* --- The loader's own answer ----------------------------------------------------------------------------------------- */

static bool trusted_loader(const char *path)
{
	char real[PATH_MAX];
	const char *name;
	struct stat st;

	if (!realpath(path, real) || stat(real, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & 022))
		return false;
	name = strrchr(real, '/') + 1;
	return (strncmp(real, "/lib", 4) == 0 || strncmp(real, "/usr/lib", 8) == 0) &&
		(strncmp(name, "ld-linux", 8) == 0 || strncmp(name, "ld-2.", 5) == 0 || strncmp(name, "ld.so", 5) == 0);
}

/* Our environment without what would load or run more than the program itself. */
static char **plain_environment(void)
{
	static const char *const without[] = { "LD_PRELOAD=", "LD_AUDIT=", "LD_DEBUG" };
	size_t n = 0, kept = 0;
	char **plain;

	while (environ[n])
		n++;
	plain = calloc(n + 1, sizeof *plain);
	for (size_t i = 0; plain && i < n; i++) {
		bool keep = true;

		for (unsigned k = 0; k < sizeof without / sizeof *without; k++)
			keep = keep && strncmp(environ[i], without[k], strlen(without[k])) != 0;
		if (keep)
			plain[kept++] = environ[i];
	}
	return plain;
}

/* "name => /path (0x...)", "/path (0x...)", "name => not found". */
static void one_library(struct coverage *c, char *line)
{
	char *arrow = strstr(line, " => "), *path = arrow ? arrow + 4 : line + strspn(line, " \t"), *end;

	if (strncmp(path, "not found", 9) == 0) {
		c->missing++;
		return;
	}
	end = strstr(path, " (0x");
	if (path[0] != '/' || !end)
		return;
	*end = '\0';
	coverage_add(c, path, path);
}

static void read_list(struct coverage *c, int fd)
{
	FILE *f = fdopen(fd, "r");
	char *line = NULL;
	size_t room = 0;

	if (!f) {
		close(fd);
		return;
	}
	while (getline(&line, &room, f) > 0)
		one_library(c, line);
	free(line);
	fclose(f);
}

static void ask_loader(struct coverage *c, const char *path)
{
	char loader[COVERAGE_PATH], list[] = "--list", program[PATH_MAX];
	char *arguments[] = { loader, list, program, NULL }, **plain = plain_environment();
	posix_spawn_file_actions_t actions;
	int ends[2], status = -1, err = ENOMEM;
	pid_t pid = 0;

	snprintf(loader, sizeof loader, "%s", c->object[0].interpreter);
	snprintf(program, sizeof program, "%s", path);
	if (plain && pipe2(ends, O_CLOEXEC) == 0) {
		posix_spawn_file_actions_init(&actions);
		posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
		err = posix_spawn(&pid, loader, &actions, NULL, arguments, plain);
		posix_spawn_file_actions_destroy(&actions);
		close(ends[1]);
		read_list(c, ends[0]);
		if (!err)
			while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
				;
	}
	free(plain);
	c->libraries_known = !err && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (!c->libraries_known)
		snprintf(c->libraries_why, sizeof c->libraries_why, "the loader could not list them");
}

static void add_libraries(struct coverage *c, const char *path)
{
	if (!c->object[0].good || !c->object[0].loader)
		snprintf(c->libraries_why, sizeof c->libraries_why, "no loader is asked for");
	else if (!trusted_loader(c->object[0].interpreter))
		snprintf(c->libraries_why, sizeof c->libraries_why, "its loader is not one of the system's, and was not run");
	else
		ask_loader(c, path);
}

/* The library that would be preloaded: beside mdctl, or where libraries are. */
static void add_shim(struct coverage *c)
{
	static const char *const places[] = { "/usr/local/lib", "/usr/lib", "/usr/lib/x86_64-linux-gnu",
		"/usr/lib/aarch64-linux-gnu" };
	char path[PATH_MAX + 16];
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

	path[n > 0 ? n : 0] = '\0';
	if (strrchr(path, '/')) {
		strcpy(strrchr(path, '/'), "/libmdshim.so");
		if (access(path, R_OK) == 0) {
			coverage_add(c, path, path);
			return;
		}
	}
	for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
		snprintf(path, sizeof path, "%s/libmdshim.so", places[i]);
		if (access(path, R_OK) == 0) {
			coverage_add(c, path, path);
			return;
		}
	}
}

int coverage_command(struct coverage *c, char **argv)
{
	char path[PATH_MAX], next[PATH_MAX];

	coverage_print(c->name, sizeof c->name, argv[0]);
	c->seccomp = c->no_new_privs = -1;
	if (!locate(argv[0], path))
		return complain("%s: expected a program that may be executed", argv[0]);
	for (unsigned i = 0; i < SCRIPTS && interpreter(path, next); i++) {
		if (!c->script[0])
			coverage_print(c->script, sizeof c->script, path);
		strcpy(path, next);
	}
	for (char **variable = environ; *variable; variable++)
		coverage_setting(c, *variable);
	c->environment_known = true;
	if (!coverage_add(c, path, path))
		return complain("no memory");
	if (!c->object[0].good)
		return complain("%s: %s", c->object[0].path, c->object[0].why);
	look_at_privilege(c, path);
	add_libraries(c, path);
	add_shim(c);
	return 0;
}
