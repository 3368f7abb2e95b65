/* SPDX-License-Identifier: BSD-3-Clause */
#include "armquick.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "armquick.skel.h"

/* What it keeps of its own is the number of its next ticket: nobody else draws one. */
static int share_maps(struct armquick_bpf *skeleton, const struct bpf_object *maps)
{
	const struct bpf_object *object = skeleton->obj;

	for (struct bpf_map *own = bpf_object__next_map(object, NULL); own; own = bpf_object__next_map(object, own)) {
		const struct bpf_map *theirs = bpf_object__find_map_by_name(maps, bpf_map__name(own));
		int err = theirs ? bpf_map__reuse_fd(own, bpf_map__fd(theirs)) : 0;

		if (err)
			return err;
	}
	return 0;
}

int armquick_load(const struct bpf_object *maps)
{
	struct armquick_bpf *skeleton = armquick_bpf__open();
	struct bpf_program *program;
	int fd;

	if (!skeleton)
		return -errno;
	for (program = bpf_object__next_program(skeleton->obj, NULL); program; program = bpf_object__next_program(skeleton->obj, program))
		bpf_program__set_autoload(program, program == skeleton->progs.arm_ours);
	fd = share_maps(skeleton, maps);
	if (!fd)
		fd = armquick_bpf__load(skeleton);
	if (!fd) {
		fd = fcntl(bpf_program__fd(skeleton->progs.arm_ours), F_DUPFD_CLOEXEC, 0);
		fd = fd < 0 ? -errno : fd;
	}
	armquick_bpf__destroy(skeleton);
	return fd;
}
