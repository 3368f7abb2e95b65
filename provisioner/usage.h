/* SPDX-License-Identifier: BSD-3-Clause
 *
 * usage.h - how often each meaning was used since the last look, from the files of the shims (mdshim/usage.h). */
#ifndef PROVISION_USAGE_H
#define PROVISION_USAGE_H

#include <mdshim/codebook.h>

struct usage {
	uint64_t last[MD_MEANINGS];  /* sums at the last look */
	uint64_t use[MD_MEANINGS];   /* since then */
	uint64_t total;              /* of use[] */
	unsigned files, bad;         /* at the last look */
};

/* Looks again. The files are other people's: what is not one of ours is passed over and counted. */
void usage_look(struct usage *usage, const char *folder);

#endif
