/* SPDX-License-Identifier: BSD-3-Clause
 *
 * armstate.h - what the parts of arm share: arm.c finds or loads, arminterfaces.c attaches, armoff.c takes out. */
#ifndef PROVISION_ARMSTATE_H
#define PROVISION_ARMSTATE_H

#include "arm.h"
#include "armlink.h"

enum { ARM_PATH = 300 };
/* A sender renews its request every second at the latest: who has not heard of the end by then, hears of it. */
enum { ARM_LEASE_MS = 2000 };

struct arm {
	char dir[ARM_PATH - 64];
	bool clsact;
	int lock;
	int patch, interfaces, namespaces, control, counts, calls;
	int segment, detours; /* the detour's program, and where there is one */
	int home;             /* the program that meets trains at the loopback interface */
	int next;             /* what leads from the patch to its second program; kept only while it is pinned */
	int generation;       /* the map that the guard's arm_generation lies in */
	_Atomic uint64_t *raised; /* arm_generation itself, mapped */
	char no_detour[ARM_WHY]; /* why the namespace last looked at has none; empty: it has */
};

/* Fills why, returns err. */
int arm_fail(char *why, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));

void arm_path_of(const struct arm *arm, const char *name, char path[static ARM_PATH]);
void arm_path_of_link(const struct arm *arm, const struct arm_interface *at, enum armlink_way way, char path[static ARM_PATH]);

/* Everything shut, with the folder opened and locked: 0 or -errno and why. */
struct arm *arm_new(const struct arm_place *place);
int arm_folder(struct arm *arm, const struct arm_place *place, bool make, char why[static ARM_WHY]);

/* Whether sockets may ask; and until when they may not. */
bool arm_is_in(const struct arm *arm);
int arm_let_in(const struct arm *arm, bool on);

/* Takes one out of the map, and makes worthless what sockets have kept of it. Afterwards only may the patch be taken off. */
void arm_take_out(struct arm *arm, const struct arm_interface *at);
void arm_raise(struct arm *arm);

/* armdetour.c - in the network namespace that we are in, whose cookie and inode those are: makes sure that there is a detour,
 * made by us if need be, and that it is open. It says which interfaces belong to it. 0, or -errno and why: then trains are
 * split. */
int armdetour_make(struct arm *arm, uint64_t cookie, uint32_t inode, struct arm_detour *detour, char why[static ARM_WHY]);

/* Shuts all detours; takes those away that can still be reached. */
void armdetour_shut_all(struct arm *arm);
void armdetour_remove_all(struct arm *arm);

/* Those of namespaces that are no longer served are forgotten; their interfaces have gone with them. */
void armdetour_sweep(struct arm *arm);

void arm_unpin_all(const struct arm *arm);

#endif
