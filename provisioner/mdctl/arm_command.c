// SPDX-License-Identifier: BSD-3-Clause
// mdctl arm: puts the egress patch into the kernel, shows it, takes it out.
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <mdshim/broker.h>

#include "arm.h"
#include "arm_nft.h"
#include "command.h"
#include "netns.h"

enum { NAMES = 64 };

struct request {
	struct arm_place place;
	const char *broker;
	bool patch, nft;             /* which of the two is meant by --status and --off */
	bool status, off, json;
	const char *netns[NAMES];
	unsigned names;
};

static int arguments(int argc, char **argv, struct request *r)
{
	*r = (struct request){ .place = { ARM_DIR, "", false }, .broker = MD_BROKER_SOCKET };
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--status") == 0) {
			r->status = true;
		} else if (strcmp(argv[i], "--off") == 0) {
			r->off = true;
		} else if (strcmp(argv[i], "--json") == 0) {
			r->json = true;
		} else if (strcmp(argv[i], "--clsact") == 0) {
			r->place.clsact = true;
		} else if (strcmp(argv[i], "--dir") == 0 && i + 1 < argc) {
			r->place.dir = argv[++i];
		} else if (strcmp(argv[i], "--cgroup") == 0 && i + 1 < argc) {
			r->place.cgroup = argv[++i];
		} else if (strcmp(argv[i], "--broker") == 0 && i + 1 < argc) {
			r->broker = argv[++i];
		} else if (strcmp(argv[i], "--netns") == 0 && i + 1 < argc && r->names < NAMES) {
			r->netns[r->names++] = argv[++i];
		} else {
			complain("arm: %s: expected one of the arguments below", argv[i]);
			return EXIT_USAGE;
		}
	}
	if ((r->status && r->off) || (r->json && !r->status)) {
		complain("arm: --status and --off go each by itself, and --json with --status");
		return EXIT_USAGE;
	}
	/* A folder is the patch's, and that is in all its namespaces at once. */
	r->patch = !r->names;
	r->nft = r->names || strcmp(r->place.dir, ARM_DIR) == 0;
	return 0;
}

static void tell_detour(const struct arm *arm)
{
	if (*arm_no_detour(arm))
		fprintf(stderr, "mdctl: arm: %s\n", arm_no_detour(arm));
}

static int arm_named(struct arm *arm, const char *name, unsigned *fresh)
{
	char why[ARM_WHY];
	int err, netns = netns_open(name);

	if (netns < 0)
		return complain("arm: network namespace %s: %s", name, strerror(-netns));
	err = arm_namespace(arm, netns, fresh, why);
	close(netns);
	if (!err)
		tell_detour(arm);
	return err ? complain("arm: network namespace %s: %s", name, why) : 0;
}

static int put_in(const struct request *r)
{
	char why[ARM_WHY];
	struct arm *arm;
	unsigned fresh = 0;
	int status = 0;

	if (arm_open(&arm, &r->place, why) != 0)
		return complain("arm: %s", why);
	arm_sweep(arm);
	if (!r->names) {
		if (arm_namespace(arm, -1, &fresh, why) != 0)
			status = complain("arm: %s", why);
		else
			tell_detour(arm);
	}
	for (unsigned i = 0; i < r->names; i++)
		status |= arm_named(arm, r->netns[i], &fresh);
	if (!status)
		printf("%u interfaces armed now; mdctl arm --status shows all\n", fresh);
	arm_close(arm);
	return status;
}

static struct arm_nft_places places_of(const struct request *r)
{
	return (struct arm_nft_places){ r->netns, r->names };
}

/* The patch: 1, there was one, 0, or -errno and said. */
static int take_out_patch(const struct request *r)
{
	char why[ARM_WHY];
	struct arm *arm;
	int err = arm_find(&arm, &r->place, why);

	if (err == -ENOENT)
		return 0;
	if (err == -ESTALE)
		err = arm_clear(&r->place, why);
	else if (!err)
		err = arm_off(arm, why);
	if (err)
		complain("arm: %s", why);
	return err ? err : 1;
}

static int take_out(const struct request *r)
{
	struct arm_nft_places places = places_of(r);
	int tables = r->nft ? arm_nft_off(&places, r->broker) : 0, patch = r->patch ? take_out_patch(r) : 0;

	if (tables < 0 || patch < 0)
		return 1;
	puts(patch || tables ? "taken out of the kernel" : "nothing is armed");
	return 0;
}

static const char *hook_name(uint32_t hook)
{
	return hook == ARM_TCX ? "tcx" : "clsact";
}

static const char *netns_text(uint64_t netns, uint64_t own)
{
	return netns == own ? "this network namespace," : "network namespace";
}

static const char *trains_text(const struct arm_interface_state *state)
{
	if (state->trains == ARM_TRAINS_LOOPBACK)
		return state->shut ? "shut" : "loopback";
	return state->trains == ARM_TRAINS_DETOUR ? "detour" : "no";
}

static void show_patch(const struct arm *arm, const struct request *r)
{
	struct arm_interface_state state;
	struct arm_detour detour;
	uint64_t netns = 0;
	struct arm_interface at = { 0 };
	uint64_t own = 0;
	uint32_t inode;

	netns_identity(&own, &inode);
	printf("armed, in %s\n", r->place.dir);
	while (arm_next(arm, &at, &state))
		printf("  %-16s %-7s trains: %-8s %s %u\n", state.name, hook_name(state.hook), trains_text(&state),
			netns_text(at.netns, own), state.inode);
	while (arm_next_detour(arm, &netns, &detour))
		printf("  detour by %u, %u %s %s %u\n", detour.in, detour.out, detour.open && !detour.shut ? "open" : "shut", netns_text(netns, own),
			detour.inode);
	for (enum arm_count i = 0; i < ARM_COUNT_COUNT; i++)
		printf("  %-18s %12llu  %s\n", arm_count_name(i), (unsigned long long)arm_counted(arm, i), arm_count_help(i));
}

static void patch_json(const struct arm *arm, const struct request *r, json_t *all)
{
	json_t *interfaces = json_array(), *detours = json_array(), *counts = json_object();
	struct arm_detour detour;
	uint64_t netns = 0;
	struct arm_interface_state state;
	struct arm_interface at = { 0 };

	while (arm_next(arm, &at, &state))
		json_array_append_new(interfaces, json_pack("{s:s,s:i,s:s,s:s,s:I,s:I}", "name", state.name, "index", (int)at.index,
			"hook", hook_name(state.hook), "trains", trains_text(&state), "netns", (json_int_t)state.inode, "netns_cookie", (json_int_t)at.netns));
	while (arm_next_detour(arm, &netns, &detour))
		json_array_append_new(detours, json_pack("{s:i,s:i,s:b,s:I,s:I}", "in", (int)detour.in, "out", (int)detour.out, "open",
			detour.open && !detour.shut, "netns", (json_int_t)detour.inode, "netns_cookie", (json_int_t)netns));
	for (enum arm_count i = 0; i < ARM_COUNT_COUNT; i++)
		json_object_set_new(counts, arm_count_name(i), json_integer((json_int_t)arm_counted(arm, i)));
	json_object_set_new(all, "dir", json_string(r->place.dir));
	json_object_set_new(all, "interfaces", interfaces);
	json_object_set_new(all, "detours", detours);
	json_object_set_new(all, "counts", counts);
}

/* arm is NULL where there is no patch. */
static int show_json(const struct arm *arm, const struct request *r)
{
	struct arm_nft_places places = places_of(r);
	json_t *all = json_object();
	int err;

	json_object_set_new(all, "armed", json_boolean(arm != NULL));
	if (arm)
		patch_json(arm, r, all);
	if (r->nft)
		json_object_set_new(all, "nft", arm_nft_json(&places));
	err = !all || json_dumpf(all, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER) != 0 || putchar('\n') == EOF;
	json_decref(all);
	return err;
}

static int show(const struct arm *arm, const struct request *r)
{
	struct arm_nft_places places = places_of(r);
	int tables;

	if (arm)
		show_patch(arm, r);
	tables = r->nft ? arm_nft_show(&places) : 0;
	if (!arm && !tables)
		puts("nothing is armed");
	return tables < 0;
}

static int status(const struct request *r)
{
	char why[ARM_WHY];
	struct arm *arm = NULL;
	int err = r->patch ? arm_find(&arm, &r->place, why) : -ENOENT;

	if (err && err != -ENOENT)
		return complain("arm: %s", why);
	err = r->json ? show_json(arm, r) : show(arm, r);
	arm_close(arm);
	return err;
}

int command_arm(int argc, char **argv)
{
	struct request r;
	int bad = arguments(argc, argv, &r);

	if (bad)
		return bad;
	return r.status ? status(&r) : r.off ? take_out(&r) : put_in(&r);
}
