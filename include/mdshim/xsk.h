/* SPDX-License-Identifier: BSD-3-Clause
 *
 * xsk.h - an AF_XDP socket that the provisioner lends to a sender without privilege, and what both keep in common about it.
 *
 * A lease is a connection to the provisioner's socket (broker.h) that stays open. MD_BROKER_XSK, with the UDP socket that is
 * connected to the router, asks for it; the number of the router stands in family. The answer brings two descriptors: an AF_XDP
 * socket with its transmit and completion rings, not bound yet, and a memory of MD_XSK_LEN octets, which begins with struct
 * md_xsk_page and has the frames (UMEM) behind it. The kernel lets rings be mapped before the socket is bound only: so the
 * sender maps them and says MD_BROKER_XSK_MAPPED, without a descriptor; then the provisioner binds the socket to the interface
 * and the queue of its configuration, and tells the page of it. Each further MD_BROKER_XSK on the connection, which has no
 * answer, names another router.
 *
 * The page is written by the provisioner, each word at once, and read by the sender. Numbers are in host order. */
#ifndef MDSHIM_XSK_H
#define MDSHIM_XSK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	MD_XSK_VERSION = 1,
	MD_XSK_FRAME = 4096,         /* octets: a page, the most that a frame of one piece may have */
	MD_XSK_FRAMES = 512,         /* and so many places have the rings */
	MD_XSK_HOPS = 32,            /* routers */
	MD_XSK_LEN = MD_XSK_FRAME + MD_XSK_FRAME * MD_XSK_FRAMES,
	MD_XSK_BEAT_MS = 1000        /* between two beats of a provisioner that is alive */
};

enum md_xsk_state {
	MD_XSK_WAITS = 0,            /* for the socket to be mapped and bound */
	MD_XSK_BOUND = 1,
	MD_XSK_GONE = 2              /* not to be used any more, see error */
};

/* Toward one router: 0, not looked up yet; else the bit, and either an errno or the link address to send to, its first octet the
 * lowest. */
#define MD_XSK_HOP_KNOWN ((uint64_t)1 << 63)
#define MD_XSK_HOP_ERROR(hop) ((int)((hop) >> 48 & 0x7fff))

struct md_xsk_page {
	uint32_t version;            /* MD_XSK_VERSION */
	uint32_t state;              /* enum md_xsk_state */
	uint32_t error;              /* errno, why it is gone: EADDRINUSE, the queue is another process's; ENODEV, there is no
	                              * such interface; EAFNOSUPPORT, it is no Ethernet; ESHUTDOWN, taken back; or as bind said it */
	uint32_t beat;               /* grows every MD_XSK_BEAT_MS: somebody looks after the link addresses */
	uint32_t fixed;              /* 1: the configuration has the router's link address, and nobody need look after it */
	uint32_t index, queue;       /* of the interface */
	uint32_t mtu;                /* octets, of the interface */
	uint64_t source;             /* its link address, as in hop */
	uint64_t hop[MD_XSK_HOPS];
};

#ifdef __cplusplus
}
#endif

#endif
