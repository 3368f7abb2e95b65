/* SPDX-License-Identifier: BSD-3-Clause */
#include "arm.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "arm.skel.h"
#include "armlink.h"
#include "netns.h"

enum { PATH = 300, CPUS_MAX = 1024 };
/* A sender renews its request every second at the latest: who has not heard of the end by then, hears of it. */
enum { LEASE_MS = 2000, STEP_MS = 50 };

struct arm {
	char dir[PATH - 64];
	bool clsact;
	int lock;
	int patch, interfaces, namespaces, control, counts, calls;
};

/* What is pinned under which name; links without a descriptor that we need. */
static const struct {
	const char *name;
	size_t at;
} pinned[] = {
	{ "patch", offsetof(struct arm, patch) },
	{ "interfaces", offsetof(struct arm, interfaces) },
	{ "namespaces", offsetof(struct arm, namespaces) },
	{ "control", offsetof(struct arm, control) },
	{ "counts", offsetof(struct arm, counts) },
	{ "calls", offsetof(struct arm, calls) },
};
enum { PINNED = sizeof(pinned) / sizeof(pinned[0]) };

/* The last words of the library; it says more than a number. */
static char library_said[200];

__attribute__((format(printf, 2, 0))) static int listen_to(enum libbpf_print_level level, const char *format, va_list values)
{
	if (level == LIBBPF_WARN && !library_said[0])
		vsnprintf(library_said, sizeof(library_said), format, values);
	return 0;
}

__attribute__((format(printf, 3, 4))) static int fail(char *why, int err, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vsnprintf(why, ARM_WHY, format, values);
	va_end(values);
	return err;
}

static void path_of(const struct arm *arm, const char *name, char path[static PATH])
{
	snprintf(path, PATH, "%s/%s", arm->dir, name);
}

static void path_of_link(const struct arm *arm, const struct arm_interface *at, char path[static PATH])
{
	snprintf(path, PATH, "%s/egress-%llu-%u", arm->dir, (unsigned long long)at->netns, at->index);
}

static int *descriptor(struct arm *arm, unsigned i)
{
	return (int *)(void *)((char *)arm + pinned[i].at);
}

/* --- The folder ------------------------------------------------------------------------------------------------------ */

static int folder(struct arm *arm, const struct arm_place *place, bool make, char why[static ARM_WHY])
{
	struct statfs fs;

	if (strlen(place->dir) >= sizeof(arm->dir))
		return fail(why, -ENAMETOOLONG, "%.200s: the path is too long", place->dir);
	strcpy(arm->dir, place->dir);
	if (make && mkdir(arm->dir, 0700) < 0 && errno != EEXIST)
		return fail(why, -errno, "%s: %s; a BPF file system is to be mounted there: mount -t bpf bpf /sys/fs/bpf", arm->dir,
			strerror(errno));
	arm->lock = open(arm->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (arm->lock < 0)
		return fail(why, -errno, "%s: %s", arm->dir, strerror(errno));
	if (fstatfs(arm->lock, &fs) < 0 || (unsigned)fs.f_type != BPF_FS_MAGIC) {
		if (make)
			rmdir(arm->dir);
		return fail(why, -EINVAL, "%s: not in a BPF file system: mount -t bpf bpf /sys/fs/bpf", arm->dir);
	}
	if (flock(arm->lock, LOCK_EX) < 0)
		return fail(why, -errno, "%s: %s", arm->dir, strerror(errno));
	return 0;
}

static void unpin_all(const struct arm *arm)
{
	DIR *d = opendir(arm->dir);
	char path[PATH];

	if (!d)
		return;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%.60s", arm->dir, e->d_name);
		unlink(path);
	}
	closedir(d);
}

/* --- Loading --------------------------------------------------------------------------------------------------------- */

static int control_set(const struct arm *arm, bool on)
{
	struct arm_control control = { ARM_ABI, on };
	uint32_t zero = 0;

	return bpf_map_update_elem(arm->control, &zero, &control, BPF_ANY);
}

static int cgroup_open(const char *path, char why[static ARM_WHY])
{
	char found[PATH] = "";
	FILE *mounts;
	int fd;

	if (path && *path) {
		snprintf(found, sizeof(found), "%.290s", path);
	} else {
		mounts = setmntent("/proc/self/mounts", "r");
		for (struct mntent *m = mounts ? getmntent(mounts) : NULL; m && !*found; m = getmntent(mounts))
			if (strcmp(m->mnt_type, "cgroup2") == 0)
				snprintf(found, sizeof(found), "%.290s", m->mnt_dir);
		if (mounts)
			endmntent(mounts);
		if (!*found)
			return fail(why, -ENOENT, "no cgroup2 file system is mounted");
	}
	fd = open(found, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? fail(why, -errno, "%s: %s", found, strerror(errno)) : fd;
}

static int attach(const struct arm *arm, struct bpf_program *program, const char *name, int cgroup, char why[static ARM_WHY])
{
	struct bpf_link *link = bpf_program__attach_cgroup(program, cgroup);
	char path[PATH];
	int err;

	if (!link)
		return fail(why, -errno, "the %s cannot be attached to the control group: %s", name, strerror(errno));
	path_of(arm, name, path);
	err = bpf_link__pin(link, path);
	bpf_link__destroy(link); /* the pin keeps it */
	return err ? fail(why, err, "%s: %s", path, strerror(-err)) : 0;
}

static int take_descriptors(struct arm *arm, const struct arm_bpf *skeleton, char why[static ARM_WHY])
{
	const int fd[PINNED] = { bpf_program__fd(skeleton->progs.arm_patch), bpf_map__fd(skeleton->maps.arm_interfaces),
		bpf_map__fd(skeleton->maps.arm_namespaces), bpf_map__fd(skeleton->maps.arm_control),
		bpf_map__fd(skeleton->maps.arm_counts), bpf_map__fd(skeleton->maps.arm_calls) };
	char path[PATH];

	for (unsigned i = 0; i < PINNED; i++) {
		*descriptor(arm, i) = fcntl(fd[i], F_DUPFD_CLOEXEC, 0);
		path_of(arm, pinned[i].name, path);
		if (*descriptor(arm, i) < 0 || bpf_obj_pin(fd[i], path) != 0)
			return fail(why, -errno, "%s: %s", path, strerror(errno));
	}
	return 0;
}

static int load(struct arm *arm, const char *cgroup_path, char why[static ARM_WHY])
{
	struct arm_bpf *skeleton;
	int err, cgroup = cgroup_open(cgroup_path, why);

	if (cgroup < 0)
		return cgroup;
	library_said[0] = '\0';
	skeleton = arm_bpf__open_and_load();
	if (!skeleton) {
		err = -errno;
		close(cgroup);
		library_said[strcspn(library_said, "\n")] = '\0';
		return fail(why, err, "the kernel refuses the programs: %s%s", strerror(-err),
			err == -EPERM ? " (needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON)" : err == -EINVAL ? " (needs Linux 5.18)" : "");
	}
	err = take_descriptors(arm, skeleton, why);
	if (!err)
		err = control_set(arm, true);
	/* Nobody can ask before the guard is there. */
	if (!err)
		err = attach(arm, skeleton->progs.arm_guard, "guard", cgroup, why);
	if (!err)
		err = attach(arm, skeleton->progs.arm_enrol, "enrol", cgroup, why);
	arm_bpf__destroy(skeleton);
	close(cgroup);
	return err;
}

/* 0, -ENOENT: nothing is there, -ESTALE: something else, -EPERM. */
static int take_up(struct arm *arm)
{
	struct arm_control control;
	uint32_t zero = 0;
	char path[PATH];

	for (unsigned i = 0; i < PINNED; i++) {
		path_of(arm, pinned[i].name, path);
		*descriptor(arm, i) = bpf_obj_get(path);
		if (*descriptor(arm, i) < 0)
			return errno == ENOENT && i == 0 ? -ENOENT : errno == EPERM || errno == EACCES ? -EPERM : -ESTALE;
	}
	if (bpf_map_lookup_elem(arm->control, &zero, &control) != 0 || control.abi != ARM_ABI)
		return -ESTALE;
	path_of(arm, "guard", path);
	if (access(path, F_OK) != 0)
		return -ESTALE;
	path_of(arm, "enrol", path);
	return access(path, F_OK) != 0 ? -ESTALE : 0;
}

static struct arm *new(const struct arm_place *place)
{
	struct arm *arm = calloc(1, sizeof(*arm));

	if (!arm)
		return NULL;
	arm->lock = -1;
	arm->clsact = place->clsact;
	for (unsigned i = 0; i < PINNED; i++)
		*descriptor(arm, i) = -1;
	libbpf_set_print(listen_to);
	return arm;
}

static void let_go_of_all(struct arm *arm)
{
	for (unsigned i = 0; i < PINNED; i++) {
		if (*descriptor(arm, i) >= 0)
			close(*descriptor(arm, i));
		*descriptor(arm, i) = -1;
	}
}

void arm_close(struct arm *arm)
{
	if (!arm)
		return;
	let_go_of_all(arm);
	if (arm->lock >= 0)
		close(arm->lock);
	free(arm);
}

int arm_find(struct arm **out, const struct arm_place *place, char why[static ARM_WHY])
{
	struct arm *arm = new(place);
	int err = arm ? folder(arm, place, false, why) : -ENOMEM;

	if (!err) {
		err = take_up(arm);
		if (err)
			fail(why, err, "%s: %s", arm->dir, err == -EPERM ? "needs CAP_BPF" :
				err == -ENOENT ? "nothing is there" : "of another version, or incomplete");
		flock(arm->lock, LOCK_UN);
	}
	if (err)
		arm_close(arm);
	else
		*out = arm;
	return err;
}

int arm_open(struct arm **out, const struct arm_place *place, char why[static ARM_WHY])
{
	struct arm *arm = new(place);
	int err = arm ? folder(arm, place, true, why) : -ENOMEM;

	if (!err) {
		err = take_up(arm);
		if (err == -EPERM) {
			fail(why, err, "%s: needs CAP_BPF", arm->dir);
		} else if (err == -ESTALE) {
			fail(why, err, "%s: of another version, or incomplete; mdctl arm --off takes it out", arm->dir);
		} else if (err) {
			err = load(arm, place->cgroup, why);
			if (err)
				unpin_all(arm);
		} else {
			control_set(arm, true);
		}
		flock(arm->lock, LOCK_UN);
	}
	if (err) {
		if (arm && arm->lock >= 0 && err != -ESTALE)
			rmdir(arm->dir); /* only if it is empty */
		arm_close(arm);
	} else {
		*out = arm;
	}
	return err;
}

/* --- Interfaces ------------------------------------------------------------------------------------------------------ */

struct home {
	uint64_t cookie;
	uint32_t inode;
};

static int arm_interface(struct arm *arm, const struct home *home, const struct if_nameindex *link, bool *fresh,
	char why[static ARM_WHY])
{
	struct arm_interface at = { home->cookie, link->if_index, 0 };
	struct arm_interface_state state;
	char path[PATH];
	int hook;

	path_of_link(arm, &at, path);
	*fresh = false;
	if (bpf_map_lookup_elem(arm->interfaces, &at, &state) == 0) {
		if (armlink_holds((int)state.hook, at.index, path, arm->patch))
			return 0;
		/* Taken off by somebody else: until it is back on, the guard has to know. */
		bpf_map_delete_elem(arm->interfaces, &at);
	}
	hook = armlink_attach(arm->patch, at.index, path, arm->clsact);
	if (hook == -ENODEV)
		return 0; /* gone in the meantime */
	if (hook < 0)
		return fail(why, hook, "%s: the patch cannot be attached: %s", link->if_name, strerror(-hook));
	memset(&state, 0, sizeof(state));
	state.hook = (uint32_t)hook;
	state.inode = home->inode;
	snprintf(state.name, sizeof(state.name), "%.15s", link->if_name);
	*fresh = true;
	if (bpf_map_update_elem(arm->interfaces, &at, &state, BPF_ANY) == 0)
		return 0;
	hook = -errno;
	armlink_detach((int)state.hook, at.index, path);
	return fail(why, hook, "%s: %s", link->if_name, strerror(-hook));
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
	char path[PATH];

	path_of_link(arm, at, path);
	bpf_map_delete_elem(arm->interfaces, at);
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
	struct home home;
	uint32_t yes = 1;
	int err = netns_identity(&home.cookie, &home.inode);
	bool fresh;

	if (err)
		return fail(why, err, "the network namespace has no cookie: %s", strerror(-err));
	links = if_nameindex();
	if (!links)
		return fail(why, -errno, "no list of interfaces: %s", strerror(errno));
	forget_missing(arm, home.cookie, links);
	for (const struct if_nameindex *link = links; link->if_index && !err; link++) {
		err = arm_interface(arm, &home, link, &fresh, why);
		*changed += !err && fresh;
	}
	if_freenameindex(links);
	if (!err && bpf_map_update_elem(arm->namespaces, &home.cookie, &yes, BPF_ANY) != 0)
		err = fail(why, -errno, "too many network namespaces");
	return err;
}

int arm_namespace(struct arm *arm, int netns, unsigned *changed, char why[static ARM_WHY])
{
	unsigned ours = 0;
	int back, err;

	if (flock(arm->lock, LOCK_EX) < 0)
		return fail(why, -errno, "%s: %s", arm->dir, strerror(errno));
	err = netns_enter(netns, &back);
	if (err) {
		fail(why, err, "the network namespace cannot be entered: %s", strerror(-err));
	} else {
		err = arm_here(arm, changed ? changed : &ours, why);
		netns_leave(back);
	}
	flock(arm->lock, LOCK_UN);
	return err;
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
	char path[PATH];
	uint64_t netns, next;

	if (flock(arm->lock, LOCK_EX) < 0)
		return;
	for (bool more = arm_next(arm, &at, &state); more;) {
		one = at;
		of_one = state;
		more = arm_next(arm, &at, &state);
		path_of_link(arm, &one, path);
		if (of_one.hook == ARM_TCX && !armlink_holds(ARM_TCX, one.index, path, arm->patch))
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
	flock(arm->lock, LOCK_UN);
}

/* --- Figures --------------------------------------------------------------------------------------------------------- */

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

/* --- Taking it out --------------------------------------------------------------------------------------------------- */

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

	control_set(arm, false);
	for (more = arm_next(arm, &key, &state[0]); more && n < room; more = arm_next(arm, &key, &state[n])) {
		at[n] = key;
		n++;
		if (n == room)
			break;
	}
	for (unsigned i = 0; i < n; i++)
		bpf_map_delete_elem(arm->interfaces, &at[i]);
	while (bpf_map_get_next_key(arm->namespaces, NULL, &next) == 0) {
		netns = next;
		bpf_map_delete_elem(arm->namespaces, &netns);
	}
	return n;
}

static void detach_filter(const struct arm_interface *at, const struct arm_interface_state *state, const char *path)
{
	int back, netns = netns_find(state->inode);

	if (netns < 0)
		return;
	if (netns_enter(netns, &back) == 0) {
		armlink_detach(ARM_CLSACT, at->index, path);
		netns_leave(back);
	}
	close(netns);
}

int arm_off(struct arm *arm, char why[static ARM_WHY])
{
	struct arm_interface *at = calloc(ARM_INTERFACES, sizeof(*at));
	struct arm_interface_state *state = calloc(ARM_INTERFACES + 1, sizeof(*state));
	char path[PATH];
	unsigned n = 0;
	int err = 0;

	if (!at || !state || flock(arm->lock, LOCK_EX) < 0) {
		err = fail(why, -ENOMEM, "no memory, or %s cannot be locked", arm->dir);
	} else {
		n = close_gates(arm, at, state, ARM_INTERFACES);
		/* Every socket's request runs out while the guard still stands. */
		for (int ms = 0; ms < 2 * LEASE_MS; ms += STEP_MS) {
			if (ms >= LEASE_MS && arm_counted(arm, ARM_PATCHED) + arm_counted(arm, ARM_DROPPED) >= arm_counted(arm, ARM_PASSED))
				break;
			pause_ms(STEP_MS);
		}
		for (unsigned i = 0; i < n; i++) {
			path_of_link(arm, &at[i], path);
			if (state[i].hook == ARM_CLSACT)
				detach_filter(&at[i], &state[i], path);
			else
				armlink_detach(ARM_TCX, at[i].index, path);
		}
		unpin_all(arm);
		if (rmdir(arm->dir) < 0)
			err = fail(why, -errno, "%s: %s", arm->dir, strerror(errno));
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
	struct arm *arm = new(place);
	int err = arm ? folder(arm, place, false, why) : -ENOMEM;
	char path[PATH];

	if (!err) {
		path_of(arm, "enrol", path);
		unlink(path);
		pause_ms(LEASE_MS);
		unpin_all(arm);
		if (rmdir(arm->dir) < 0)
			err = fail(why, -errno, "%s: %s", arm->dir, strerror(errno));
	}
	arm_close(arm);
	return err;
}
