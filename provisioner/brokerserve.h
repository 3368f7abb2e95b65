/* SPDX-License-Identifier: BSD-3-Clause
 *
 * brokerserve.h - what the broker does for one who asked; part of broker. */
#ifndef PROVISION_BROKERSERVE_H
#define PROVISION_BROKERSERVE_H

#include <mdshim/broker.h>
#include <time.h>

#include "config.h"
#include "peer.h"

enum { BROKERSERVE_COMPLAINT = 400 };

struct xsk;

struct brokerserve {
	struct config config;        /* the thread's own copy */
	bool shut;                   /* no more marks: everything was taken out by mdctl */
	uint64_t own;                /* cookie of our network namespace */
	struct xsk *xsk;             /* NULL: no AF_XDP sockets are lent */
	char said[BROKERSERVE_COMPLAINT]; /* the last complaint, */
	time_t said_at;              /* and when: the same is not repeated for a while, nor another at once */
};

struct brokerserve_guest {
	int fd;                      /* the connection */
	struct peer peer;
	struct md_broker_request request;
	int lent;                    /* the socket that came along, -1: none; stays the caller's */
};

/* 0 or an errno, as struct md_broker_answer has it; *raw is a socket for the guest, the caller's to close, if it asked for one. */
int brokerserve(struct brokerserve *serving, const struct brokerserve_guest *guest, int *raw);

#endif
