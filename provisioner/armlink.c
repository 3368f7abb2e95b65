/* SPDX-License-Identifier: BSD-3-Clause */
#include "armlink.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arm.bpf.h"

/* Linux 6.6; the headers and the library of this Debian are older. */
enum { TCX_INGRESS = 46, TCX_EGRESS = 47, IN_FRONT = 1 << 3 /* BPF_F_BEFORE */ };
enum { FILTER_HANDLE = 0x6d64, FILTER_PRIORITY = 1 };

static enum bpf_tc_attach_point point(enum armlink_way way)
{
	return way == ARMLINK_IN ? BPF_TC_INGRESS : BPF_TC_EGRESS;
}

static int tcx_create(int program, uint32_t index, enum armlink_way way)
{
	_Alignas(uint64_t) uint8_t octets[64] = { 0 };
	struct {
		uint32_t program, index, type, flags;
	} head = { (uint32_t)program, index, way == ARMLINK_IN ? TCX_INGRESS : TCX_EGRESS, IN_FRONT };
	long fd;

	memcpy(octets, &head, sizeof(head));
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, octets, sizeof(octets));
	return fd < 0 ? -errno : (int)fd;
}

/* A link whose interface has gone says so by the number 0. */
static uint32_t tcx_index(const char *path)
{
	struct bpf_link_info info;
	uint32_t len = sizeof(info);
	int fd = bpf_obj_get(path), err;

	if (fd < 0)
		return 0;
	memset(&info, 0, sizeof(info));
	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	close(fd);
	return err ? 0 : info.xdp.ifindex; /* stands at the same place for both */
}

static int filter_attach(int program, uint32_t index, enum armlink_way way)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)index, .attach_point = point(way));
	LIBBPF_OPTS(bpf_tc_opts, filter, .prog_fd = program, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY,
		.flags = BPF_TC_F_REPLACE);
	int err = bpf_tc_hook_create(&hook);

	if (err && err != -EEXIST)
		return err;
	return bpf_tc_attach(&hook, &filter);
}

int armlink_attach(int program, uint32_t index, enum armlink_way way, const char *path, bool clsact)
{
	int err, fd = clsact ? -EINVAL : tcx_create(program, index, way);

	if (fd < 0) {
		if (fd != -EINVAL && fd != -EOPNOTSUPP)
			return fd;
		err = filter_attach(program, index, way);
		return err ? err : ARM_CLSACT;
	}
	unlink(path);
	err = bpf_obj_pin(fd, path);
	close(fd);
	return err ? -errno : ARM_TCX;
}

bool armlink_holds(int hook, uint32_t index, enum armlink_way way, const char *path, int program)
{
	LIBBPF_OPTS(bpf_tc_hook, at, .ifindex = (int)index, .attach_point = point(way));
	LIBBPF_OPTS(bpf_tc_opts, filter, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	struct bpf_prog_info info;
	uint32_t len = sizeof(info);

	if (hook == ARM_TCX)
		return tcx_index(path) == index;
	memset(&info, 0, sizeof(info));
	return bpf_tc_query(&at, &filter) == 0 && bpf_obj_get_info_by_fd(program, &info, &len) == 0 &&
		filter.prog_id == info.id;
}

void armlink_detach(int hook, uint32_t index, enum armlink_way way, const char *path)
{
	LIBBPF_OPTS(bpf_tc_hook, at, .ifindex = (int)index, .attach_point = point(way));
	LIBBPF_OPTS(bpf_tc_opts, filter, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);

	if (hook == ARM_TCX)
		unlink(path);
	else
		bpf_tc_detach(&at, &filter);
}
