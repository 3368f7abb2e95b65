/* SPDX-License-Identifier: BSD-3-Clause
 *
 * usage.h - how often a process sent each meaning, so that the provisioner can give frequent ones more codes.
 *
 * The file is <stats_dir>/<pid>.usage. The shim counts with relaxed atomic additions, in host order; anybody may map it. A
 * meaning the book lacks is counted as the one that was wanted. */
#ifndef MDSHIM_USAGE_H
#define MDSHIM_USAGE_H

#include <mdshim/codebook.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MD_USAGE_MAGIC = 0x6d647573, MD_USAGE_VERSION = 1 };

struct md_usage {
	uint32_t magic, version;
	int32_t pid;
	uint32_t size;               /* sizeof(struct md_usage) */
	uint64_t count[MD_MEANINGS]; /* by md_meaning_number() */
};

#ifdef __cplusplus
}
#endif
#endif
