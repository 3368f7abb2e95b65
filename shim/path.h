/* SPDX-License-Identifier: BSD-3-Clause
 *
 * path.h - the way of a send call, whatever door it came by. */
#ifndef MD_PATH_H
#define MD_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Nothing of the call was done: it goes to the real function as it came. */
enum { PATH_PASS = -2 };

/* Whether an address can be one of this program's. What cannot be goes to the kernel, which says EFAULT, unread by us. */
static inline bool path_plausible(const void *address)
{
	return (uintptr_t)address >= 4096 && (uintptr_t)address >> 47 == 0;
}

/* Whether this process is served at all; the first question of every door. */
bool path_serves(void);

/* A call with n messages, as for sendmmsg(2). Returns PATH_PASS, or what sendmmsg would: the number of messages sent, their
 * msg_len filled in, or -1 with errno. noted_only: for write and writev, which may not ask about unknown descriptors. */
int path_send(int fd, struct mmsghdr *vec, unsigned n, int flags, bool noted_only);

/* The ears: a successful connect() or setsockopt(). */
void path_heard_connect(int fd);
void path_heard_option(int fd, int level, int name);

#endif
