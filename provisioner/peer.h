/* SPDX-License-Identifier: BSD-3-Clause
 *
 * peer.h - who is at the other end of a Unix socket, as the kernel says it. */
#ifndef PROVISION_PEER_H
#define PROVISION_PEER_H

#include <stdbool.h>
#include <sys/types.h>

struct config;
struct lend_config;

enum { PEER_GROUPS = 256, PEER_CGROUP = 512 };

struct peer {
	pid_t pid;
	uid_t uid;
	gid_t gid, group[PEER_GROUPS]; /* group: supplementary */
	unsigned groups;
	char cgroup[PEER_CGROUP];      /* of the second version; "": not known */
};

/* As it was when it connected; its control group as it is now. 0 or -errno. */
int peer_of(int fd, struct peer *peer);

/* Whether a section names it. */
bool peer_is(const struct peer *peer, const struct lend_config *lend);

/* The first [raw] that names it, or NULL. */
const struct lend_config *peer_named(const struct peer *peer, const struct config *config);

#endif
