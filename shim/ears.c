/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ears.c - what the ears heard, and the one question that is answered otherwise than by the kernel alone. */
#include <errno.h>

#include "hall.h"
#include "hints.h"
#include "path.h"
#include "real.h"
#include "route.h"

enum { AWAIT_MS = 100 };

/* Asked of a connected socket only: elsewhere the kernel has no answer either. */
static int lowered(struct call *call, int mtu)
{
	static const struct control nothing;
	const struct msghdr msg = { 0 };
	struct packet packet = { .msg = &msg, .control = &nothing };
	struct md_metadata kind = { .option = MD_MED };
	struct md_ids ids = hall.config->ids;
	struct md_area area = { .ids = &ids, .meta = &kind };
	const struct router *router;
	int route, more;

	if (!call->view.connected || target_find(call, &packet) != MD_ASIDE_COUNT)
		return mtu;
	route = route_find(hall.config, hall.program, &packet.key.tuple, CARRIES_RTP | CARRIES_QUIC);
	if (route < 0 || hall.config->route[route].mode == MODE_OFF)
		return mtu;
	packet.route = &hall.config->route[route];
	ids.legacy16 = false; /* whether codes are short, each book says anew */
	kind.option = packet.route->ofc ? MD_OFC : MD_MED;
	more = (int)md_area_size(&area) + (hall.config->auth ? MD_AUTH_LEN : 0);
	if (!egress_usable(packet.route->mode == MODE_TUNNEL ? hall.config->router[packet.route->router].at.version :
								packet.key.tuple.version))
		return mtu;
	if (packet.route->mode == MODE_TUNNEL) {
		router = &hall.config->router[packet.route->router];
		more += (int)headers_len(router->at.version);
		mtu = mtu < (int)router->mtu ? mtu : (int)router->mtu;
	}
	return mtu - more;
}

int path_mtu(int fd, int mtu)
{
	int saved = errno;
	struct call call;

	if (!path_serves(fd, false) || !path_open(&call, fd))
		return mtu;
	if (call.sock && socktab_view(call.sock, fd, call.now, &call.view))
		mtu = lowered(&call, mtu);
	path_close(&call);
	errno = saved;
	return mtu;
}

void path_heard_shutdown(int fd, int how)
{
	if (path_serving && (how == SHUT_WR || how == SHUT_RDWR))
		socktab_heard_shutdown(fd);
}

/* A filter may be meant for all threads (TSYNC), and one of them may be about to make a system call of ours. Theirs end in
 * microseconds; one that waits for room in a socket is not waited for long. */
static void await_others(void)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		if (!atomic_load_explicit(&path_under_way, memory_order_acquire))
			return;
		raw_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < AWAIT_MS);
}

/* The page is a forked child's too, and says how it stands with the process it is named after. */
static void say(bool silent)
{
	if (stats_page()->pid == raw_call(SYS_getpid, 0, 0, 0, 0, 0, 0))
		__atomic_store_n(&stats_page()->sandboxed, silent, __ATOMIC_RELAXED);
}

bool path_fall_silent(void)
{
	bool serving = atomic_exchange(&path_serving, false);

	if (serving) {
		say(true);
		await_others();
	}
	return serving;
}

void path_resume(bool serving)
{
	if (serving)
		say(false);
	atomic_store(&path_serving, serving);
}

void path_heard_connect(int fd)
{
	if (path_serving)
		socktab_heard_connect(fd);
}

void path_heard_option(int fd, int level, int name)
{
	if (path_serving)
		socktab_heard_option(fd, level, name);
}

bool path_told(int fd, int name, const void *value, socklen_t len, int *result)
{
	struct call call;
	int err = -ENOPROTOOPT, saved = errno;

	if (!path_serves(fd, false) || !path_open(&call, fd))
		return false;
	if (call.sock)
		err = hints_told(call.sock, name, value, len, call.now);
	path_close(&call);
	errno = err ? -err : saved;
	*result = err ? -1 : 0;
	if (err == -ENOPROTOOPT)
		errno = saved; /* the kernel says it in its own words */
	return err != -ENOPROTOOPT;
}
