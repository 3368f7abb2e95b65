/* SPDX-License-Identifier: BSD-3-Clause
 *
 * route.h - which configured route covers a datagram. Pure. */
#ifndef MD_ROUTE_H
#define MD_ROUTE_H

#include "config.h"

/* The first route for this destination, these ports, this program and payload kind (one CARRIES_*): its index, or -1. */
int route_find(const struct config *config, const char *program, const struct md_tuple *tuple, unsigned carries);

/* Destinations that no route may cover: multicast, the limited broadcast, link-local (wire format, section 1). */
bool route_never(uint8_t version, const uint8_t *addr);

/* Whether the tuple leads to the address and port of a configured router. */
bool route_to_router(const struct config *config, const struct md_tuple *tuple);

#endif
