/* SPDX-License-Identifier: BSD-3-Clause
 *
 * faults.h - what libs/faults.c writes down and tests/tools/soakcount.c reads: files that processes share. */
#ifndef FAULTS_H
#define FAULTS_H

#include <stddef.h>
#include <stdint.h>

enum fault_kind {
	FAULT_CALL, FAULT_START, FAULT_DESCRIPTOR, FAULT_FORK, FAULT_EXEC, FAULT_CLOCK, FAULT_REMOVE, FAULT_CUT, FAULT_CONFIG,
	FAULT_KINDS
};
#define FAULT_NAMES "calls", "start", "descriptors", "fork", "exec", "clock", "remove", "cut", "config"

/* In the order of the refusals. */
#define FAULT_CALL_NAMES "socket", "getsockopt", "setsockopt", "bind", "connect", "getsockname", "getpeername", "sendmsg", "sendmmsg", \
	"fcntl", "ppoll", "prlimit64", "sched_yield", "rt_sigprocmask", "futex", "getrandom", "getdents64", "close", "mmap", \
	"madvise", "open", "fallocate", "rename"

enum { FAULT_CALLS_MOST = 23, FAULTS_DATAGRAMS = 1 << 22 };

struct faults_report {
	uint64_t fault[FAULT_KINDS];
	uint64_t refused[FAULT_CALLS_MOST];
	uint64_t calls;                 /* of the shim that could have been refused */
	uint64_t processes, without;    /* with the shim, without it */
	uint64_t results, errnos;       /* of sends that were not as they should be */
	uint64_t children_failed;
	uint64_t wrapped;               /* sends of the shim that succeeded */
	int64_t last_result, last_expected, last_errno;
	int64_t last_child, last_child_kind;    /* wait status of one that failed, and FAULT_FORK or FAULT_EXEC */
};

/* Each datagram that a send call said it had sent. */
struct faults_ledger {
	uint64_t count;
	uint64_t digest[FAULTS_DATAGRAMS];
};

#define FAULTS_DIGEST 0xcbf29ce484222325u

static inline uint64_t faults_digest(uint64_t digest, const void *octets, size_t len)
{
	const uint8_t *p = octets;

	for (size_t i = 0; i < len; i++)
		digest = (digest ^ p[i]) * 0x100000001b3u;
	return digest;
}

#endif
