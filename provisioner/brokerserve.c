/* SPDX-License-Identifier: BSD-3-Clause */
#include "brokerserve.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "netns.h"
#include "nft.h"
#include "xsk.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* Linux 5.14 */
#endif

/* What strangers bring about must not flood the log. */
__attribute__((format(printf, 2, 3))) static void complain(struct brokerserve *b, const char *format, ...)
{
	char text[BROKERSERVE_COMPLAINT];
	struct timespec now;
	va_list values;

	va_start(values, format);
	vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - b->said_at < (strcmp(text, b->said) == 0 ? 60 : 1) && b->said_at)
		return;
	memcpy(b->said, text, sizeof(text));
	b->said_at = now.tv_sec;
	log_error("broker: %s", text);
}

/* --- Where ------------------------------------------------------------------------------------------------------------ */

/* Whether fd is a UDP socket at all; anybody may send anything. */
static bool is_udp(int fd)
{
	int domain = 0, type = 0, protocol = 0;
	socklen_t len = sizeof(int);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 || (domain != AF_INET && domain != AF_INET6))
		return false;
	len = sizeof(int);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_DGRAM)
		return false;
	len = sizeof(int);
	return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0 && protocol == IPPROTO_UDP;
}

static bool is_named(const struct brokerserve *b, int netns)
{
	char names[CONFIG_PATH], *rest = names;
	struct stat at, named;

	if (strcmp(b->config.arm_namespaces, "all") == 0)
		return true;
	if (strcmp(b->config.arm_namespaces, "own") == 0 || fstat(netns, &at) < 0)
		return false;
	strcpy(names, b->config.arm_namespaces);
	for (char *name = strsep(&rest, " \t"); name; name = strsep(&rest, " \t")) {
		int fd = *name ? netns_open(name) : -1;
		bool same = fd >= 0 && fstat(fd, &named) == 0 && named.st_ino == at.st_ino && named.st_dev == at.st_dev;

		if (fd >= 0)
			close(fd);
		if (same)
			return true;
	}
	return false;
}

/* The socket's network namespace: a descriptor, -1 for our own, or *err. */
static int place_of(const struct brokerserve *b, int fd, int *err)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	int netns;

	*err = 0;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) == 0 && cookie == b->own) {
		if (strcmp(b->config.arm_namespaces, "own") == 0 || strcmp(b->config.arm_namespaces, "all") == 0)
			return -1;
	}
	netns = ioctl(fd, SIOCGSKNS);
	if (netns < 0) {
		*err = errno == EPERM ? EXDEV : errno;
		return -1;
	}
	if (is_named(b, netns))
		return netns;
	close(netns);
	*err = EXDEV;
	return -1;
}

/* --- What ------------------------------------------------------------------------------------------------------------- */

static int set_bit(int fd, uint32_t bit)
{
	uint32_t mark = 0;
	socklen_t len = sizeof(mark);

	if (getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &len) < 0)
		return errno;
	mark |= bit;
	return setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0 ? errno : 0;
}

static int mark(struct brokerserve *b, const struct brokerserve_guest *g, int netns)
{
	char why[NFT_WHY];
	int err, back;
	bool fresh = false;

	if (!b->config.nft || b->shut)
		return ENOPROTOOPT;
	err = netns_enter(netns, &back);
	if (err) {
		complain(b, "the network namespace of process %d: %s", (int)g->peer.pid, strerror(-err));
		return -err;
	}
	err = nft_ensure(b->config.nft_mark, &fresh, why);
	netns_leave(back);
	if (err) {
		complain(b, "nftables: %s", why);
		return -err;
	}
	if (fresh)
		log_info("broker: nftables: the table is in");
	return set_bit(g->lent, b->config.nft_mark);
}

static int make_raw(const struct lend_config *lend, uint8_t family, int *raw)
{
	int err, fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	if (fd < 0)
		return errno;
	if (lend->device[0] && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, lend->device, (socklen_t)strlen(lend->device) + 1) < 0) {
		err = errno;
		close(fd);
		return err;
	}
	*raw = fd;
	return 0;
}

static int lend_raw(struct brokerserve *b, const struct brokerserve_guest *g, int netns, int *raw)
{
	const struct lend_config *lend = peer_named(&g->peer, &b->config);
	int err, back;

	if (!b->config.lends)
		return ENOPROTOOPT;
	if (!lend) {
		complain(b, "process %d (uid %u, gid %u, control group %.200s) asked for a raw socket: no [raw] section names it",
			(int)g->peer.pid, (unsigned)g->peer.uid, (unsigned)g->peer.gid, *g->peer.cgroup ? g->peer.cgroup : "not known");
		return EACCES;
	}
	if (g->request.family != 4 && g->request.family != 6)
		return EINVAL;
	err = -netns_enter(netns, &back);
	if (!err) {
		err = make_raw(lend, g->request.family, raw);
		netns_leave(back);
	}
	if (err)
		complain(b, "a raw socket for process %d by [raw %s]: %s", (int)g->peer.pid, lend->name, strerror(err));
	else
		log_info("broker: a raw socket for process %d (uid %u) by [raw %s]", (int)g->peer.pid, (unsigned)g->peer.uid, lend->name);
	return err;
}

int brokerserve(struct brokerserve *b, const struct brokerserve_guest *g, int *raw)
{
	int err, netns;

	if (g->request.version != MD_BROKER_VERSION)
		return EINVAL;
	if (g->request.what == MD_BROKER_OFF) {
		if (g->peer.uid != 0 && g->peer.uid != geteuid())
			return EACCES;
		b->shut = true;
		return 0;
	}
	if (!is_udp(g->lent))
		return EINVAL;
	netns = place_of(b, g->lent, &err);
	if (!err && g->request.what == MD_BROKER_MARK)
		err = mark(b, g, netns);
	else if (!err && g->request.what == MD_BROKER_RAW)
		err = lend_raw(b, g, netns, raw);
	else if (!err && g->request.what == MD_BROKER_XSK)
		err = xsk_lend(b->xsk, g->fd, &g->peer, netns, g->lent, g->request.family);
	else if (!err)
		err = EINVAL;
	if (netns >= 0)
		close(netns);
	return err;
}
