/* SPDX-License-Identifier: BSD-3-Clause
 *
 * arm.h - how a socket asks the kernel to have option areas cut off its datagrams: setsockopt(fd, MD_ARM_LEVEL,
 * MD_ARM_SOCKET, &request, sizeof(request)), answered by a program that the provisioner attached. No privilege is needed.
 *
 * From then on a datagram of the socket that ends in an area of one of the given forms leaves with a UDP Length that many
 * octets shorter, so that the area lies behind the user data. All other datagrams pass as they are. Where an area could not
 * be cut off, because the datagram leaves by an interface without the patch or as fragments, the send fails with EPERM.
 *
 * A segment train (UDP_SEGMENT) whose segments each end in such an area may be sent while setsockopt(fd, MD_ARM_LEVEL,
 * MD_ARM_TRAINS, &request, sizeof(request)) succeeds, with the same request or one with forms = 0: then every segment is
 * treated as a datagram by itself, the last too, which may be shorter. Where it cannot be, the send fails with EPERM and
 * nothing of the train is sent.
 *
 * Errors: ENOPROTOOPT or EOPNOTSUPP, nobody has attached the program; ENODEV, not in this network namespace; EINVAL, the
 * request is malformed. */
#ifndef MDSHIM_ARM_H
#define MDSHIM_ARM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	MD_ARM_LEVEL = 0x6d65,
	MD_ARM_SOCKET = 1,
	MD_ARM_TRAINS = 2,
	MD_ARM_VERSION = 1,
	MD_ARM_FORMS = 4,
	MD_ARM_AREA_MIN = 6,
	MD_ARM_AREA_MAX = 1280
};

/* What an area looks like, so that nothing else is taken for one. Besides, its OCS must be right; and if head begins with 0
 * (EOL: an empty area), every octet but the OCS must be zero. */
struct md_arm_form {
	uint16_t len;       /* of the whole area, octets */
	uint16_t auth;      /* where AUTH begins, octets behind the OCS field; 0: without AUTH */
	uint8_t head[4];    /* the first octets behind the OCS field */
	uint8_t head_len;   /* how many of them are known: 2 or 4 */
	uint8_t unused[3];  /* 0 */
};

/* forms = 0: nothing is cut off any more. */
struct md_arm_request {
	uint16_t version;   /* MD_ARM_VERSION */
	uint16_t forms;     /* MD_ARM_FORMS at most */
	struct md_arm_form form[MD_ARM_FORMS];
};

#ifdef __cplusplus
}
#endif

#endif
