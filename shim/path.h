/* SPDX-License-Identifier: BSD-3-Clause
 *
 * path.h - the way of a send call, whatever door it came by. */
#ifndef MD_PATH_H
#define MD_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "socktab.h"

/* Nothing of the call was done: it goes to the real function as it came. */
enum { PATH_PASS = -2 };

/* Whether this process is served at all: the first question of every door. Set once, by the constructor. */
extern _Atomic bool path_serving;

/* Calls that threads of this process are in just now. */
extern _Atomic uint32_t path_under_way;

/* The second question: whether fd may be a socket we serve. noted_only: for write and writev, which may not ask about
 * unknown descriptors. A few instructions, no system call. */
static inline bool path_serves(int fd, bool noted_only)
{
	return atomic_load_explicit(&path_serving, memory_order_relaxed) && socktab_worth_asking(fd, noted_only);
}

/* A call with n messages, as for sendmmsg(2). Returns PATH_PASS, or what sendmmsg would: the number of messages sent, their
 * msg_len filled in, or -1 with errno. What is not the door's own may be anything. */
enum path_own { PATH_OWNS_NOTHING, PATH_OWNS_VEC, PATH_OWNS_PIECES }; /* nor, last, the msg_iov of it */
int path_send(int fd, struct mmsghdr *vec, unsigned n, int flags, enum path_own own);

/* The ears: a successful connect(), setsockopt() or shutdown(). */
void path_heard_connect(int fd);
void path_heard_option(int fd, int level, int name);
void path_heard_shutdown(int fd, int how);

/* A seccomp filter is about to be installed: one more system call could end the process, so from now on nothing is done at
 * all. Returns what it was before, to be handed to path_resume() if the filter was refused. */
bool path_fall_silent(void);
void path_resume(bool serving);

/* What an application may be told of its path MTU: mtu less what we add to the datagrams of a connected socket. */
int path_mtu(int fd, int mtu);

/* setsockopt() at the private level of hints. False: not of a socket we serve, so that the kernel answers; else *result is
 * what the door returns. */
bool path_told(int fd, int name, const void *value, socklen_t len, int *result);

#endif
