/* SPDX-License-Identifier: BSD-3-Clause
 *
 * arm_nft.h - the tables of nftables that mdprovisiond put in for engine "nft", wherever they are. */
#ifndef MDCTL_ARM_NFT_H
#define MDCTL_ARM_NFT_H

#include <jansson.h>
#include <stdbool.h>

/* Of every network namespace that has a name or a process, or of those named. */
struct arm_nft_places {
	const char *const *name;
	unsigned names;              /* 0: of all */
};

/* Their tables, a line each. How many there are, or -errno: then why was said. */
int arm_nft_show(const struct arm_nft_places *places);
json_t *arm_nft_json(const struct arm_nft_places *places);

/* Takes them out, in an order in which no datagram gets away with an area in its user data; takes about two seconds. broker:
 * where mdprovisiond listens, which is told first. How many there were, or -errno: then why was said. */
int arm_nft_off(const struct arm_nft_places *places, const char *broker);

#endif
