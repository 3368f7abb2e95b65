/* SPDX-License-Identifier: BSD-3-Clause
 *
 * sockview.h - asking the kernel about one socket of the application; part of socktab. */
#ifndef MD_SOCKVIEW_H
#define MD_SOCKVIEW_H

#include "socktab.h"

/* Reads again what is stale (STALE_*). False: the descriptor does not answer. */
bool sockview_read(struct view *view, uint8_t domain, int fd, uint32_t stale);

/* Copies mark, priority, device and send buffer to the descriptors of ours that send for the socket. bits: of the mark, to
 * be set besides. */
void sockview_mirror(struct outlet *outlet, const struct view *view);
void sockview_mirror_to(int fd, uint64_t cookie, const struct view *view, uint32_t bits);

/* Closes them; nobody may be using the socket. */
void sockview_close(struct outlet *outlet);

#endif
