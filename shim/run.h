/* SPDX-License-Identifier: BSD-3-Clause
 *
 * run.h - wrapped datagrams that leave as one segment train: those of an application's own train, and runs of equal ones
 * among the messages of a call. Used by path.c, split.c and wrap.c.
 *
 * A datagram is held until the run is settled; what was counted for it is taken back if it does not get out then. Without a
 * kernel that gives segments their area (egress/gso.h) nothing is held. */
#ifndef MD_RUN_H
#define MD_RUN_H

#include "hall.h"

/* Room for runs, used by as many threads at a time. 0 or -ENOMEM: then nothing is ever held. Only from the constructor. */
int run_start(void);

enum run_fate {
	RUN_HELD,   /* copied, and counted as sent */
	RUN_NOT,    /* it is to be sent by itself, now: nothing is held in front of it */
	RUN_AGAIN,  /* something in front of it is out without its number: this one's is free again, and it is to come with another */
	RUN_STOPPED /* something in front of it could not be sent: it is not to be sent at all */
};

/* Takes a datagram that is ready to be sent. undo: of flowtab_tick(). */
enum run_fate run_hold(struct call *call, const struct packet *packet, const struct parcel *parcel, const uint64_t undo[2]);

/* Whether it would be held, where nothing is. */
bool run_wants(struct call *call, const struct packet *packet, const struct parcel *parcel);

/* The same as far as can be told before it is wrapped. */
bool run_expects(const struct call *call, const struct packet *packet);

/* Sends what is held, if anything is. False: not all of it could be sent, not even as the application asked. */
bool run_settle(struct call *call);

/* After that: how many messages of the call are out, or -1 with errno if none is. */
int run_result(const struct call *call);

#endif
