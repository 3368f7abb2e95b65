/* SPDX-License-Identifier: BSD-3-Clause
 *
 * xskask.h - the messages of a lease of an AF_XDP socket, as the provisioner reads and writes them. */
#ifndef PROVISION_XSKASK_H
#define PROVISION_XSKASK_H

#include <mdshim/broker.h>

/* Reads one; *fd: the descriptor that came along, which is the caller's, or -1. 0, -EAGAIN: there is none, or -errno: the other
 * end has gone, or says what is no request. */
int xskask_read(int connection, struct md_broker_request *request, int *fd);

/* Answers with two descriptors. 0 or an errno. */
int xskask_answer(int connection, int socket, int memory);

/* From where to where a connected UDP socket sends. 0 or an errno. */
int xskask_ends(int udp, uint8_t *version, uint8_t src[static 16], uint8_t dst[static 16]);

#endif
