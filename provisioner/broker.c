/* SPDX-License-Identifier: BSD-3-Clause */
#include "broker.h"

#include <errno.h>
#include <mdshim/broker.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "brokerserve.h"
#include "log.h"
#include "netns.h"
#include "peer.h"
#include "xsk.h"

enum { GUESTS = 64, PATIENCE_MS = 100, END_S = 5 };

struct broker {
	struct brokerserve serving;
	int listener, end;
	bool running;
	pthread_t thread;
	struct broker *before;
};

/* Those whose threads did not end; theirs to the end. */
static struct broker *left_behind;

/* --- One guest -------------------------------------------------------------------------------------------------------- */

union control_room {
	struct cmsghdr align;
	uint8_t octets[CMSG_SPACE(sizeof(int))];
};

/* At most one descriptor comes out of it, however many were sent: the length is for one, and the kernel closes the others. The
 * padding of CMSG_SPACE() would be room for a second. */
static bool listen_to(struct brokerserve_guest *g)
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

static void answer(int fd, const struct md_broker_answer *what, int raw)
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
	(void)!sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void welcome(struct broker *b, int fd)
{
	struct brokerserve_guest g = { .fd = fd, .lent = -1 };
	struct md_broker_answer what = { .version = MD_BROKER_VERSION };
	int raw = -1;

	if (listen_to(&g) && peer_of(fd, &g.peer) == 0) {
		what.what = g.request.what;
		what.error = brokerserve(&b->serving, &g, &raw);
		what.mark = what.error || what.what != MD_BROKER_MARK ? 0 : b->serving.config.nft_mark;
		if (what.error || what.what != MD_BROKER_XSK) /* who got one has been answered */
			answer(fd, &what, raw);
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
	b->serving.config = *config;
	b->listener = listen_at(config->broker_socket);
	b->end = b->listener < 0 ? -1 : eventfd(0, EFD_CLOEXEC);
	err = b->listener < 0 ? b->listener : b->end < 0 ? -errno : netns_identity(&b->serving.own, &inode);
	if (!err)
		err = xsk_open(&b->serving.xsk, &b->serving.config);
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
	err = -xsk_run(b->serving.xsk);
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
		unlink(b->serving.config.broker_socket);
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
	if (!xsk_close(b->serving.xsk)) { /* it still reads the configuration */
		log_error("broker: AF_XDP sockets are still busy; left behind");
		b->before = left_behind;
		left_behind = b;
		return;
	}
	free(b);
}
