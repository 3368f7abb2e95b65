/* SPDX-License-Identifier: BSD-3-Clause
 *
 * forward.h - sends inner datagrams on to their clients, source address and all. */
#ifndef MDROUTER_FORWARD_H
#define MDROUTER_FORWARD_H

#include <mdshim/wire.h>
#include <stdio.h>

enum { FORWARD_BATCH = 64, FORWARD_ERRNO_MAX = 134 };

struct forward {
	int fd[2];                 /* IPv4, IPv6 */
	uint64_t packets, octets;  /* sent */
	uint64_t failed[FORWARD_ERRNO_MAX]; /* by errno */
	struct forward_queue *queue; /* private */
};

/* Opens the raw sockets. 0 or -errno. */
int forward_open(struct forward *f);
void forward_close(struct forward *f);

/* Takes a datagram that decide() found good: decrements its TTL and sets ECN in place, and puts it into the batch. The
 * octets must stay until forward_flush(). */
void forward_add(struct forward *f, uint8_t *inner, const struct md_datagram *d, unsigned outer_ecn);

void forward_flush(struct forward *f);

#endif
