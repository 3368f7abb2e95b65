/* SPDX-License-Identifier: BSD-3-Clause
 *
 * entry.c - how a call of a door begins and ends: time, socket, counters, and that a thread is in one call at a time. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>

#include "hall.h"
#include "memory.h"
#include "path.h"
#include "process.h"
#include "usually.h"
#include "why.h"

enum { LEFT_WITHIN = 1 << 20 }; /* octets of stack */

struct hall hall;
_Thread_local struct thread_holds thread_holds;
_Atomic bool path_serving;
_Atomic uint32_t path_under_way;

/* The door this thread is in: an address on its stack, 0 outside. A signal handler that sends while we are at work finds
 * it set and passes. */
static _Thread_local uintptr_t inside;

/* Deeper on the same stack, or on a stack far away (sigaltstack): a handler within our own call. A little higher: the call
 * before was left by siglongjmp, and what it held is dropped. */
static __attribute__((noinline, cold)) bool left_by_a_jump(uintptr_t here)
{
	if (here < inside || here - inside > LEFT_WITHIN)
		return false;
	claims_abandon();
	book_abandon();
	batch_abandon();
	return true;
}

static inline bool enter(uintptr_t here)
{
	if (seldom(inside) && !left_by_a_jump(here))
		return false;
	inside = here;
	return true;
}

/* A handler within our own call: nothing of it is touched, but it is counted. */
static __attribute__((noinline, cold)) void nested(int fd, unsigned n)
{
	struct tally tally = { .touched = 0 };
	uint64_t cookie;

	tally_count(&tally, MD_C_SEEN, (int)n);
	tally_aside(&tally, MD_A_NESTED, (int)n);
	stats_cookie(fd, &cookie);
	tally_settle(&tally);
}

/* Part of its callers, as socktab_find() is of it: the kernel leaves nothing behind by which the processor could foretell
 * where a function returns to. */
static inline __attribute__((always_inline)) bool begin(struct call *call, int fd)
{
	if (seldom(!enter((uintptr_t)call)))
		return false;
	if (process_is_new())
		socktab_forked();
	atomic_fetch_add_explicit(&path_under_way, 1, memory_order_acq_rel);
	call->tally.touched = 0;
	call->fd = fd;
	call->batch = NULL;
	call->bursts = 0;
	call->run = NULL;
	call->to_come = call->by_train = 0;
	call->no_trains = call->no_engine = false;
	call->stopped = 0;
	call->crowds_counted = false;
	call->why_told = false;
	clock_gettime(CLOCK_REALTIME, &call->time);
	call->now = (uint32_t)((uint64_t)call->time.tv_sec * 1000 + (uint64_t)call->time.tv_nsec / 1000000);
	memory_tick(call->now);
	call->sock = socktab_find(fd, call->now);
	return true;
}

static inline __attribute__((always_inline)) void end(struct call *call)
{
	if (usually(call->sock))
		socktab_let_go(call->sock);
	atomic_fetch_sub_explicit(&path_under_way, 1, memory_order_release);
	inside = 0;
}

bool path_open(struct call *call, int fd)
{
	return begin(call, fd);
}

void path_close(struct call *call)
{
	end(call);
}

/* What is left to be counted. A call that sent nothing itself was at the kernel a moment ago (socktab_find); one that did
 * asks once more. */
static void settle(struct call *call)
{
	uint64_t cookie;

	if (seldom(call->tally.touched)) {
		if (call->tally.touched >> TALLY_ENGINE || !call->alone)
			stats_cookie(call->fd, &cookie);
		tally_settle(&call->tally);
	}
	why_settle(call);
}

static __attribute__((noinline)) int long_way(struct call *call)
{
	int result = path_walk(call);

	batch_close(call);
	return result;
}

int path_send(int fd, struct mmsghdr *vec, unsigned n, int flags, enum path_own own)
{
	int result = PATH_PASS, saved = errno;
	struct call call;

	if (seldom(!n))
		return PATH_PASS;
	pthread_testcancel(); /* as the real call would; nothing is held yet */
	if (seldom(!begin(&call, fd))) {
		nested(fd, n);
		return PATH_PASS;
	}
	call.alone = n == 1;
	call.own_vec = own != PATH_OWNS_NOTHING;
	call.own_pieces = own == PATH_OWNS_PIECES;
	call.vec = vec;
	call.n = n;
	call.flags = flags;
	if (usually(call.sock)) {
		result = usually(n == 1) ? lane_send(&call) : LANE_NOT;
		if (seldom(result == LANE_NOT))
			result = long_way(&call);
		settle(&call);
	}
	end(&call);
	if (usually(result != -1))
		errno = saved;
	return result;
}
