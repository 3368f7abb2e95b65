/* SPDX-License-Identifier: BSD-3-Clause
 *
 * netns.h - other network namespaces: found, entered and left again. No descriptor is kept, since that would keep alive a
 * namespace whose last process has gone. */
#ifndef PROVISION_NETNS_H
#define PROVISION_NETNS_H

#include <stdint.h>

/* Opens a namespace by its name under /run/netns, or by a path. A descriptor or -errno. */
int netns_open(const char *name);

/* Opens a namespace by its inode, if a name or a process of it can be found. A descriptor or -errno. */
int netns_find(uint32_t inode);

/* Makes netns the calling thread's; *back is to be handed to netns_leave(). 0 or -errno. netns -1: stays where it is. */
int netns_enter(int netns, int *back);
void netns_leave(int back);

/* What the kernel calls the namespace that we are in. 0 or -errno. */
int netns_identity(uint64_t *cookie, uint32_t *inode);

/* Gives a namespace a number in ours, if it has none, so that its events can be heard from here
 * (NETLINK_LISTEN_ALL_NSID). */
void netns_listen(int netns);

/* Calls each with a descriptor of every namespace that has a name or a process, once each; stops when it returns not 0. */
int netns_each(int (*each)(void *context, int netns), void *context);

#endif
