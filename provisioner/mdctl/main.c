// SPDX-License-Identifier: BSD-3-Clause
// mdctl - what mdshim does on this host.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"


static int command_help(int argc, char **argv);

static const struct command commands[] = {
	{ "stats", command_stats, "counters of the programs that run with libmdshim",
	  "usage: mdctl stats [--json] [--dir DIR] [PID]\n"
	  "       mdctl stats --prune [--dir DIR]\n"
	  "\n"
	  "  --json     everything, as one JSON object\n"
	  "  --dir DIR  folder of the counters (else stats_dir of $MDSHIM_CONF or /etc/mdshim/shim.conf,\n"
	  "             else /run/mdshim)\n"
	  "  --prune    remove the files of processes that have ended\n" },
	{ "coverage", command_coverage, "which ways of sending of a program the library sees, and which it cannot",
	  "usage: mdctl coverage [--json] [--dir DIR] PID\n"
	  "       mdctl coverage [--json] -- COMMAND [ARGUMENT...]\n"
	  "\n"
	  "  --json     everything, as one JSON object\n"
	  "  --dir DIR  folder of the counters, where the process does not tell\n"
	  "  COMMAND    is not run\n" },
	{ "explain", command_explain, "for each packet of a process or a capture, what the library tells of it, and why",
	  "usage: mdctl explain [--config FILE] [--json] [--dir DIR] [--count N] PID\n"
	  "       mdctl explain [--config FILE] [--json] PCAP\n"
	  "\n"
	  "  --config FILE  shim.conf (else $MDSHIM_CONF, else /etc/mdshim/shim.conf)\n"
	  "  --json         one JSON object for each packet\n"
	  "  --dir DIR      folder of the counters (else stats_dir of the configuration)\n"
	  "  --count N      end after N datagrams (else with the process, or by a signal)\n"
	  "  PID            a process that runs with libmdshim; to be asked by the user it runs as, or by root\n"
	  "  PCAP           a capture of what the program sends without the library (tcpdump -w), or - for standard input\n" },
	{ "books", command_books, "codebooks of the provisioner on this host: epochs, states, next change",
	  "usage: mdctl books [--json] [--socket PATH]\n"
	  "\n"
	  "  --json         everything, as one JSON object\n"
	  "  --socket PATH  control_socket of the provisioner (/run/mdshim/provisioner.sock)\n" },
	{ "csp", command_csp, "the controllers books are offered to: states, last answers and errors",
	  "usage: mdctl csp [--json] [--socket PATH]\n" },
	{ "reload", command_reload, "the provisioner reads its configuration again, as a whole or not at all",
	  "usage: mdctl reload [--socket PATH]\n" },
	{ "arm", command_arm, "the egress patch in the kernel: puts it in, shows it, takes it out, and tables of nftables too",
	  "usage: mdctl arm [--netns NAME]... [--cgroup PATH] [--clsact] [--dir DIR]\n"
	  "       mdctl arm --status [--json] [--dir DIR | --netns NAME...]\n"
	  "       mdctl arm --off [--broker PATH] [--dir DIR | --netns NAME...]\n"
	  "\n"
	  "  --netns NAME   this network namespace and not our own: a name of ip-netns(8), or a path\n"
	  "  --cgroup PATH  only for the processes in this control group (all)\n"
	  "  --clsact       load and attach as on kernels before 6.6\n"
	  "  --dir DIR      where in a BPF file system it is pinned (/sys/fs/bpf/mdshim)\n"
	  "  --status       the armed interfaces, the tables of nftables, and what was counted\n"
	  "  --off          take everything out; senders go on by another way. With --dir the patch alone, with\n"
	  "                 --netns the tables of nftables of these namespaces alone\n"
	  "  --broker PATH  broker_socket of mdprovisiond, which is told (/run/mdshim/broker.sock)\n" },
	{ "import", command_import, "codebooks in the text form of the draft's Appendix A.3, as a lab book",
	  "usage: mdctl import [--domain NAME] [--book N] [--not-before T] [--not-after T] FILE\n"
	  "\n"
	  "  --domain NAME   1 to 64 of A-Z a-z 0-9 . _ - (lab)\n"
	  "  --book N        epoch id, 1 to 4294967295 (--not-before)\n"
	  "  --not-before T  seconds since 1970-01-01 UTC (now)\n"
	  "  --not-after T   the same (600 later)\n"
	  "  FILE            or - for standard input; defects are named with their lines on standard error, the book\n"
	  "                  goes to standard output if there is no error\n" },
	{ "help", command_help, "what a command does", "usage: mdctl help [COMMAND]\n" },
};

static const struct command *command_find(const char *name)
{
	for (unsigned i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int complain(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	fputs("mdctl: ", stderr);
	vfprintf(stderr, format, values);
	fputc('\n', stderr);
	va_end(values);
	return 1;
}

static void usage(FILE *to)
{
	fputs("usage: mdctl COMMAND [ARGUMENT...]\n       mdctl --help | --version\n\n", to);
	for (unsigned i = 0; i < sizeof commands / sizeof *commands; i++)
		fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].description);
}

static int command_help(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		usage(stdout);
		return 0;
	}
	c = command_find(argv[1]);
	if (!c) {
		complain("%s: expected a command", argv[1]);
		return EXIT_USAGE;
	}
	printf("mdctl %s: %s\n%s", c->name, c->description, c->usage);
	return 0;
}

int main(int argc, char **argv)
{
	const struct command *c;
	int status;

	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("mdctl " MDSHIM_VERSION);
		return 0;
	}
	c = command_find(strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ? "help" : argv[1]);
	if (!c) {
		complain("%s: expected a command; mdctl --help lists them", argv[1]);
		return EXIT_USAGE;
	}
	status = argc > 2 && strcmp(argv[2], "--help") == 0 ? (fputs(c->usage, stdout), 0) : c->run(argc - 1, argv + 1);
	if (status == EXIT_USAGE)
		fputs(c->usage, stderr);
	if (fflush(stdout) != 0 || ferror(stdout))
		return complain("standard output cannot be written");
	return status;
}
