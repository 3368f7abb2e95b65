/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control.h - the local socket: one line asks ("books", "csp", "reload"), one JSON text answers. */
#ifndef PROVISION_CONTROL_H
#define PROVISION_CONTROL_H

#include "service.h"

struct control;

/* Listens at the service's control_socket, 0660 and its group. 0 or -errno. reload is called for "reload". */
int control_open(struct control **out, struct ev_loop *loop, struct service *s, int (*reload)(struct service *s));
void control_close(struct control *c);

#endif
