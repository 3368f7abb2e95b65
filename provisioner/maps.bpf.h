/* SPDX-License-Identifier: BSD-3-Clause
 *
 * maps.bpf.h - the maps, as guard.bpf.c sees those of patch.bpf.c. */
#ifndef PROVISION_MAPS_BPF_H
#define PROVISION_MAPS_BPF_H

#include "trailer.bpf.h"

#define ARM_MAP_SOCKETS struct { __uint(type, BPF_MAP_TYPE_SK_STORAGE); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, struct armed_socket); }
#define ARM_MAP_COUNTS struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, ARM_COUNT_COUNT); __type(key, uint32_t); __type(value, uint64_t); }

#define ARM_COUNTER(map)                                                        \
	static __always_inline void count(enum arm_count which)                 \
	{                                                                       \
		uint32_t key = which;                                           \
		uint64_t *n = bpf_map_lookup_elem(&(map), &key);                \
										\
		if (n)                                                          \
			++*n;                                                   \
	}

#endif
