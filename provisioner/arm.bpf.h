/* SPDX-License-Identifier: BSD-3-Clause
 *
 * arm.bpf.h - what the programs in the kernel and the programs that put them there share: the maps' keys and values. */
#ifndef PROVISION_ARM_BPF_H
#define PROVISION_ARM_BPF_H

#include <mdshim/arm.h>

enum {
	ARM_ABI = 4,          /* of programs and maps: rises with every change of either */
	ARM_INTERFACES = 4096,
	ARM_NAMESPACES = 1024,
	ARM_CALLS = 4096,     /* octets of the ring in which unserved namespaces announce themselves */
	ARM_TICKETS = 16384   /* packets on the detour at a time, more than the queues of all processors hold */
};

/* arm_generation in guard.bpf.c: what it rises by, and what stands in it while an interface is being taken out. Both are above
 * the numbers of interfaces. */
#define ARM_RAISE (1ull << 24)
#define ARM_CHANGING (1ull << 23)

/* One interface with the patch. A cookie names a network namespace for as long as the kernel runs. */
struct arm_interface {
	uint64_t netns;
	uint32_t index;
	uint32_t unused;      /* 0 */
};

enum arm_hook { ARM_TCX = 1, ARM_CLSACT = 2 };

/* How trains leave by an interface. */
enum arm_trains {
	ARM_TRAINS_NONE,
	ARM_TRAINS_DETOUR,    /* what comes back from the detour can leave by it */
	ARM_TRAINS_LOOPBACK   /* they are cut there, and what arrives by it is met by arm_home */
};

struct arm_interface_state {
	uint32_t hook;        /* enum arm_hook */
	uint32_t inode;       /* of the namespace, as under /proc/PID/ns/net; to find it again */
	char name[16];        /* of the interface when it was armed */
	uint32_t trains;      /* enum arm_trains */
	uint32_t shut;        /* of the loopback interface, as with a detour: 1: no more trains, until one arrives */
	uint64_t waiting;     /* the same: since when nothing has arrived, nanoseconds; 0: nothing is waited for */
};

/* The segmentation detour of a network namespace: a pair of interfaces. What is given to the first is cut into its segments
 * on the way and comes out of the second, where each gets the patch. Key: the namespace's cookie. */
struct arm_detour {
	uint32_t in, out;     /* the interfaces' numbers */
	uint32_t open;        /* 0: no more trains; the guard refuses them */
	uint32_t inode;       /* as in arm_interface_state */
	uint64_t waiting;     /* since when nothing came back, nanoseconds; 0: nothing is waited for */
	uint32_t hook;        /* enum arm_hook, at out */
	uint32_t shut;        /* 1: as if not open, until something comes back after all */
};

/* What a packet cannot keep on its way round. Its mark is its ticket's number meanwhile. */
struct arm_ticket {
	uint64_t netns;
	uint32_t number;
	uint32_t mark, priority;
	uint32_t interface;   /* to leave by */
	struct md_arm_form form; /* that its segments end in; len 0: they are left as they are */
};

struct arm_control {
	uint32_t abi;         /* ARM_ABI */
	uint32_t on;          /* 0: sockets are refused, while everything is being removed */
};

/* Counters, in this order; each per CPU. */
#define ARM_COUNTS(X)                                                                        \
	X(PATCHED, "patched", "datagrams whose area was cut off")                               \
	X(PASSED, "passed", "datagrams of armed sockets that the guard let pass to an armed interface") \
	X(REFUSED_INTERFACE, "refused-interface", "refused with EPERM: the interface has no patch") \
	X(REFUSED_FRAGMENTS, "refused-fragments", "refused with EPERM: would have left as fragments") \
	X(REFUSED_OTHER, "refused-other", "refused with EPERM: not a plain UDP datagram of the socket") \
	X(DROPPED, "dropped", "dropped: no memory to change the header")                        \
	X(SOCKETS, "sockets", "sockets that asked for it")                                      \
	X(TRAINS, "trains", "segment trains sent by the detour or the loopback interface")            \
	X(FOLLOWED, "followed", "single datagrams sent behind a train, by the detour")          \
	X(REFUSED_TRAINS, "refused-trains", "trains refused with EPERM: nothing would cut them") \
	X(DETOUR_SHUT, "detour-shut", "times the detour was shut: it let nothing through")
enum arm_count {
#define ARM_COUNT_ENUM(name, text, help) ARM_##name,
	ARM_COUNTS(ARM_COUNT_ENUM)
#undef ARM_COUNT_ENUM
	ARM_COUNT_COUNT
};

#endif
