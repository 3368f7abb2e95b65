/* SPDX-License-Identifier: BSD-3-Clause
 *
 * nexthop.h - asks the kernel, by a netlink socket of the network namespace in question, what an interface is like and to which
 * link address a datagram goes. */
#ifndef PROVISION_NEXTHOP_H
#define PROVISION_NEXTHOP_H

#include <stdbool.h>
#include <stdint.h>

struct mnl_socket;

struct nexthop_link {
	uint32_t index, mtu;
	bool ethernet, up;           /* up: and it has a carrier */
	uint8_t address[6];
};

/* A socket of the namespace that we are in; groups: RTMGRP_..., then it is to be read with nexthop_drain() only. NULL and
 * errno. */
struct mnl_socket *nexthop_open(uint32_t groups);

/* Reads what has been told. False: nothing. */
bool nexthop_drain(struct mnl_socket *events);

/* The interface of that name, or, where name is NULL, of that number. 0 or -errno: -ENODEV. */
int nexthop_link(struct mnl_socket *ask, const char *name, uint32_t index, struct nexthop_link *link);

/* The link address for datagrams between these addresses (version 4 or 6) by that interface. 0 or -errno: -ENETUNREACH, the
 * route leads elsewhere; -EHOSTUNREACH, the neighbour is not known (yet: the kernel is told to ask for it). */
int nexthop_find(struct mnl_socket *ask, uint8_t version, const uint8_t *src, const uint8_t *dst, uint32_t index,
	uint8_t address[static 6]);

#endif
