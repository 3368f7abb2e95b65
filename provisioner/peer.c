/* SPDX-License-Identifier: BSD-3-Clause */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

/* The process itself, whatever becomes of its number. Before Linux 6.5 it is looked up by the number, which might be another's
 * by then; a section that names a control group had better name a user as well there (provisioner.conf(5)). */
static int process_of(int fd, pid_t pid)
{
	int process = -1;
	socklen_t len = sizeof(process);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &process, &len) == 0)
		return process;
	if (errno != ENOPROTOOPT && errno != EOPNOTSUPP)
		return -1;
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* "0::/path" is the line of the second version. */
static void take_cgroup(char *text, struct peer *peer)
{
	for (char *line = strtok_r(text, "\n", &text); line; line = strtok_r(NULL, "\n", &text))
		if (strncmp(line, "0::/", 4) == 0 && strlen(line + 3) < sizeof(peer->cgroup))
			strcpy(peer->cgroup, line + 3);
}

/* What was read belongs to the peer if that still lives afterwards: till then nobody else can have had its number. */
static void read_cgroup(int fd, struct peer *peer)
{
	char path[64], text[4096];
	int process = process_of(fd, peer->pid), file;
	ssize_t n = -1;

	if (process < 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)peer->pid);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file >= 0) {
		n = read(file, text, sizeof(text) - 1);
		close(file);
	}
	if (n > 0 && syscall(SYS_pidfd_send_signal, process, 0, NULL, 0) == 0) {
		text[n] = '\0';
		take_cgroup(text, peer);
	}
	close(process);
}

int peer_of(int fd, struct peer *peer)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	memset(peer, 0, sizeof(*peer));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
		return -errno;
	peer->pid = who.pid;
	peer->uid = who.uid;
	peer->gid = who.gid;
	len = sizeof(peer->group);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer->group, &len) == 0)
		peer->groups = (unsigned)(len / sizeof(peer->group[0]));
	if (peer->pid > 0)
		read_cgroup(fd, peer);
	return 0;
}

static bool has_group(const struct peer *peer, gid_t gid)
{
	for (unsigned i = 0; i < peer->groups; i++)
		if (peer->group[i] == gid)
			return true;
	return peer->gid == gid;
}

/* It, and everything below. */
static bool is_in(const char *cgroup, const char *wanted)
{
	size_t len = strlen(wanted);

	if (strcmp(wanted, "/") == 0)
		return cgroup[0] == '/';
	return strncmp(cgroup, wanted, len) == 0 && (cgroup[len] == '\0' || cgroup[len] == '/');
}

bool peer_is(const struct peer *peer, const struct lend_config *lend)
{
	return (!lend->by_uid || lend->uid == peer->uid) && (!lend->by_gid || has_group(peer, lend->gid)) &&
		(!lend->cgroup[0] || is_in(peer->cgroup, lend->cgroup));
}

const struct lend_config *peer_named(const struct peer *peer, const struct config *config)
{
	for (uint32_t i = 0; i < config->lends; i++)
		if (peer_is(peer, &config->lend[i]))
			return &config->lend[i];
	return NULL;
}
