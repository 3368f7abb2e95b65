/* SPDX-License-Identifier: BSD-3-Clause
 *
 * nft.c - engine "nft": as "patch", but what lowers UDP Length is a rule of nftables that the provisioner put there, for
 * hosts on which BPF is not allowed. The rule knows a socket by a bit of its mark, which the provisioner sets
 * (include/mdshim/broker.h). No privilege is needed here.
 *
 * A mark is the whole socket's, and the rule finds the end of the user data by the length of the inner datagram: so it is for
 * tunnel mode, whose socket is our own and sends nothing else. Should the rule be taken away, what arrives at the router is no
 * wrapped datagram and is dropped there (wire format, section 6.4): no client gets an area in its payload. How long that goes
 * on is bounded by the witness. */
#include <errno.h>

#include "../age.h"
#include "../egress.h"
#include "../ours.h"
#include "../real.h"
#include "tunnel.h"
#include "witness.h"

enum { REFUSED_MS = 5000 };

/* Under the claim: puts the question, or looks for its answer. */
static int mark(struct outlet_tunnel *tunnel, uint32_t now)
{
	uint32_t bit;
	int err;

	if (!tunnel->loan.asked)
		err = broker_ask(&tunnel->loan, MD_BROKER_MARK, 0, tunnel->fd, now);
	else
		err = broker_answer(&tunnel->loan, now, &bit, NULL, NULL);
	if (!tunnel->loan.asked && !err)
		atomic_store_explicit(&tunnel->mark, bit, memory_order_release);
	return tunnel->loan.asked && !err ? -EAGAIN : err;
}

static __attribute__((noinline)) int get_mark(struct sock *sock, struct outlet_tunnel *tunnel, uint32_t now)
{
	int err;

	if (!claim_take(&sock->claim, now))
		return -EBUSY;
	err = tunnel->mark ? 0 : mark(tunnel, now);
	if (err && err != -EAGAIN)
		atomic_store_explicit(&tunnel->unmarked, age_note(now), memory_order_relaxed);
	claim_drop(&sock->claim);
	return err;
}

static int nft_arm(struct sock *sock, const struct view *view, const struct parcel *parcel, uint32_t now, void **handle)
{
	struct outlet_tunnel *tunnel = parcel->router >= 0 ? outlet_ready_tunnel(sock, parcel->router) : NULL;
	uint32_t unmarked;
	int err;

	*handle = tunnel;
	/* Marks that the application uses decide by which way its datagrams go, and another bit may decide otherwise. */
	if (!tunnel || parcel->user_len > MD_BROKER_LENGTH_MAX || view->mark)
		return -EOPNOTSUPP;
	err = witness_ask(parcel->tuple.version, now);
	if (err)
		return err == -EAGAIN ? -EOPNOTSUPP : err;
	if (atomic_load_explicit(&tunnel->mark, memory_order_acquire))
		return 0;
	unmarked = atomic_load_explicit(&tunnel->unmarked, memory_order_relaxed);
	if (unmarked && age_below(now, unmarked, REFUSED_MS))
		return -EOPNOTSUPP;
	err = get_mark(sock, tunnel, now);
	return err && err != -EBUSY ? -EOPNOTSUPP : err;
}

static int nft_send(void *handle, struct parcel *const *parcel, unsigned n)
{
	const struct outlet_tunnel *tunnel = handle;
	unsigned sent = 0;
	long err = 0;

	/* The application may have closed our number and opened something else there. */
	if (!ours_still(tunnel->fd, tunnel->cookie))
		return -EBADF;
	for (; sent < n && err >= 0; sent += err >= 0)
		err = tunnel_send(tunnel, parcel[sent]);
	return sent ? (int)sent : (int)err;
}

static void nft_disarm(void *handle)
{
	struct outlet_tunnel *tunnel = handle;

	atomic_store_explicit(&tunnel->state, OUTLET_GONE, memory_order_release);
}

static int nft_test(uint8_t version)
{
	return witness_first(version);
}

const struct engine engine_nft = { MD_ENGINE_NFT, true, MD_ARM_AREA_MAX, nft_test, nft_arm, nft_send, NULL, NULL, nft_disarm, false,
	false };
