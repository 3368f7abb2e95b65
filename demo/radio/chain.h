/* SPDX-License-Identifier: BSD-3-Clause
 *
 * chain.h - what depends on what in one flow: a key MDU, the bases behind it, what lies above those. For mdu_flow.c. */
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

/* What waits of keys and bases, the first base of it late. */
struct chain_backlog {
	size_t octets, bases;    /* of both; of bases alone: a key is sent in any case */
	double rate;             /* octets a microsecond */
	double price;            /* octets of the chain that have to come in time for each of bases */
};

/* Whether that is not worth its airtime: sent at the rate it would be through, and frames in time again, so shortly before the next key
 * that less than the price would come of it, or not at all. */
bool chain_is_hopeless(const struct chain *c, const struct chain_backlog *backlog, int64_t now);

#endif
