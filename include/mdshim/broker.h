/* SPDX-License-Identifier: BSD-3-Clause
 *
 * broker.h - how a sender without privilege asks the provisioner of its host for help with a descriptor: one message and one
 * answer over a Unix socket of type SOCK_SEQPACKET, then it closes. A descriptor goes along as SCM_RIGHTS. All numbers are
 * in host order.
 *
 * MD_BROKER_MARK: with a UDP socket. The provisioner sets one bit of its SO_MARK; a rule of nftables knows it by that. From
 * then on every datagram of the socket has to have as its payload one complete IPv4 or IPv6 datagram, which may be followed
 * by an option area: UDP Length is set to 8 octets and the length of that inner datagram. What cannot be handled so is
 * refused: the send fails with EPERM.
 *
 * MD_BROKER_RAW: with any UDP socket, which shows the network namespace. The answer brings an IPPROTO_RAW socket made there,
 * if provisioner.conf names the process; it may be bound to a device.
 *
 * MD_BROKER_XSK, MD_BROKER_XSK_MAPPED: an AF_XDP socket, see xsk.h; the connection stays open.
 *
 * MD_BROKER_OFF: from root, without a descriptor. No socket is marked any more until the provisioner reads its configuration
 * again. */
#ifndef MDSHIM_BROKER_H
#define MDSHIM_BROKER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	MD_BROKER_VERSION = 1,
	MD_BROKER_MARK = 1,
	MD_BROKER_RAW = 2,
	MD_BROKER_OFF = 3,
	MD_BROKER_XSK = 4,
	MD_BROKER_XSK_MAPPED = 5,
	MD_BROKER_LENGTH_MAX = 9216  /* of the inner datagram, octets */
};
#define MD_BROKER_SOCKET "/run/mdshim/broker.sock"

struct md_broker_request {
	uint16_t version;   /* MD_BROKER_VERSION */
	uint8_t what;       /* MD_BROKER_... */
	uint8_t family;     /* of the raw socket: 4 or 6; of MD_BROKER_XSK: number of the router; else 0 */
};

struct md_broker_answer {
	uint16_t version;
	uint8_t what;       /* as asked */
	uint8_t unused;     /* 0 */
	int32_t error;      /* 0, or errno: EACCES, not for this process; ENOPROTOOPT, not offered; EXDEV, not in this network
	                     * namespace; EINVAL, the request is malformed; others as the kernel said them */
	uint32_t mark;      /* the bit that was set, of MD_BROKER_MARK */
};

#ifdef __cplusplus
}
#endif

#endif
