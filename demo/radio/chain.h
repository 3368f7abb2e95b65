/* SPDX-License-Identifier: BSD-3-Clause
 *
 * chain.h - what depends on what in one flow: a key MDU, the bases behind it, what lies above those. For queue_mdu.c. */
#ifndef RADIO_CHAIN_H
#define RADIO_CHAIN_H

#include "mdus.h"

/* Zero at first. */
struct chain {
	bool broken, upper_broken; /* a key or base MDU of the chain was lost; an upper one since the last base */
	int64_t key, distance;     /* arrival of its key; from the key before to it, 0: not known */
	bool regular;              /* the last two distances are alike: the next key can be foreseen */
	uint64_t octets, before;   /* of keys and bases: of this chain so far, of the one before */
};

/* What the kind of an MDU means for the chain, as soon as it is known. */
void chain_place(struct chain *c, const struct mdu *m);

/* A packet of an MDU has come. */
void chain_count(struct chain *c, const struct mdu *m, uint32_t octets);

/* What the MDU depends on was lost. */
bool chain_orphans(const struct chain *c, const struct mdu *m);

/* Whether a late backlog of keys and bases is not worth its airtime: sent at that rate (octets a microsecond) it would be through, and
 * frames in time again, so shortly before the next key that less than half its own length would come of it, or nothing. */
bool chain_is_hopeless(const struct chain *c, size_t backlog, double rate, int64_t now);

#endif
