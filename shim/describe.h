/* SPDX-License-Identifier: BSD-3-Clause
 *
 * describe.h - from what a packet is to what the network is told of it. Pure. */
#ifndef MD_DESCRIBE_H
#define MD_DESCRIBE_H

#include "config.h"
#include "mdu.h"

/* MED for a packet of an MDU: counter, D, P and L by the policy's row for the class. seq, ts and bq are the caller's. */
void describe_mdu(const struct policy *policy, const struct mdu_out *mdu, struct md_metadata *meta);

/* MED for a packet of a stream (S = 1): D is 0, P medium, L no information unless a hint says otherwise. */
void describe_stream(uint8_t stream, struct md_metadata *meta);

#endif
