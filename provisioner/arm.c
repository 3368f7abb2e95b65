/* SPDX-License-Identifier: BSD-3-Clause */
#include "armstate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "arm.skel.h"
#include "armquick.h"

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
	{ "segment", offsetof(struct arm, segment) },
	{ "detours", offsetof(struct arm, detours) },
	{ "home", offsetof(struct arm, home) },
	{ "generation", offsetof(struct arm, generation) },
	{ "next", offsetof(struct arm, next) },
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

int arm_fail(char *why, int err, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vsnprintf(why, ARM_WHY, format, values);
	va_end(values);
	return err;
}

void arm_path_of(const struct arm *arm, const char *name, char path[static ARM_PATH])
{
	snprintf(path, ARM_PATH, "%s/%s", arm->dir, name);
}

void arm_path_of_link(const struct arm *arm, const struct arm_interface *at, enum armlink_way way, char path[static ARM_PATH])
{
	snprintf(path, ARM_PATH, "%s/%s-%llu-%u", arm->dir, way == ARMLINK_IN ? "ingress" : "egress",
		(unsigned long long)at->netns, at->index);
}

static int *descriptor(struct arm *arm, unsigned i)
{
	return (int *)(void *)((char *)arm + pinned[i].at);
}

/* --- The folder ------------------------------------------------------------------------------------------------------ */

int arm_folder(struct arm *arm, const struct arm_place *place, bool make, char why[static ARM_WHY])
{
	struct statfs fs;

	if (strlen(place->dir) >= sizeof(arm->dir))
		return arm_fail(why, -ENAMETOOLONG, "%.200s: the path is too long", place->dir);
	strcpy(arm->dir, place->dir);
	if (make && mkdir(arm->dir, 0700) < 0 && errno != EEXIST)
		return arm_fail(why, -errno, "%s: %s%s", arm->dir, strerror(errno),
			errno == EACCES ? "" : "; a BPF file system is to be mounted there: mount -t bpf bpf /sys/fs/bpf");
	arm->lock = open(arm->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (arm->lock < 0)
		return arm_fail(why, -errno, "%s: %s", arm->dir, strerror(errno));
	if (fstatfs(arm->lock, &fs) < 0 || (unsigned)fs.f_type != BPF_FS_MAGIC) {
		if (make)
			rmdir(arm->dir);
		return arm_fail(why, -EINVAL, "%s: not in a BPF file system: mount -t bpf bpf /sys/fs/bpf", arm->dir);
	}
	if (flock(arm->lock, LOCK_EX) < 0)
		return arm_fail(why, -errno, "%s: %s", arm->dir, strerror(errno));
	return 0;
}

void arm_unpin_all(const struct arm *arm)
{
	DIR *d = opendir(arm->dir);
	char path[ARM_PATH];

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

int arm_let_in(const struct arm *arm, bool on)
{
	struct arm_control control = { ARM_ABI, on };
	uint32_t zero = 0;

	return bpf_map_update_elem(arm->control, &zero, &control, BPF_ANY);
}

/* Somebody may have taken everything out while we held on to it. */
bool arm_is_in(const struct arm *arm)
{
	struct arm_control control;
	uint32_t zero = 0;

	return bpf_map_lookup_elem(arm->control, &zero, &control) == 0 && control.on;
}

static int cgroup_open(const char *path, char why[static ARM_WHY])
{
	char found[ARM_PATH] = "";
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
			return arm_fail(why, -ENOENT, "no cgroup2 file system is mounted");
	}
	fd = open(found, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? arm_fail(why, -errno, "%s: %s", found, strerror(errno)) : fd;
}

static int attach(const struct arm *arm, struct bpf_program *program, const char *name, int cgroup, char why[static ARM_WHY])
{
	struct bpf_link *link = bpf_program__attach_cgroup(program, cgroup);
	char path[ARM_PATH];
	int err;

	if (!link)
		return arm_fail(why, -errno, "the %s cannot be attached to the control group: %s", name, strerror(errno));
	arm_path_of(arm, name, path);
	err = bpf_link__pin(link, path);
	bpf_link__destroy(link); /* the pin keeps it */
	return err ? arm_fail(why, err, "%s: %s", path, strerror(-err)) : 0;
}

static int take_descriptors(struct arm *arm, const struct arm_bpf *skeleton, char why[static ARM_WHY])
{
	const int fd[PINNED] = { bpf_program__fd(skeleton->progs.arm_patch), bpf_map__fd(skeleton->maps.arm_interfaces),
		bpf_map__fd(skeleton->maps.arm_namespaces), bpf_map__fd(skeleton->maps.arm_control),
		bpf_map__fd(skeleton->maps.arm_counts), bpf_map__fd(skeleton->maps.arm_calls),
		bpf_program__fd(skeleton->progs.arm_segment), bpf_map__fd(skeleton->maps.arm_detours),
		bpf_program__fd(skeleton->progs.arm_home), bpf_map__fd(skeleton->maps.data_generation),
		bpf_map__fd(skeleton->maps.arm_next) };
	char path[ARM_PATH];

	for (unsigned i = 0; i < PINNED; i++) {
		*descriptor(arm, i) = fcntl(fd[i], F_DUPFD_CLOEXEC, 0);
		arm_path_of(arm, pinned[i].name, path);
		if (*descriptor(arm, i) < 0 || bpf_obj_pin(fd[i], path) != 0)
			return arm_fail(why, -errno, "%s: %s", path, strerror(errno));
	}
	return 0;
}

static int map_generation(struct arm *arm)
{
	void *at = mmap(NULL, sizeof(*arm->raised), PROT_READ | PROT_WRITE, MAP_SHARED, arm->generation, 0);

	if (at == MAP_FAILED)
		return -errno;
	arm->raised = at;
	return 0;
}

/* From the patch to its second program, to the quick one if the kernel takes it. */
static int lead_to_ours(const struct arm *arm, const struct arm_bpf *skeleton)
{
	int err, quick = arm->clsact ? -1 : armquick_load(skeleton->obj);
	int ours = quick >= 0 ? quick : bpf_program__fd(skeleton->progs.arm_ours);
	uint32_t zero = 0;

	err = bpf_map_update_elem(arm->next, &zero, &ours, BPF_ANY);
	if (quick >= 0)
		close(quick);
	return err;
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
		return arm_fail(why, err, "the kernel refuses the programs: %s%s", strerror(-err),
			err == -EPERM ? " (needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON)" : err == -EINVAL ? " (needs Linux 5.18)" : "");
	}
	err = take_descriptors(arm, skeleton, why);
	if (!err) {
		err = map_generation(arm);
		if (!err)
			err = lead_to_ours(arm, skeleton);
		if (err)
			arm_fail(why, err, "the programs cannot be put together: %s", strerror(-err));
	}
	if (!err)
		err = arm_let_in(arm, true);
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
	char path[ARM_PATH];

	for (unsigned i = 0; i < PINNED; i++) {
		arm_path_of(arm, pinned[i].name, path);
		*descriptor(arm, i) = bpf_obj_get(path);
		if (*descriptor(arm, i) < 0)
			return errno == ENOENT && i == 0 ? -ENOENT : errno == EPERM || errno == EACCES ? -EPERM : -ESTALE;
	}
	if (bpf_map_lookup_elem(arm->control, &zero, &control) != 0 || control.abi != ARM_ABI)
		return -ESTALE;
	arm_path_of(arm, "guard", path);
	if (access(path, F_OK) != 0)
		return -ESTALE;
	arm_path_of(arm, "enrol", path);
	return access(path, F_OK) != 0 || map_generation(arm) != 0 ? -ESTALE : 0;
}

struct arm *arm_new(const struct arm_place *place)
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
	if (arm->raised)
		munmap((void *)arm->raised, sizeof(*arm->raised));
	arm->raised = NULL;
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
	struct arm *arm = arm_new(place);
	int err = arm ? arm_folder(arm, place, false, why) : -ENOMEM;

	if (!err) {
		err = take_up(arm);
		if (err)
			arm_fail(why, err, "%s: %s", arm->dir, err == -EPERM ? "needs CAP_BPF" :
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
	struct arm *arm = arm_new(place);
	int err = arm ? arm_folder(arm, place, true, why) : -ENOMEM;

	if (!err) {
		err = take_up(arm);
		if (err == -EPERM) {
			arm_fail(why, err, "%s: needs CAP_BPF", arm->dir);
		} else if (err == -ESTALE) {
			arm_fail(why, err, "%s: of another version, or incomplete; mdctl arm --off takes it out", arm->dir);
		} else if (err) {
			err = load(arm, place->cgroup, why);
			if (err)
				arm_unpin_all(arm);
		} else {
			arm_let_in(arm, true);
			arm_raise(arm);
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
