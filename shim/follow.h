/* SPDX-License-Identifier: BSD-3-Clause
 *
 * follow.h - datagrams of a call that are like the one before them: what was found out for the first of a run (run.h) holds for
 * all that follow it, so it is not asked again. Used by path.c, split.c and batch.c. */
#ifndef MD_FOLLOW_H
#define MD_FOLLOW_H

#include "hall.h"

/* A datagram was wrapped by the long way: if it is the first of the run now, others may follow it. Its flow is pinned. */
void follow_lead(struct call *call, const struct packet *packet);

/* What the long way would do with a datagram that is like those that are held in call->run or wait in call->batch, one of which is not
 * NULL; msg and data of the packet are set, and control to what the message says. Nothing may wait in front of it to go as it came.
 * at, segment: as for batch_add(). False: it is to go the long way, and nothing was done. True: *why is MD_ASIDE_COUNT: it is
 * held or waits, and is counted as seen and wrapped; or why it has to go as it came, which is left to be counted. */
bool follow(struct call *call, struct packet *packet, unsigned at, bool segment, enum md_aside *why);

/* Whether it would wait in the call's batch, were that not full. */
bool follow_would(struct call *call, struct packet *packet);

/* Whether a message, set in the packet, is one that may: legible, in one piece, without control messages. Data and control are set then. */
bool follow_message(struct call *call, struct packet *packet);

#endif
