/* SPDX-License-Identifier: BSD-3-Clause
 *
 * capture.h - UDP datagrams out of a capture file of the classic kind (libpcap's; tcpdump -w). One file in a process. */
#ifndef MD_CAPTURE_H
#define MD_CAPTURE_H

#include <mdshim/wire.h>

#include "octets.h"

struct captured {
	unsigned long number;  /* of the packet in the file, from 1 */
	struct md_tuple tuple;
	struct octets data;    /* good until the next one is read */
	int route;             /* the reader's to use */
};

/* NULL, or what is wrong with the file. */
const char *capture_open(const char *path);

/* The next whole UDP datagram; other packets, fragments and those cut short are passed over. False at the end, or with
 * *wrong set. */
bool capture_next(struct captured *packet, const char **wrong);

#endif
