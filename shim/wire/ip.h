/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ip.h - what the rooms that know IP headers share. */
#ifndef MD_WIRE_IP_H
#define MD_WIRE_IP_H

#include <mdshim/wire.h>

enum {
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	UDP_HEADER = 8,
	IP_UDP = 17,
	IPV4_DF = 0x4000,
	IPV4_FRAGMENT = 0x3fff /* More Fragments and the offset */
};

enum ip_fault { IP_FINE, IP_VERSION, IP_LENGTH, IP_IS_FRAGMENT, IP_PROTOCOL };

/* Sum of the pseudo-header of a UDP datagram, added to start. */
uint16_t ip_pseudo_sum(const struct md_tuple *tuple, size_t udp_length, uint16_t start);

/* Reads the fixed part of the header and the options of IPv4; *header is where what follows it begins. Faults:
 * IP_VERSION, IP_LENGTH (header or packet do not fit len). */
enum ip_fault ip_read_header(const uint8_t *packet, size_t len, struct md_datagram *out, size_t *header);

/* Goes on behind a header that was read: extension headers, UDP header, user data, surplus. Faults: the last three;
 * IP_LENGTH is about UDP Length, or an extension header that runs out of the packet. */
enum ip_fault ip_read_udp(const uint8_t *packet, size_t header, struct md_datagram *out);

#endif
