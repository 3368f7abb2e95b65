/* SPDX-License-Identifier: BSD-3-Clause
 *
 * arm.h - puts the egress patch and its guard into the kernel, finds them there again, and takes them out.
 *
 * Everything is pinned in a folder of a BPF file system, so it stays when the process that put it there ends, and the next
 * one goes on with it. Needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON; for other network namespaces CAP_SYS_ADMIN. */
#ifndef PROVISION_ARM_H
#define PROVISION_ARM_H

#include <stdbool.h>
#include <stdint.h>

#include "arm.bpf.h"

enum { ARM_WHY = 512 };
#define ARM_DIR "/sys/fs/bpf/mdshim"

struct arm;

struct arm_place {
	const char *dir;     /* in a BPF file system; made if missing */
	const char *cgroup;  /* "": the root of the first cgroup2 file system */
	bool clsact;         /* attach in the way of kernels before 6.6, and load what they take, also where the newer is to be had */
};

/* What is pinned there, or freshly loaded and attached to the control group. 0, or -errno and why. */
int arm_open(struct arm **out, const struct arm_place *place, char why[static ARM_WHY]);

/* The same, but only what is there already: -ENOENT if nothing is. */
int arm_find(struct arm **out, const struct arm_place *place, char why[static ARM_WHY]);

/* Lets go; what is in the kernel stays. */
void arm_close(struct arm *arm);

/* Arms every interface of a network namespace, forgets those that are gone, and opens it to its sockets. Again and again
 * is fine. netns: a descriptor of the namespace, -1 for our own. changed may be NULL: how many interfaces were armed. */
int arm_namespace(struct arm *arm, int netns, unsigned *changed, char why[static ARM_WHY]);

/* Why the namespace armed last has no segmentation detour, though it is armed; "": it has one. */
const char *arm_no_detour(const struct arm *arm);

/* Forgets namespaces that no longer exist. */
void arm_sweep(struct arm *arm);

/* Takes everything out, in an order in which no datagram gets away with an area in its user data: 0 or -errno and why. The
 * senders notice and go on without. Takes about two seconds; arm is closed. */
int arm_off(struct arm *arm, char why[static ARM_WHY]);

/* Takes out what is of another version or incomplete, as far as it can be recognised. 0 or -errno and why. */
int arm_clear(const struct arm_place *place, char why[static ARM_WHY]);

/* One armed interface after the other, namespace by namespace. False: no more. Begin with *at all zero. */
bool arm_next(const struct arm *arm, struct arm_interface *at, struct arm_interface_state *state);

/* The same of the segmentation detours. Begin with *netns 0. */
bool arm_next_detour(const struct arm *arm, uint64_t *netns, struct arm_detour *detour);
uint64_t arm_counted(const struct arm *arm, enum arm_count which);
const char *arm_count_name(enum arm_count which);
const char *arm_count_help(enum arm_count which);

/* Whether sockets of that namespace may ask. */
bool arm_serves(const struct arm *arm, uint64_t netns);

/* Descriptor of the ring in which cookies of namespaces stand whose sockets asked in vain; for arm_calls(). */
int arm_ring(const struct arm *arm);

#endif
