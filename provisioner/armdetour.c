/* SPDX-License-Identifier: BSD-3-Clause
 *
 * armdetour.c - the segmentation detour of each network namespace: a pair of interfaces, and the program at its far end. */
#include "armstate.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "armpair.h"
#include "netns.h"

static void alias_of(const struct arm *arm, char alias[static ARM_PATH])
{
	snprintf(alias, ARM_PATH, "segment trains of mdshim, %.200s", arm->dir);
}

static void path_of(const struct arm *arm, uint64_t cookie, uint32_t out, char path[static ARM_PATH])
{
	snprintf(path, ARM_PATH, "%s/segment-%llu-%u", arm->dir, (unsigned long long)cookie, out);
}

/* The guard refuses what it still finds open. */
static void shut(struct arm *arm, uint64_t cookie)
{
	struct arm_detour detour;

	if (bpf_map_lookup_elem(arm->detours, &cookie, &detour) != 0 || !detour.open)
		return;
	detour.open = 0;
	bpf_map_update_elem(arm->detours, &cookie, &detour, BPF_EXIST);
}

static bool is_whole(const struct arm *arm, const struct arm_detour *known, const struct armpair *pair, const char *path)
{
	return known->in == pair->in && known->out == pair->out &&
		armlink_holds((int)known->hook, pair->out, ARMLINK_IN, path, arm->segment);
}

int armdetour_make(struct arm *arm, uint64_t cookie, uint32_t inode, struct arm_detour *detour, char why[static ARM_WHY])
{
	char alias[ARM_PATH], path[ARM_PATH];
	struct arm_detour known = { .in = 0 };
	struct armpair pair;
	int err;

	alias_of(arm, alias);
	bpf_map_lookup_elem(arm->detours, &cookie, &known);
	err = armpair_make(alias, &pair);
	if (err) {
		shut(arm, cookie);
		return arm_fail(why, err, "no segmentation detour, trains are split: the pair of interfaces cannot be made: %s", strerror(-err));
	}
	*detour = (struct arm_detour){ .in = pair.in, .out = pair.out, .open = 1, .inode = inode, .hook = known.hook };
	path_of(arm, cookie, pair.out, path);
	if (is_whole(arm, &known, &pair, path)) {
		if (known.open && !known.shut)
			return 0;
	} else {
		shut(arm, cookie);
		err = armlink_attach(arm->segment, pair.out, ARMLINK_IN, path, arm->clsact);
		if (err < 0)
			return arm_fail(why, err, "no segmentation detour, trains are split: mdshim-seg: %s", strerror(-err));
		detour->hook = (uint32_t)err;
		if (known.out && known.out != pair.out) {
			path_of(arm, cookie, known.out, path);
			unlink(path);
		}
	}
	if (bpf_map_update_elem(arm->detours, &cookie, detour, BPF_ANY) != 0)
		return arm_fail(why, -errno, "no segmentation detour, trains are split: %s", strerror(errno));
	return 0;
}

bool arm_next_detour(const struct arm *arm, uint64_t *netns, struct arm_detour *detour)
{
	uint64_t next;

	do {
		if (bpf_map_get_next_key(arm->detours, *netns ? netns : NULL, &next) != 0)
			return false;
		*netns = next;
	} while (bpf_map_lookup_elem(arm->detours, netns, detour) != 0);
	return true;
}

void armdetour_shut_all(struct arm *arm)
{
	struct arm_detour detour;
	uint64_t netns = 0;

	while (arm_next_detour(arm, &netns, &detour))
		shut(arm, netns);
}

void armdetour_remove_all(struct arm *arm)
{
	char alias[ARM_PATH];
	struct arm_detour detour;
	uint64_t cookie = 0;

	alias_of(arm, alias);
	while (arm_next_detour(arm, &cookie, &detour)) {
		int back, netns = netns_find(detour.inode);

		if (netns < 0)
			continue;
		if (netns_enter(netns, &back) == 0) {
			armpair_remove(alias);
			netns_leave(back);
		}
		close(netns);
	}
}

void armdetour_sweep(struct arm *arm)
{
	struct arm_detour detour, of_one;
	uint64_t netns = 0, one;
	char path[ARM_PATH];

	for (bool more = arm_next_detour(arm, &netns, &detour); more;) {
		one = netns;
		of_one = detour;
		more = arm_next_detour(arm, &netns, &detour);
		if (arm_serves(arm, one))
			continue;
		path_of(arm, one, of_one.out, path);
		unlink(path);
		bpf_map_delete_elem(arm->detours, &one);
	}
}
