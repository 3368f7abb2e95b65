/* SPDX-License-Identifier: BSD-3-Clause
 *
 * maps.bpf.h - the maps that both patch.bpf.c, where they are, and guard.bpf.c look into. */
#ifndef PROVISION_MAPS_BPF_H
#define PROVISION_MAPS_BPF_H

#include "trailer.bpf.h"

#define ARM_MAP_SOCKETS struct { __uint(type, BPF_MAP_TYPE_SK_STORAGE); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, struct armed_socket); }
#define ARM_MAP_COUNTS struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, ARM_COUNT_COUNT); __type(key, uint32_t); __type(value, uint64_t); }
#define ARM_MAP_INTERFACES struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, ARM_INTERFACES); __type(key, struct arm_interface); __type(value, struct arm_interface_state); }
#define ARM_MAP_DETOURS struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, ARM_NAMESPACES); __type(key, uint64_t); __type(value, struct arm_detour); }

#define ARM_COUNTER(map)                                                        \
	static __always_inline void count_all(enum arm_count which, uint64_t many) \
	{                                                                       \
		uint32_t key = which;                                           \
		uint64_t *n = bpf_map_lookup_elem(&(map), &key);                \
										\
		if (n)                                                          \
			*n += many;                                             \
	}                                                                       \
	static __always_inline void count(enum arm_count which)                 \
	{                                                                       \
		count_all(which, 1);                                            \
	}

#endif
