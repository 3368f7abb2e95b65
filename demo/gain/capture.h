/* SPDX-License-Identifier: BSD-3-Clause
 *
 * capture.h - what a server sent, as the router received it: a pcap file, read by the router's own code. */
#ifndef GAIN_CAPTURE_H
#define GAIN_CAPTURE_H

#include <radio_packet.h>

#include <stddef.h>

struct capture_options {
	const char *file;        /* pcap: Ethernet, IPv4 or IPv6 */
	const char **key;        /* as mdrouter's --auth-key */
	size_t keys;
	const char *books, *domain; /* of OFC; NULL: none */
	unsigned port;           /* of the client: that flow only; 0: all */
};

struct sample {
	struct radio_packet packet; /* arrived: microseconds from the first */
	const uint8_t *rtp;      /* the inner datagram's user data */
	size_t rtp_len;
	unsigned frame;          /* filled by frames_find() */
};

struct capture {
	struct sample *sample;
	size_t samples, octets;  /* octets as the radio carries them */
	int64_t length;          /* microseconds */
	int64_t begun;           /* of the first, microseconds since 1970 */
	uint8_t *store;
	unsigned long refused;   /* datagrams without usable marks */
};

/* Says what is wrong on standard error and returns -1. */
int capture_read(struct capture *c, const struct capture_options *o);

#endif
