/* SPDX-License-Identifier: BSD-3-Clause
 *
 * arminterfaces.c - which interfaces have the patch. */
#include "armstate.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netns.h"

struct home {
	uint64_t cookie;
	uint32_t inode;
};

/* What comes back from the detour has an Ethernet header: only Ethernet. */
static enum arm_trains trains_by(const char *name)
{
	enum arm_trains trains = ARM_TRAINS_NONE;
	struct ifreq ask;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memset(&ask, 0, sizeof(ask));
	snprintf(ask.ifr_name, sizeof(ask.ifr_name), "%.15s", name);
	if (fd >= 0 && ioctl(fd, SIOCGIFHWADDR, &ask) == 0)
		trains = ask.ifr_hwaddr.sa_family == ARPHRD_ETHER ? ARM_TRAINS_DETOUR :
			ask.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK ? ARM_TRAINS_LOOPBACK : ARM_TRAINS_NONE;
	if (fd >= 0)
		close(fd);
	return trains;
}

static bool holds_patch(const struct arm *arm, const struct arm_interface *at, const struct arm_interface_state *state)
{
	char path[ARM_PATH];

	arm_path_of_link(arm, at, ARMLINK_OUT, path);
	return armlink_holds((int)state->hook, at->index, ARMLINK_OUT, path, arm->patch);
}

/* Whether trains that leave by the loopback interface are met where they arrive. Others need no more than the patch. */
static bool holds_home(const struct arm *arm, const struct arm_interface *at, const struct arm_interface_state *state)
{
	char path[ARM_PATH];

	if (state->trains != ARM_TRAINS_LOOPBACK)
		return true;
	arm_path_of_link(arm, at, ARMLINK_IN, path);
	return armlink_holds((int)state->hook, at->index, ARMLINK_IN, path, arm->home);
}

/* Without what meets them where they arrive, trains are refused. */
static void meet_trains(const struct arm *arm, const struct arm_interface *at, struct arm_interface_state *state)
{
	char path[ARM_PATH];

	arm_path_of_link(arm, at, ARMLINK_IN, path);
	if (armlink_attach(arm->home, at->index, ARMLINK_IN, path, state->hook == ARM_CLSACT) != (int)state->hook)
		state->trains = ARM_TRAINS_NONE;
}

/* The patch is there: trains, too, if they can be. */
static int see_to_trains(const struct arm *arm, const struct arm_interface *at, struct arm_interface_state *state,
	char why[static ARM_WHY])
{
	bool held = holds_home(arm, at, state);

	if (held && !state->shut)
		return 0;
	state->shut = 1;
	bpf_map_update_elem(arm->interfaces, at, state, BPF_EXIST);
	if (!held)
		meet_trains(arm, at, state);
	state->shut = 0;
	state->waiting = 0;
	if (bpf_map_update_elem(arm->interfaces, at, state, BPF_EXIST) == 0)
		return 0;
	return arm_fail(why, -errno, "%s: %s", state->name, strerror(errno));
}

/* Also if somebody before us did not get so far. */
void arm_raise(struct arm *arm)
{
	atomic_fetch_or(arm->raised, ARM_CHANGING);
	atomic_fetch_add(arm->raised, ARM_RAISE - ARM_CHANGING);
}

/* In this order; guard.bpf.c says why. */
void arm_take_out(struct arm *arm, const struct arm_interface *at)
{
	atomic_fetch_or(arm->raised, ARM_CHANGING);
	bpf_map_delete_elem(arm->interfaces, at);
	arm_raise(arm);
}

static int arm_interface(struct arm *arm, const struct home *home, const struct if_nameindex *link, bool *fresh,
	char why[static ARM_WHY])
{
	struct arm_interface at = { home->cookie, link->if_index, 0 };
	struct arm_interface_state state;
	char path[ARM_PATH];
	int hook;

	arm_path_of_link(arm, &at, ARMLINK_OUT, path);
	*fresh = false;
	if (bpf_map_lookup_elem(arm->interfaces, &at, &state) == 0) {
		if (holds_patch(arm, &at, &state))
			return see_to_trains(arm, &at, &state, why);
		/* Taken off by somebody else: until it is back on, the guard has to know. */
		arm_take_out(arm, &at);
	}
	hook = armlink_attach(arm->patch, at.index, ARMLINK_OUT, path, arm->clsact);
	if (hook == -ENODEV)
		return 0; /* gone in the meantime */
	if (hook < 0)
		return arm_fail(why, hook, "%s: the patch cannot be attached: %s", link->if_name, strerror(-hook));
	memset(&state, 0, sizeof(state));
	state.hook = (uint32_t)hook;
	state.inode = home->inode;
	state.trains = trains_by(link->if_name);
	snprintf(state.name, sizeof(state.name), "%.15s", link->if_name);
	if (!holds_home(arm, &at, &state))
		meet_trains(arm, &at, &state);
	*fresh = true;
	if (bpf_map_update_elem(arm->interfaces, &at, &state, BPF_ANY) == 0)
		return 0;
	hook = -errno;
	armlink_detach((int)state.hook, at.index, ARMLINK_OUT, path);
	return arm_fail(why, hook, "%s: %s", link->if_name, strerror(-hook));
}

bool arm_next(const struct arm *arm, struct arm_interface *at, struct arm_interface_state *state)
{
	struct arm_interface next;

	do {
		if (bpf_map_get_next_key(arm->interfaces, at->index ? at : NULL, &next) != 0)
			return false;
		*at = next;
	} while (bpf_map_lookup_elem(arm->interfaces, at, state) != 0);
	return true;
}

static void forget(struct arm *arm, const struct arm_interface *at)
{
	char path[ARM_PATH];

	arm_take_out(arm, at);
	arm_path_of_link(arm, at, ARMLINK_OUT, path);
	unlink(path);
	arm_path_of_link(arm, at, ARMLINK_IN, path);
	unlink(path);
}

/* Interfaces that are gone; a walk through a hash does not survive the removal of where it stands. */
static void forget_missing(struct arm *arm, uint64_t cookie, const struct if_nameindex *links)
{
	struct arm_interface at = { 0 }, gone = { 0 };
	struct arm_interface_state state;

	for (bool more = arm_next(arm, &at, &state); more;) {
		const struct if_nameindex *link = links;

		while (link->if_index && link->if_index != at.index)
			link++;
		gone = at;
		more = arm_next(arm, &at, &state);
		if (gone.netns == cookie && !link->if_index)
			forget(arm, &gone);
	}
}

static int arm_here(struct arm *arm, unsigned *changed, char why[static ARM_WHY])
{
	struct if_nameindex *links;
	struct arm_detour detour = { .in = 0 };
	struct home home;
	uint32_t yes = 1;
	int err = netns_identity(&home.cookie, &home.inode);
	bool fresh;

	if (!arm_is_in(arm))
		return arm_fail(why, -ESTALE, "was taken out; the daemon puts it in again when told to reload");
	if (err)
		return arm_fail(why, err, "the network namespace has no cookie: %s", strerror(-err));
	/* First, so that what belongs to it is known. Without one everything else works. */
	arm->no_detour[0] = '\0';
	armdetour_make(arm, home.cookie, home.inode, &detour, arm->no_detour);
	links = if_nameindex();
	if (!links)
		return arm_fail(why, -errno, "no list of interfaces: %s", strerror(errno));
	forget_missing(arm, home.cookie, links);
	for (const struct if_nameindex *link = links; link->if_index && !err; link++) {
		if (link->if_index == detour.in || link->if_index == detour.out)
			continue;
		err = arm_interface(arm, &home, link, &fresh, why);
		*changed += !err && fresh;
	}
	if_freenameindex(links);
	if (!err && bpf_map_update_elem(arm->namespaces, &home.cookie, &yes, BPF_ANY) != 0)
		err = arm_fail(why, -errno, "too many network namespaces");
	return err;
}

int arm_namespace(struct arm *arm, int netns, unsigned *changed, char why[static ARM_WHY])
{
	unsigned ours = 0;
	int back, err;

	if (flock(arm->lock, LOCK_EX) < 0)
		return arm_fail(why, -errno, "%s: %s", arm->dir, strerror(errno));
	err = netns_enter(netns, &back);
	if (err) {
		arm_fail(why, err, "the network namespace cannot be entered: %s", strerror(-err));
	} else {
		err = arm_here(arm, changed ? changed : &ours, why);
		netns_leave(back);
	}
	flock(arm->lock, LOCK_UN);
	return err;
}

const char *arm_no_detour(const struct arm *arm)
{
	return arm->no_detour;
}

bool arm_serves(const struct arm *arm, uint64_t netns)
{
	uint32_t value;

	return bpf_map_lookup_elem(arm->namespaces, &netns, &value) == 0;
}

int arm_ring(const struct arm *arm)
{
	return arm->calls;
}

void arm_sweep(struct arm *arm)
{
	struct arm_interface at = { 0 }, one;
	struct arm_interface_state state, of_one;
	char path[ARM_PATH];
	uint64_t netns, next;

	if (flock(arm->lock, LOCK_EX) < 0)
		return;
	for (bool more = arm_next(arm, &at, &state); more;) {
		one = at;
		of_one = state;
		more = arm_next(arm, &at, &state);
		arm_path_of_link(arm, &one, ARMLINK_OUT, path);
		if (of_one.hook == ARM_TCX && !armlink_holds(ARM_TCX, one.index, ARMLINK_OUT, path, arm->patch))
			forget(arm, &one);
	}
	for (bool more = bpf_map_get_next_key(arm->namespaces, NULL, &next) == 0; more;) {
		bool any = false;

		netns = next;
		more = bpf_map_get_next_key(arm->namespaces, &netns, &next) == 0;
		memset(&at, 0, sizeof(at));
		while (!any && arm_next(arm, &at, &state))
			any = at.netns == netns;
		if (!any)
			bpf_map_delete_elem(arm->namespaces, &netns);
	}
	armdetour_sweep(arm);
	flock(arm->lock, LOCK_UN);
}
