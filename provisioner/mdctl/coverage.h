/* SPDX-License-Identifier: BSD-3-Clause
 *
 * coverage.h - what can be known of the ways in which a program sends: gathered here, judged and shown elsewhere. */
#ifndef MDCTL_COVERAGE_H
#define MDCTL_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "statsdir.h"
#include "statsfile.h"

enum { COVERAGE_PATH = 512, COVERAGE_TEXT = 160, COVERAGE_OBJECTS = 1024, COVERAGE_SETTINGS = 16 };

/* Calls that pass the library, and calls that send without passing it. */
#define COVERAGE_DOORS(X) X(send) X(sendto) X(sendmsg) X(sendmmsg) X(write) X(writev) X(syscall)
#define COVERAGE_BYPASSES(X) X(sendfile) X(sendfile64) X(splice) X(vmsplice) X(io_submit) X(aio_write) X(aio_write64) \
	X(io_uring_submit) X(io_uring_queue_init) X(io_uring_queue_init_params)
enum {
#define DOOR_BIT(name) DOOR_##name,
	COVERAGE_DOORS(DOOR_BIT)
#undef DOOR_BIT
	DOORS,
#define BYPASS_BIT(name) BYPASS_##name,
	COVERAGE_BYPASSES(BYPASS_BIT)
#undef BYPASS_BIT
	BYPASSES
};

/* A program or a library of it. */
struct object {
	char path[COVERAGE_PATH];
	char name[64];                 /* without folders */
	char why[COVERAGE_TEXT];       /* it could not be read */
	bool good, system, shim, tapped, uring;
	char version[64];              /* of a library with a tap: what its file says */
	bool wide, loader;             /* 64 bits; asks for a loader */
	unsigned machine;
	char interpreter[COVERAGE_PATH];
	char go[48];                   /* the sign of it, if a Go program */
	uint32_t doors, bypasses;      /* imported: bits DOOR_*, BYPASS_* (less DOORS + 1) */
	uint32_t taps;                 /* of the shim: bits, by tap_name() */
	unsigned sites;                /* system call instructions */
	unsigned sending;              /* of them: with the number of a sending call right before */
	unsigned rings;                /* of them: with a number of io_uring */
};

struct sockets { unsigned udp, udp_connected, tcp, raw, other, unknown; };

struct coverage {
	int pid;                       /* 0: a command that does not run */
	char name[COVERAGE_TEXT];      /* of the process, or the command as given */
	char script[COVERAGE_PATH];    /* the command is a script: this one */
	struct object *object;         /* the program first */
	unsigned objects, missing;     /* missing: libraries that the loader does not find */
	bool libraries_known;
	char libraries_why[COVERAGE_TEXT];
	bool secure;                   /* the loader ignores LD_PRELOAD: */
	char secure_why[COVERAGE_TEXT];
	char setting[COVERAGE_SETTINGS][COVERAGE_PATH]; /* NAME=value of its environment */
	unsigned settings;
	bool environment_known;
	/* of a process */
	bool mapped;                   /* libmdshim.so is */
	char counters[COVERAGE_PATH];  /* the file of counters that is mapped */
	bool counters_gone, has_stats;
	struct statsfile stats;
	unsigned rings;                /* io_uring rings open */
	bool descriptors_known;
	struct sockets sockets;
	int seccomp, no_new_privs;     /* -1: unknown */
	uint64_t anonymous_code;       /* octets of executable memory that belongs to no file */
};

/* Looks at a file as one object of c: called path, to be read as file. Returns it, NULL without memory or room. */
struct object *coverage_add(struct coverage *c, const char *path, const char *file);

/* Fill in c. 0, or 1 after a complaint. dir: where counters are, if the process does not tell. */
int coverage_process(struct coverage *c, const char *dir);
int coverage_command(struct coverage *c, char **argv);

/* Keeps the variable if it matters here. */
void coverage_setting(struct coverage *c, const char *variable);

/* Makes octets of others fit to print. */
void coverage_print(char *to, size_t room, const char *from);

/* The verdict in one word, and the sentence for it. */
const char *coverage_verdict(const struct coverage *c, char *sentence, size_t room);

const char *coverage_machine(unsigned machine);
const char *coverage_call(unsigned bit);
const char *coverage_tap(unsigned bit); /* NULL behind the last */

/* Whether this libmdshim.so has taps for the library. */
bool coverage_has_taps(const struct coverage *c, const struct object *o);

void coverage_show(const struct coverage *c);
int coverage_json(const struct coverage *c);

#endif
