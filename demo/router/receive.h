/* SPDX-License-Identifier: BSD-3-Clause
 *
 * receive.h - whole IP packets with their surplus areas, from packet sockets. */
#ifndef MDROUTER_RECEIVE_H
#define MDROUTER_RECEIVE_H

#include "address.h"
#include "flows.h"

#include <net/if.h>

enum { RECEIVE_BATCH = 64 };

struct receive_counts {
	uint64_t kernel_drops;    /* the socket's buffer was full */
	uint64_t truncated;       /* longer than any IP packet may be */
	uint64_t bad_header;      /* IPv4 header checksum wrong, or no IP header */
	uint64_t martian;         /* a loopback address from a real interface */
	uint64_t other;           /* IPv6 packets with extension headers that turned out not to be for us */
};

struct receiver {
	int fd;                   /* packet socket */
	int held;                 /* the UDP socket that keeps the port taken; -1 in inline mode */
	bool inlined;
	struct endpoint at;       /* tunnel mode */
	char interface[IF_NAMESIZE]; /* inline mode */
	struct receive_counts count;
};

/* One packet, from its IP header on; the octets may be changed. The UDP checksum is complete. */
typedef void receive_packet(void *context, const struct receiver *from, uint8_t *packet, size_t len,
	const struct moment *at);

/* Tunnel traffic to an address and port of this host. 0, or -errno and *step says what failed. */
int receive_tunnel(struct receiver *r, const struct endpoint *at, const char **step);

/* What arrives at an interface with a surplus area. 0, or -errno and *step says what failed. */
int receive_inline(struct receiver *r, const char *interface, const char **step);

void receive_close(struct receiver *r);

/* Hands over what has arrived, at most RECEIVE_BATCH packets; how many were read. */
size_t receive_batch(struct receiver *r, receive_packet *packet, void *context);

/* Brings count.kernel_drops up to date. */
void receive_drops(struct receiver *r);

/* The time now. */
void receive_now(struct moment *now);

#endif
