/* SPDX-License-Identifier: BSD-3-Clause */
#include "egress.h"

#include <errno.h>

#include "age.h"

enum { PROBE_MS = 5000, SKIP_MS = 500, ASK_AT_ONCE = 1 };

static const struct engine *const all[] = { &engine_patch, &engine_nft, &engine_raw, &engine_afxdp };
enum { ENGINES = sizeof(all) / sizeof(all[0]) };

/* In the order of preference; an engine that a process may not use is asked again now and then, since capabilities, programs
 * in the kernel and rules come and go. */
static const struct engine *engines[ENGINES];
static unsigned engine_count;

static struct {
	_Atomic uint32_t refused; /* when it was refused, milliseconds; 0: it was not */
	bool wrong;               /* what it sent did not arrive as it should: never used */
} state[2][ENGINES];

/* For a while those in front of this one are not looked at: none of them can be had. Of both families, inline and tunnel. */
static struct {
	_Atomic uint32_t until;
	_Atomic unsigned engines;
} skip[2][2];

/* Which engine is the best to be had, and why one was not, for whoever looks on. */
static void note(unsigned six, unsigned engine, int err)
{
	struct md_stats *page = stats_page();
	uint32_t *refused = six ? page->refused_v6 : page->refused_v4, best = MD_ENGINE_NONE, error = 0;

	__atomic_store_n(&refused[engines[engine]->id], (uint32_t)err, __ATOMIC_RELAXED);
	for (unsigned i = engine_count; i-- > 0;) {
		uint32_t why = __atomic_load_n(&refused[engines[i]->id], __ATOMIC_RELAXED);

		if (why)
			error = why;
		else
			best = (uint32_t)engines[i]->id, error = 0;
	}
	for (unsigned i = 0; i < engine_count && (uint32_t)engines[i]->id != best; i++)
		error = __atomic_load_n(&refused[engines[i]->id], __ATOMIC_RELAXED);
	__atomic_store_n(six ? &page->engine_v6 : &page->engine_v4, best, __ATOMIC_RELAXED);
	__atomic_store_n(six ? &page->engine_errno_v6 : &page->engine_errno_v4, error, __ATOMIC_RELAXED);
}

bool egress_usable(uint8_t version)
{
	const uint32_t *in_use = version == 6 ? &stats_page()->engine_v6 : &stats_page()->engine_v4;

	return __atomic_load_n(in_use, __ATOMIC_RELAXED) != MD_ENGINE_NONE;
}

static void test_all(unsigned six)
{
	for (unsigned i = 0; i < engine_count; i++) {
		int err = engines[i]->test(six ? 6 : 4);

		state[six][i].wrong = err == -EBADMSG;
		state[six][i].refused = err ? ASK_AT_ONCE : 0;
		note(six, i, -err);
	}
}

void egress_start(const uint8_t *order, unsigned n, bool ipv4, bool ipv6)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < ENGINES && engine_count < ENGINES; k++)
			if (all[k]->id == order[i])
				engines[engine_count++] = all[k];
	if (ipv4)
		test_all(0);
	if (ipv6)
		test_all(1);
}

/* How many from the first on go by what the engine made ready for it. */
static __attribute__((noinline)) unsigned go_along(const struct engine *engine, struct sock *sock, const struct view *view, struct parcel *const *parcel,
	unsigned n, uint32_t now, const void *handle)
{
	unsigned i = 1;
	void *other;

	while (i < n && parcel[i]->area_len <= engine->largest && engine->arm(sock, view, parcel[i], now, &other) == 0 && other == handle)
		i++;
	return i;
}

/* The same where the engine is made ready for all of one router at once. */
static unsigned go_there(const struct engine *engine, struct parcel *const *parcel, unsigned n)
{
	unsigned i = 1;

	while (i < n && parcel[i]->area_len <= engine->largest && parcel[i]->router == parcel[0]->router)
		i++;
	return i;
}

/* One engine's try. A descriptor that was closed or replaced under us is made anew once. *armed: the engine may be used,
 * whatever became of this datagram. */
static inline __attribute__((always_inline)) int try_engine(const struct engine *engine, struct sock *sock, const struct view *view, struct parcel *const *parcel,
	unsigned n, uint32_t now, struct tally *tally, bool alone, bool *armed)
{
	void *handle;
	int err = 0;

	for (int tries = 0; tries < 2; tries++) {
		err = engine->arm(sock, view, parcel[0], now, &handle);
		if (err == -EMFILE && socktab_shed(now))
			err = engine->arm(sock, view, parcel[0], now, &handle);
		if (err)
			return err;
		*armed = true;
		if (n > 1)
			n = engine->arm_once ? go_there(engine, parcel, n) : go_along(engine, sock, view, parcel, n, now, handle);
		tally_engine(tally, engine->id, (int)n);
		if (alone)
			tally_settle(tally);
		err = engine->send(handle, parcel, n);
		if (err != (int)n)
			tally_engine(tally, engine->id, (err > 0 ? err : 0) - (int)n);
		if (err != -EBADF)
			break;
		stats_count(MD_C_STOLEN, 1);
		engine->disarm(handle);
	}
	return err;
}

/* Whether it is the engine that this process cannot use, and not this socket or datagram. */
static bool is_refusal(int err)
{
	return err == -EPERM || err == -EACCES || err == -EAFNOSUPPORT || err == -ENOPROTOOPT || err == -ENODEV ||
		err == -EINVAL || err == -EXDEV || err == -ENOENT || err == -ECONNREFUSED || err == -ECONNRESET || err == -ETIMEDOUT ||
		err == -EPROTO || err == -EADDRINUSE || err == -ENETDOWN || err == -EHOSTUNREACH || err == -ENETUNREACH || err == -ESHUTDOWN ||
		err == -ENXIO;
}

/* Whether it is worth asking. */
static bool may_be_had(unsigned six, bool tunnel, unsigned engine, uint32_t now)
{
	uint32_t refused = atomic_load_explicit(&state[six][engine].refused, memory_order_relaxed);

	return !state[six][engine].wrong && (tunnel || !engines[engine]->tunnel_only) && (!refused || !age_below(now, refused, PROBE_MS));
}

bool egress_is_first(enum md_engine engine, uint8_t version, bool tunnel, uint32_t now)
{
	for (unsigned i = 0; i < engine_count && engines[i]->id != engine; i++)
		if (may_be_had(version == 6, tunnel, i, now))
			return false;
	return true;
}

static __attribute__((noinline)) void skip_refused(unsigned six, bool tunnel, unsigned engine, uint32_t now)
{
	for (unsigned i = 0; i < engine; i++)
		if (may_be_had(six, tunnel, i, now))
			return;
	/* Two words for one: whoever sees one of before asks an engine too many, or not for a moment longer. */
	atomic_store_explicit(&skip[six][tunnel].engines, engine, memory_order_relaxed);
	atomic_store_explicit(&skip[six][tunnel].until, now + SKIP_MS, memory_order_relaxed);
}

const struct engine *egress_first(uint8_t version, bool tunnel, uint32_t now)
{
	unsigned six = version == 6, i = atomic_load_explicit(&skip[six][tunnel].engines, memory_order_relaxed);

	if (atomic_load_explicit(&skip[six][tunnel].until, memory_order_relaxed) - now > SKIP_MS)
		i = 0;
	if (seldom(i >= engine_count || state[six][i].wrong || atomic_load_explicit(&state[six][i].refused, memory_order_relaxed) ||
		(engines[i]->tunnel_only && !tunnel) || !engines[i]->ready))
		return NULL;
	return engines[i];
}

static inline __attribute__((always_inline)) int send_by_best(struct sock *sock, const struct view *view, struct parcel *const *parcel, unsigned n, uint32_t now,
	struct tally *tally, bool alone)
{
	unsigned six = parcel[0]->tuple.version == 6;
	bool tunnel = parcel[0]->router >= 0;
	unsigned skipped = atomic_load_explicit(&skip[six][tunnel].engines, memory_order_relaxed);
	int last = -ENODEV;

	if (atomic_load_explicit(&skip[six][tunnel].until, memory_order_relaxed) - now > SKIP_MS)
		skipped = 0;
	for (unsigned i = skipped; i < engine_count; i++) {
		uint32_t refused = atomic_load_explicit(&state[six][i].refused, memory_order_relaxed);
		bool armed = false;
		int err;

		if (state[six][i].wrong || (refused && age_below(now, refused, PROBE_MS)) || (engines[i]->tunnel_only && !tunnel) ||
			parcel[0]->area_len > engines[i]->largest)
			continue;
		err = try_engine(engines[i], sock, view, parcel, n, now, tally, alone, &armed);
		if (!armed && is_refusal(err)) {
			atomic_store_explicit(&state[six][i].refused, age_note(now), memory_order_relaxed);
			note(six, i, -err);
			continue;
		}
		if (armed && refused) {
			atomic_store_explicit(&state[six][i].refused, 0, memory_order_relaxed);
			note(six, i, 0);
		}
		if (i > skipped && armed)
			skip_refused(six, tunnel, i, now);
		if (err == -EBUSY || (armed && (err != -EPERM || n > 1)))
			return err;
		/* Not by this one, but perhaps by the next. */
		if (err != -EOPNOTSUPP)
			last = err;
	}
	return last;
}

/* For one alone, which is the usual case, the compiler makes another function than for a row. */
int egress_send(struct sock *sock, const struct view *view, struct parcel *parcel, uint32_t now, struct tally *tally,
	bool alone)
{
	int sent = send_by_best(sock, view, &parcel, 1, now, tally, alone);

	return sent > 0 ? 0 : sent;
}

int egress_send_row(struct sock *sock, const struct view *view, struct parcel *const *parcel, unsigned n, uint32_t now,
	struct tally *tally, bool alone)
{
	return send_by_best(sock, view, parcel, n, now, tally, alone);
}
