/* SPDX-License-Identifier: BSD-3-Clause
 *
 * witness.h - a marked socket of our own that sends to ourselves over the loopback interface, every second while engine "nft"
 * is used: only that shows whether the rule still is there, since it is somebody else's to change. */
#ifndef MD_WITNESS_H
#define MD_WITNESS_H

#include <stdint.h>

/* Whether what a marked socket sends has its area cut off, by what was seen at most a second ago. 0; -EAGAIN: it is being
 * found out; or -errno: as the provisioner said it, -ENODEV: the area arrived as user data, -EPERM: the datagram was
 * refused, -ETIMEDOUT: nothing arrives. Waits for nothing. */
int witness_ask(uint8_t version, uint32_t now);

/* The same from the beginning, waiting for a moment: only from the constructor. */
int witness_first(uint8_t version);

#endif
