/* SPDX-License-Identifier: BSD-3-Clause */
#include "witness.h"

#include <errno.h>
#include <string.h>

#include "../age.h"
#include "../broker.h"
#include "../ours.h"
#include "../real.h"
#include "selftest.h"

enum { LEASE_MS = 1000, LOST_MS = 3000, AGAIN_MS = 50, DRAIN = 8 };

/* A child that forked away finds its sockets closed and begins anew. */
static struct witness {
	_Atomic uint32_t claim;
	_Atomic uint32_t seen;       /* when the rule was seen at work, milliseconds; 0: never, or not any more */
	bool open, marked;           /* all that follows: under the claim */
	uint32_t sent, last;         /* when the first and the last datagram were sent that are not accounted for; 0: none is */
	struct selftest test;
	struct loan loan;
} witnesses[2];

static void forget(struct witness *w)
{
	if (w->open)
		selftest_close(&w->test);
	w->open = w->marked = false;
	w->sent = 0;
	broker_drop(&w->loan);
	atomic_store_explicit(&w->seen, 0, memory_order_relaxed);
}

/* The user data are, as far as the rule looks, an inner datagram. */
static int open_witness(struct witness *w, uint8_t version)
{
	static const uint8_t inner[SELFTEST_USER] = { 0x45, 0, 0, SELFTEST_USER };
	int err = selftest_open(&w->test, version);

	if (err)
		return err;
	memcpy(w->test.user, inner, sizeof(inner));
	w->open = true;
	return 0;
}

static bool is_whole(const struct witness *w)
{
	return ours_still(w->test.sender, w->test.sender_cookie) && ours_still(w->test.receiver, w->test.receiver_cookie);
}

static long send_once(struct witness *w, uint8_t version)
{
	struct sockaddr_in6 to;
	struct iovec piece[2] = { { w->test.user, sizeof(w->test.user) }, { w->test.area, sizeof(w->test.area) } };
	struct msghdr msg = { .msg_name = &to, .msg_iov = piece, .msg_iovlen = 2 };

	msg.msg_namelen = outlet_addr(&to, version, w->test.tuple.dst, w->test.tuple.dport);
	return raw_sendmsg(w->test.sender, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* What has arrived: 0, the last was right; -ENODEV, one was not; -EAGAIN, nothing. Anybody may send to the port, so what is not
 * ours at all is passed over. */
static int look(struct witness *w)
{
	uint8_t got[SELFTEST_USER + SELFTEST_AREA + 1];
	int err = -EAGAIN;

	for (int i = 0; i < DRAIN; i++) {
		long n = raw_call(SYS_recvfrom, w->test.receiver, (long)got, sizeof(got), MSG_DONTWAIT, 0, 0);

		if (n < 0)
			break;
		if (n < SELFTEST_USER || memcmp(got, w->test.user, SELFTEST_USER) != 0)
			continue;
		if (n != SELFTEST_USER)
			return -ENODEV;
		err = 0;
	}
	return err;
}

/* It was at work when that was sent. */
static int saw(struct witness *w, uint32_t sent)
{
	w->sent = 0;
	atomic_store_explicit(&w->seen, sent, memory_order_relaxed);
	return 0;
}

/* Under the claim. The loopback interface may take its time. */
static int prove(struct witness *w, uint8_t version, uint32_t now)
{
	int err = look(w);
	long sent;

	if (err == -ENODEV)
		return err;
	if (!err && w->sent)
		return saw(w, w->sent);
	if (w->sent && !age_below(now, w->sent, LOST_MS))
		return -ETIMEDOUT;
	if (w->sent && age_below(now, w->last, AGAIN_MS))
		return -EAGAIN;
	sent = send_once(w, version);
	if (sent == -EPERM)
		return -EPERM;
	if (sent >= 0) {
		w->last = now;
		if (!w->sent)
			w->sent = age_note(now);
	}
	err = look(w);
	return err ? err : saw(w, age_note(now));
}

/* Under the claim: the sockets are there and marked, or that is asked for. */
static int prepare(struct witness *w, uint8_t version, uint32_t now)
{
	uint32_t mark;
	int err;

	if (w->open && !is_whole(w))
		forget(w);
	if (!w->open && (err = open_witness(w, version)) != 0)
		return err;
	if (w->marked)
		return 0;
	if (w->loan.asked) {
		err = broker_answer(&w->loan, now, &mark, NULL, NULL);
		w->marked = !err;
		return err;
	}
	err = broker_ask(&w->loan, MD_BROKER_MARK, 0, w->test.sender, now);
	return err ? err : -EAGAIN;
}

static __attribute__((noinline)) int find_out(struct witness *w, uint8_t version, uint32_t now)
{
	uint32_t seen = atomic_load_explicit(&w->seen, memory_order_relaxed);
	/* While another thread is at it, or what was sent is under way: what was found a moment ago still holds. */
	int held = seen && age_below(now, seen, 2 * LEASE_MS) ? 0 : -EAGAIN, err;

	if (!claim_try(&w->claim, now))
		return held;
	err = prepare(w, version, now);
	if (!err)
		err = prove(w, version, now);
	if (err && err != -EAGAIN)
		forget(w);
	claim_drop(&w->claim);
	return err == -EAGAIN ? held : err;
}

int witness_ask(uint8_t version, uint32_t now)
{
	struct witness *w = &witnesses[version == 6];
	uint32_t seen = atomic_load_explicit(&w->seen, memory_order_relaxed);

	return seen && age_below(now, seen, LEASE_MS) ? 0 : find_out(w, version, now);
}

int witness_first(uint8_t version)
{
	struct witness *w = &witnesses[version == 6];
	uint32_t mark;
	int err = open_witness(w, version);

	if (!err)
		err = broker_wait(MD_BROKER_MARK, 0, w->test.sender, &mark, NULL, NULL);
	w->marked = !err;
	if (!err && send_once(w, version) == -EPERM)
		err = -EPERM;
	else if (!err)
		err = selftest_arrived(&w->test) ? -ENODEV : 0;
	if (err)
		forget(w);
	return err;
}
