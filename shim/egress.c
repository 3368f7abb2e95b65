/* SPDX-License-Identifier: BSD-3-Clause */
#include "egress.h"

#include <errno.h>

#include "ours.h"

enum { PROBE_MS = 5000 };

/* The order of preference; an engine that a process may not use is asked again now and then, since capabilities come
 * and go. */
static const struct engine *const engines[] = { &engine_raw };

static struct {
	_Atomic uint32_t refused; /* when it was refused, milliseconds; 0: it was not */
} state[2][sizeof(engines) / sizeof(engines[0])];

static void note_engine(unsigned six, enum md_engine id, int err)
{
	uint32_t *in_use = six ? &stats_page()->engine_v6 : &stats_page()->engine_v4;
	uint32_t *error = six ? &stats_page()->engine_errno_v6 : &stats_page()->engine_errno_v4;

	if (__atomic_load_n(in_use, __ATOMIC_RELAXED) != (uint32_t)id)
		__atomic_store_n(in_use, (uint32_t)id, __ATOMIC_RELAXED);
	if (err)
		__atomic_store_n(error, (uint32_t)err, __ATOMIC_RELAXED);
}

static void probe(unsigned six)
{
	uint64_t cookie = 0;
	int fd = ours_socket(six ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_RAW, &cookie);

	if (fd < 0) {
		note_engine(six, MD_ENGINE_NONE, -fd);
		return;
	}
	ours_close(fd, cookie);
	note_engine(six, MD_ENGINE_RAW, 0);
}

void egress_start(bool ipv4, bool ipv6)
{
	if (ipv4)
		probe(0);
	if (ipv6)
		probe(1);
}

/* One engine's try. A descriptor that was closed or replaced under us is made anew once. *armed: the engine may be used,
 * whatever became of this datagram. */
static int try_engine(const struct engine *engine, struct sock *sock, const struct view *view, struct parcel *parcel,
	uint32_t now, struct tally *tally, bool alone, bool *armed)
{
	struct outlet_raw *handle;
	int err = 0;

	for (int tries = 0; tries < 2; tries++) {
		err = engine->arm(sock, view, parcel, now, &handle);
		if (err == -EMFILE && socktab_shed(now))
			err = engine->arm(sock, view, parcel, now, &handle);
		if (err)
			return err;
		*armed = true;
		tally_engine(tally, engine->id, 1);
		if (alone)
			tally_settle(tally);
		err = engine->send(handle, &parcel, 1);
		if (err < 0)
			tally_engine(tally, engine->id, -1);
		if (err != -EBADF)
			break;
		stats_count(MD_C_STOLEN, 1);
		engine->disarm(handle);
	}
	return err > 0 ? 0 : err;
}

int egress_send(struct sock *sock, const struct view *view, struct parcel *parcel, uint32_t now, struct tally *tally,
	bool alone)
{
	unsigned six = parcel->tuple.version == 6;

	for (unsigned i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		uint32_t refused = atomic_load_explicit(&state[six][i].refused, memory_order_relaxed);
		bool armed = false;
		int err;

		if ((refused && now - refused < PROBE_MS) || parcel->area_len > engines[i]->largest())
			continue;
		err = try_engine(engines[i], sock, view, parcel, now, tally, alone, &armed);
		if (!armed && (err == -EPERM || err == -EACCES || err == -EAFNOSUPPORT)) {
			atomic_store_explicit(&state[six][i].refused, now | 1, memory_order_relaxed);
			note_engine(six, MD_ENGINE_NONE, -err);
			continue;
		}
		if (!err && refused) {
			atomic_store_explicit(&state[six][i].refused, 0, memory_order_relaxed);
			note_engine(six, engines[i]->id, 0);
		}
		return err;
	}
	return -ENODEV;
}
