/* SPDX-License-Identifier: BSD-3-Clause
 *
 * notify.h - tells systemd how we are (sd_notify(3), the protocol alone). */
#ifndef PROVISION_NOTIFY_H
#define PROVISION_NOTIFY_H

/* "READY=1" and the like; nothing without NOTIFY_SOCKET. */
void notify(const char *text);

/* Seconds between two signs of life that systemd wants, 0: none. */
double notify_watchdog(void);

#endif
