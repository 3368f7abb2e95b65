/* SPDX-License-Identifier: BSD-3-Clause */
#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <mdshim/broker.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "netns.h"
#include "nft.h"
#include "peer.h"
#include "xsk.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* Linux 5.14 */
#endif

enum { GUESTS = 64, PATIENCE_MS = 100, END_S = 5, COMPLAINT = 400 };

struct broker {
	struct config config;        /* the thread's own copy */
	int listener, end;
	bool running;
	bool shut;                   /* no more marks: everything was taken out by mdctl */
	uint64_t own;                /* cookie of our network namespace */
	pthread_t thread;
	struct xsk *xsk;             /* NULL: no AF_XDP sockets are lent */
	struct broker *before;
	char said[COMPLAINT];        /* the last complaint, */
	time_t said_at;              /* and when: the same is not repeated for a while, nor another at once */
};

/* Those whose threads did not end; theirs to the end. */
static struct broker *left_behind;

struct guest {
	int fd;
	struct peer peer;
	struct md_broker_request request;
	int lent;                    /* the socket that came along, -1: none */
};

/* What strangers bring about must not flood the log. */
__attribute__((format(printf, 2, 3))) static void complain(struct broker *b, const char *format, ...)
{
	char text[COMPLAINT];
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

static bool is_named(const struct broker *b, int netns)
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
static int place_of(const struct broker *b, int fd, int *err)
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

static int mark(struct broker *b, const struct guest *g, int netns)
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

static int lend_raw(struct broker *b, const struct guest *g, int netns, int *raw)
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

static int serve(struct broker *b, struct guest *g, int *raw)
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

/* --- One guest -------------------------------------------------------------------------------------------------------- */

union control_room {
	struct cmsghdr align;
	uint8_t octets[CMSG_SPACE(sizeof(int))];
};

/* At most one descriptor comes out of it, however many were sent: the length is for one, and the kernel closes the others. The
 * padding of CMSG_SPACE() would be room for a second. */
static bool listen_to(struct guest *g)
{
	struct iovec piece = { &g->request, sizeof(g->request) };
	union control_room control;
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int)) };
	struct pollfd p = { .fd = g->fd, .events = POLLIN };
	struct cmsghdr *c;
	ssize_t n;

	g->lent = -1;
	memset(&control, 0, sizeof(control));
	if (poll(&p, 1, PATIENCE_MS) <= 0)
		return false;
	n = recvmsg(g->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	c = n >= 0 ? CMSG_FIRSTHDR(&msg) : NULL; /* an empty message may bring one, too */
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&g->lent, CMSG_DATA(c), sizeof(int));
	return n == sizeof(g->request) && !(msg.msg_flags & MSG_TRUNC);
}

static void answer(const struct guest *g, const struct md_broker_answer *what, int raw)
{
	struct iovec piece = { (void *)(uintptr_t)what, sizeof(*what) };
	union control_room control;
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1 };

	if (raw >= 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(raw));
		memcpy(CMSG_DATA(&control.align), &raw, sizeof(raw));
	}
	/* Who does not take it at once has gone. */
	(void)!sendmsg(g->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void welcome(struct broker *b, int fd)
{
	struct guest g = { .fd = fd };
	struct md_broker_answer what = { .version = MD_BROKER_VERSION };
	int raw = -1;

	if (listen_to(&g) && peer_of(fd, &g.peer) == 0) {
		what.what = g.request.what;
		what.error = serve(b, &g, &raw);
		what.mark = what.error || what.what != MD_BROKER_MARK ? 0 : b->config.nft_mark;
		if (what.error || what.what != MD_BROKER_XSK) /* who got one has been answered */
			answer(&g, &what, raw);
	}
	if (raw >= 0)
		close(raw);
	if (g.lent >= 0)
		close(g.lent);
	close(fd);
}

static void *answer_all(void *context)
{
	struct broker *b = context;
	struct pollfd p[2] = { { .fd = b->listener, .events = POLLIN }, { .fd = b->end, .events = POLLIN } };

	while (poll(p, 2, -1) >= 0 || errno == EINTR) {
		int fd;

		if (p[1].revents)
			break;
		if (!(p[0].revents & POLLIN))
			continue;
		fd = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			welcome(b, fd);
	}
	return NULL;
}

/* --- Beginning and end ------------------------------------------------------------------------------------------------ */

/* Two daemons at one place would take each other's guests. */
static bool somebody_answers(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool there = fd >= 0 && (connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 || errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return there;
}

static int listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int err, fd;

	strcpy(at.sun_path, path);
	if (somebody_answers(&at))
		return -EADDRINUSE;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(path);
	/* For everybody: who gets what is decided by the process that asks. */
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && chmod(path, 0666) == 0 && listen(fd, GUESTS) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int broker_open(struct broker **out, const struct config *config, char why[static BROKER_WHY])
{
	struct broker *b;
	uint32_t inode;
	int err;

	*out = NULL;
	if (!config->nft && !config->lends && !config->xsks)
		return 0;
	b = calloc(1, sizeof(*b));
	if (!b) {
		snprintf(why, BROKER_WHY, "no memory");
		return -ENOMEM;
	}
	b->config = *config;
	b->listener = listen_at(config->broker_socket);
	b->end = b->listener < 0 ? -1 : eventfd(0, EFD_CLOEXEC);
	err = b->listener < 0 ? b->listener : b->end < 0 ? -errno : netns_identity(&b->own, &inode);
	if (!err)
		err = xsk_open(&b->xsk, &b->config);
	if (!err) {
		*out = b;
		return 0;
	}
	snprintf(why, BROKER_WHY, "%.200s: %s%s", config->broker_socket, strerror(-err),
		err == -EADDRINUSE ? ": another mdprovisiond answers there" : "");
	broker_close(b);
	return err;
}

int broker_run(struct broker *b)
{
	sigset_t all, before;
	int err;

	if (!b)
		return 0;
	/* Signals are the event loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -xsk_run(b->xsk);
	if (!err) {
		err = pthread_create(&b->thread, NULL, answer_all, b);
		b->running = !err;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

void broker_close(struct broker *b)
{
	struct timespec until;
	uint64_t one = 1;

	if (!b)
		return;
	if (b->listener >= 0)
		unlink(b->config.broker_socket);
	if (b->running) {
		(void)!write(b->end, &one, sizeof(one));
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += END_S;
		/* One that a stranger's descriptor holds up is left to itself, with all that is its. */
		if (pthread_timedjoin_np(b->thread, NULL, &until) != 0) {
			log_error("broker: still busy; left behind");
			b->before = left_behind;
			left_behind = b;
			return;
		}
	}
	if (b->end >= 0)
		close(b->end);
	if (b->listener >= 0)
		close(b->listener);
	if (!xsk_close(b->xsk)) { /* it still reads the configuration */
		log_error("broker: AF_XDP sockets are still busy; left behind");
		b->before = left_behind;
		left_behind = b;
		return;
	}
	free(b);
}
