/* SPDX-License-Identifier: BSD-3-Clause
 *
 * broker.h - asking the provisioner of this host for a mark on a socket of ours, or for a raw socket. Nothing waits: a
 * question is put and its answer looked for later. */
#ifndef MD_SHIM_BROKER_H
#define MD_SHIM_BROKER_H

#include <mdshim/broker.h>

#include "table.h"

/* A question under way. All zero: none. */
struct loan {
	bool asked;
	uint8_t family;              /* of the raw socket */
	int fd;                      /* the connection */
	uint64_t cookie;
	uint32_t since;              /* milliseconds */
};

/* Where the provisioner listens. Only from the constructor. */
void broker_start(const char *path);

/* Puts the question: 0, or -errno: nobody listens, or no descriptor. fd stays the caller's. */
int broker_ask(struct loan *loan, uint8_t what, uint8_t family, int fd, uint32_t now);

/* Says something else on a connection that stays open (mdshim/xsk.h), with a descriptor or -1. 0 or -errno; -ECONNRESET also
 * where the connection is no longer ours. */
int broker_say(const struct loan *loan, uint8_t what, uint8_t family, int fd);

/* The answer: -EAGAIN: not yet; else the question is over. 0, or -errno as the provisioner said it; -ETIMEDOUT,
 * -ECONNRESET. mark and fd, with cookie, as asked; of the kind not asked for they may be NULL. The descriptor is one of ours
 * (ours.h). */
int broker_answer(struct loan *loan, uint32_t now, uint32_t *mark, int *fd, uint64_t *cookie);

/* Both, waiting for a moment. Only from the constructor. */
int broker_wait(uint8_t what, uint8_t family, int fd, uint32_t *mark, int *lent, uint64_t *cookie);

/* Whether the question is so old that nobody can be going to look for its answer. */
bool broker_is_stale(const struct loan *loan, uint32_t now);

/* Forgets the question. */
void broker_drop(struct loan *loan);

#endif
