/* SPDX-License-Identifier: BSD-3-Clause
 *
 * command.h - the subcommands of mdctl. */
#ifndef MDCTL_COMMAND_H
#define MDCTL_COMMAND_H

struct command {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
	const char *description;           /* one line */
	const char *usage;
};

int command_stats(int argc, char **argv);
int command_coverage(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_books(int argc, char **argv);
int command_csp(int argc, char **argv);
int command_reload(int argc, char **argv);
int command_arm(int argc, char **argv);

enum { EXIT_USAGE = 2 };

/* Prints "mdctl: ...\n" on standard error. Returns 1, to be the exit status. */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
