/* SPDX-License-Identifier: BSD-3-Clause
 *
 * address.h - addresses and ports: as text, compared, hashed. */
#ifndef MDROUTER_ADDRESS_H
#define MDROUTER_ADDRESS_H

#include <mdshim/wire.h>

struct endpoint {
	uint8_t version;     /* 4 or 6 */
	uint8_t address[16]; /* version 4: the first four octets */
	uint16_t port;
	uint32_t scope;      /* interface index of a link-local address, else 0 */
};

enum { ENDPOINT_TEXT = 80, TUPLE_TEXT = 160 };

/* Octets of an address of this IP version. */
static inline size_t address_len(uint8_t version)
{
	return version == 4 ? 4 : 16;
}

/* Reads "192.0.2.1:49777", "[2001:db8::1]:49777" or "[fe80::1%eth0]:49777". 0 or -EINVAL. */
int endpoint_parse(const char *text, struct endpoint *out);

/* Whether datagrams to that destination reach exactly one host, this one: no wildcard, multicast or broadcast. */
bool endpoint_is_unicast(const struct endpoint *e);

bool endpoint_is_loopback(uint8_t version, const uint8_t *address);

/* Whether it is the destination of the tuple. */
bool endpoint_is_destination(const struct endpoint *e, const struct md_tuple *tuple);

/* These return dst. */
const char *endpoint_text(char dst[ENDPOINT_TEXT], const struct endpoint *e);
const char *tuple_text(char dst[TUPLE_TEXT], const struct md_tuple *tuple); /* "source:port>destination:port" */

bool tuple_equal(const struct md_tuple *a, const struct md_tuple *b);
uint64_t tuple_hash(const struct md_tuple *tuple, uint64_t seed);

#endif
