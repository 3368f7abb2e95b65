/* SPDX-License-Identifier: BSD-3-Clause
 *
 * armoff.c - what was counted, and how everything is taken out. */
#include "armstate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "netns.h"

enum { CPUS_MAX = 1024, STEP_MS = 50 };

uint64_t arm_counted(const struct arm *arm, enum arm_count which)
{
	static uint64_t each[CPUS_MAX];
	int cpus = libbpf_num_possible_cpus();
	uint32_t key = which;
	uint64_t sum = 0;

	if (cpus <= 0 || cpus > CPUS_MAX || bpf_map_lookup_elem(arm->counts, &key, each) != 0)
		return 0;
	for (int i = 0; i < cpus; i++)
		sum += each[i];
	return sum;
}

static const struct { const char *name, *help; } counts[] = {
#define COUNT(name, text, help) { text, help },
	ARM_COUNTS(COUNT)
#undef COUNT
};

const char *arm_count_name(enum arm_count which)
{
	return counts[which].name;
}

const char *arm_count_help(enum arm_count which)
{
	return counts[which].help;
}

static void pause_ms(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

/* From now on the guard refuses every area, on whatever interface; but what it let pass may still be waiting for a
 * neighbour's address, in front of the patch. */
static unsigned close_gates(struct arm *arm, struct arm_interface *at, struct arm_interface_state *state, unsigned room)
{
	uint64_t netns, next;
	unsigned n = 0;
	struct arm_interface key = { 0 };
	bool more;

	arm_let_in(arm, false);
	armdetour_shut_all(arm);
	for (more = arm_next(arm, &key, &state[0]); more && n < room; more = arm_next(arm, &key, &state[n])) {
		at[n] = key;
		n++;
		if (n == room)
			break;
	}
	for (unsigned i = 0; i < n; i++)
		arm_take_out(arm, &at[i]);
	while (bpf_map_get_next_key(arm->namespaces, NULL, &next) == 0) {
		netns = next;
		bpf_map_delete_elem(arm->namespaces, &netns);
	}
	return n;
}

static void detach_programs(const struct arm *arm, const struct arm_interface *at, const struct arm_interface_state *state)
{
	char path[ARM_PATH];

	arm_path_of_link(arm, at, ARMLINK_OUT, path);
	armlink_detach((int)state->hook, at->index, ARMLINK_OUT, path);
	if (state->trains != ARM_TRAINS_LOOPBACK)
		return;
	arm_path_of_link(arm, at, ARMLINK_IN, path);
	armlink_detach((int)state->hook, at->index, ARMLINK_IN, path);
}

static void detach_filters(const struct arm *arm, const struct arm_interface *at, const struct arm_interface_state *state)
{
	int back, netns = netns_find(state->inode);

	if (netns < 0)
		return;
	if (netns_enter(netns, &back) == 0) {
		detach_programs(arm, at, state);
		netns_leave(back);
	}
	close(netns);
}

int arm_off(struct arm *arm, char why[static ARM_WHY])
{
	struct arm_interface *at = calloc(ARM_INTERFACES, sizeof(*at));
	struct arm_interface_state *state = calloc(ARM_INTERFACES + 1, sizeof(*state));
	unsigned n = 0;
	int err = 0;

	if (!at || !state || flock(arm->lock, LOCK_EX) < 0) {
		err = arm_fail(why, -ENOMEM, "no memory, or %s cannot be locked", arm->dir);
	} else {
		n = close_gates(arm, at, state, ARM_INTERFACES);
		/* Every socket's request runs out while the guard still stands. */
		for (int ms = 0; ms < 2 * ARM_LEASE_MS; ms += STEP_MS) {
			if (ms >= ARM_LEASE_MS && arm_counted(arm, ARM_PATCHED) + arm_counted(arm, ARM_DROPPED) >= arm_counted(arm, ARM_PASSED))
				break;
			pause_ms(STEP_MS);
		}
		for (unsigned i = 0; i < n; i++) {
			if (state[i].hook == ARM_CLSACT)
				detach_filters(arm, &at[i], &state[i]);
			else
				detach_programs(arm, &at[i], &state[i]);
		}
		armdetour_remove_all(arm);
		arm_unpin_all(arm);
		if (rmdir(arm->dir) < 0)
			err = arm_fail(why, -errno, "%s: %s", arm->dir, strerror(errno));
	}
	free(at);
	free(state);
	arm_close(arm);
	return err;
}

/* Without maps that can be read nobody knows any more who is armed: programs first let go of senders (enrol), then of
 * interfaces, and the guard goes last. */
int arm_clear(const struct arm_place *place, char why[static ARM_WHY])
{
	struct arm *arm = arm_new(place);
	int err = arm ? arm_folder(arm, place, false, why) : -ENOMEM;
	char path[ARM_PATH];

	if (!err) {
		arm_path_of(arm, "enrol", path);
		unlink(path);
		pause_ms(ARM_LEASE_MS);
		arm_unpin_all(arm);
		if (rmdir(arm->dir) < 0)
			err = arm_fail(why, -errno, "%s: %s", arm->dir, strerror(errno));
	}
	arm_close(arm);
	return err;
}
