/* SPDX-License-Identifier: BSD-3-Clause */
#include "xsk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "xskask.h"
#include "xsklease.h"

enum { LEASES = 64, PATIENCE_MS = 5000, END_S = 5 };

struct xsk {
	const struct config *config;
	int wake;
	_Atomic bool ends;
	bool running;
	pthread_t thread;
	pthread_mutex_t lock;        /* over the list, which the thread alone takes from */
	struct xsklease *leases;
	unsigned count;
};

static uint64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- All -------------------------------------------------------------------------------------------------------------- */

static void beat(struct xsk *xsk, bool due, const struct pollfd *p, unsigned n)
{
	uint64_t now = milliseconds();
	unsigned i = 0;

	/* Only this thread takes from the list, and others put in front. */
	pthread_mutex_lock(&xsk->lock);
	for (struct xsklease *lease = xsk->leases; lease; lease = lease->next) {
		short said = 0, told = 0;

		for (i = 0; i + 1 < n; i += 2)
			if (p[i].fd == lease->connection)
				said = p[i].revents, told = p[i + 1].revents;
		if (said)
			xsklease_hear(lease, xsk->config);
		if (told)
			told = xsklease_told(lease);
		if (lease->by && !lease->over && (told || due))
			xsklease_refresh(lease);
		if (due)
			xsklease_beat(lease);
		if (!lease->by && now - lease->since > PATIENCE_MS)
			lease->over = true;
	}
	pthread_mutex_unlock(&xsk->lock);
}

static void bury(struct xsk *xsk, bool all)
{
	pthread_mutex_lock(&xsk->lock);
	for (struct xsklease **at = &xsk->leases; *at;) {
		struct xsklease *lease = *at;

		if (!lease->over && !all) {
			at = &lease->next;
			continue;
		}
		if (!lease->over)
			xsklease_revoke(lease, ESHUTDOWN);
		*at = lease->next;
		xsk->count--;
		xsklease_free(lease);
	}
	pthread_mutex_unlock(&xsk->lock);
}

static unsigned list(struct xsk *xsk, struct pollfd p[static 2 * LEASES + 1])
{
	unsigned n = 0;

	pthread_mutex_lock(&xsk->lock);
	for (struct xsklease *lease = xsk->leases; lease; lease = lease->next) {
		p[n++] = (struct pollfd){ .fd = lease->connection, .events = POLLIN };
		p[n++] = (struct pollfd){ .fd = xsklease_events(lease), .events = POLLIN };
	}
	pthread_mutex_unlock(&xsk->lock);
	return n;
}

static void *look_after(void *context)
{
	struct xsk *xsk = context;
	struct pollfd p[2 * LEASES + 1];
	uint64_t beaten = milliseconds(), word;

	while (!xsk->ends) {
		unsigned n = list(xsk, p);
		uint64_t age = milliseconds() - beaten;
		bool due;

		p[n] = (struct pollfd){ .fd = xsk->wake, .events = POLLIN };
		if (poll(p, n + 1, !n ? -1 : age >= MD_XSK_BEAT_MS ? 0 : (int)(MD_XSK_BEAT_MS - age)) < 0 && errno != EINTR)
			break;
		if (p[n].revents)
			(void)!read(xsk->wake, &word, sizeof(word));
		due = milliseconds() - beaten >= MD_XSK_BEAT_MS;
		if (due)
			beaten = milliseconds();
		beat(xsk, due, p, n);
		bury(xsk, false);
	}
	bury(xsk, true);
	return NULL;
}

/* --- Asked for -------------------------------------------------------------------------------------------------------- */

static int enlist(struct xsk *xsk, struct xsklease *lease)
{
	uint64_t one = 1;
	bool room;

	pthread_mutex_lock(&xsk->lock);
	room = xsk->count < LEASES && !xsk->ends;
	if (room) {
		lease->next = xsk->leases;
		xsk->leases = lease;
		xsk->count++;
	}
	pthread_mutex_unlock(&xsk->lock);
	(void)!write(xsk->wake, &one, sizeof(one));
	return room ? 0 : EMFILE;
}

static bool is_named(const struct xsk *xsk, const struct peer *peer)
{
	for (uint32_t i = 0; i < xsk->config->xsks; i++)
		if (peer_is(peer, &xsk->config->xsk[i].to))
			return true;
	log_info("afxdp: process %d (uid %u, gid %u, control group %.200s) asked for a socket: no [afxdp] section names it", (int)peer->pid,
		(unsigned)peer->uid, (unsigned)peer->gid, *peer->cgroup ? peer->cgroup : "not known");
	return false;
}

int xsk_lend(struct xsk *xsk, int connection, const struct peer *peer, int netns, int udp, uint8_t router)
{
	struct xsklease *lease;
	int err;

	if (!xsk)
		return ENOPROTOOPT;
	if (!is_named(xsk, peer))
		return EACCES;
	lease = calloc(1, sizeof(*lease));
	if (!lease)
		return ENOMEM;
	lease->socket = (struct xsksocket){ .fd = -1, .memory = -1 };
	lease->peer = *peer;
	lease->since = milliseconds();
	lease->connection = fcntl(connection, F_DUPFD_CLOEXEC, 0);
	err = lease->connection < 0 ? errno : xsklease_add_hop(lease, udp, router);
	if (!err)
		err = -xsklease_make(lease, netns);
	/* Answered before the thread knows of it, which may let go of it at once. */
	if (!err)
		err = xskask_answer(connection, lease->socket.fd, lease->socket.memory);
	if (err)
		log_error("afxdp: a socket for process %d: %s", (int)peer->pid, strerror(err));
	else if ((err = enlist(xsk, lease)) == 0)
		return 0;
	xsklease_free(lease);
	return err;
}

/* --- Beginning and end ------------------------------------------------------------------------------------------------ */

int xsk_open(struct xsk **out, const struct config *config)
{
	struct xsk *xsk;

	*out = NULL;
	if (!config->xsks)
		return 0;
	xsk = calloc(1, sizeof(*xsk));
	if (!xsk)
		return -ENOMEM;
	xsk->config = config;
	xsk->wake = eventfd(0, EFD_CLOEXEC);
	if (xsk->wake < 0) {
		free(xsk);
		return -errno;
	}
	pthread_mutex_init(&xsk->lock, NULL);
	*out = xsk;
	return 0;
}

int xsk_run(struct xsk *xsk)
{
	int err;

	if (!xsk)
		return 0;
	err = pthread_create(&xsk->thread, NULL, look_after, xsk);
	xsk->running = !err;
	return -err;
}

bool xsk_close(struct xsk *xsk)
{
	struct timespec until;
	uint64_t one = 1;

	if (!xsk)
		return true;
	xsk->ends = true;
	if (xsk->running) {
		(void)!write(xsk->wake, &one, sizeof(one));
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += END_S;
		if (pthread_timedjoin_np(xsk->thread, NULL, &until) != 0)
			return false;
	}
	bury(xsk, true);
	close(xsk->wake);
	pthread_mutex_destroy(&xsk->lock);
	free(xsk);
	return true;
}
