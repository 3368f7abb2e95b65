/* SPDX-License-Identifier: BSD-3-Clause
 *
 * describe.h - from what a packet is to what the network is told of it. Pure. */
#ifndef MD_DESCRIBE_H
#define MD_DESCRIBE_H

#include "config.h"
#include "mdu.h"

/* What an SSRC's MID says of its policy. A MID comes with the first packets of a source and when it changes (RFC 8843,
 * section 15), so this is remembered with the source: 0 at first, else the policy's number and 1. */
void describe_mid(const struct config *config, const struct rtp *rtp, uint8_t *mid);

/* The policy for RTP of this SSRC, MID (as above) and payload type, or, with rtp NULL, of this QUIC stream: the first section
 * that names the SSRC, else the MID, else the payload type, else the route's. */
const struct policy *describe_policy(const struct config *config, int own, const struct rtp *rtp, uint8_t mid, uint32_t stream);

/* MED for a packet of an MDU: counter, D, P and L by the policy's row for the class. seq, ts and bq are the caller's. */
void describe_mdu(const struct policy *policy, const struct mdu_out *mdu, struct md_metadata *meta);

/* MED for a packet of a stream (S = 1): D is 0, P and L as the policy has them for what could not be read. */
void describe_stream(const struct policy *policy, uint8_t stream, struct md_metadata *meta);

/* The same as a meaning of codebooks; with S = 0, role and colour (-1: any) are the MDU's. */
void describe_meaning(const struct md_metadata *meta, const struct mdu_out *mdu, struct md_meaning *meaning);

#endif
