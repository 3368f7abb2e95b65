/* SPDX-License-Identifier: BSD-3-Clause
 *
 * broker.h - helps senders without privilege (include/mdshim/broker.h): marks their sockets for the rule of nftables, and
 * lends raw and AF_XDP sockets to those whom the configuration names.
 *
 * In a thread of its own: it enters other network namespaces, runs nft(8), and closes descriptors that strangers sent, any of
 * which may take its time. */
#ifndef PROVISION_BROKER_H
#define PROVISION_BROKER_H

#include "config.h"

struct broker;

enum { BROKER_WHY = 320 };

/* Listens, if the configuration offers anything: *out is NULL otherwise. 0, or -errno and why. */
int broker_open(struct broker **out, const struct config *config, char why[static BROKER_WHY]);

/* Begins to answer. 0 or -errno. */
int broker_run(struct broker *broker);

/* Ends; what is in the kernel stays, and so does what was lent. */
void broker_close(struct broker *broker);

#endif
