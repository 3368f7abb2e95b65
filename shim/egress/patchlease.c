/* SPDX-License-Identifier: BSD-3-Clause
 *
 * patchlease.c - of engine "patch": what the kernel agreed to cut off, of which socket. The agreement is a lease, renewed every
 * second: whoever takes the programs out waits for longer than that before the last of them goes. */
#include <errno.h>
#include <linux/udp.h>
#include <string.h>

#include "../age.h"
#include "../egress.h"
#include "../real.h"
#include "patch.h"

enum {
	LEASE_MS = 1000,
	REFUSED_MS = 5000,
	EXTENDED = 255
};

struct outlet_tunnel *patch_tunnel(struct sock *sock, const struct parcel *parcel)
{
	return outlet_ready_tunnel(sock, parcel->router);
}

static const uint8_t *area_of(const struct parcel *parcel)
{
	return parcel->piece[parcel->pieces - 1].iov_base;
}

/* Where the options begin, behind pad and OCS. */
static size_t options_at(const struct parcel *parcel)
{
	return (parcel->user_len & 1) + 2;
}

/* An empty area: EOL and fill behind the OCS. */
static bool is_empty(const struct parcel *parcel)
{
	return area_of(parcel)[options_at(parcel)] == MD_KIND_EOL;
}

/* Length of area and first option: all that differs between areas of one process. */
static uint32_t key_for(size_t area_len, uint8_t head)
{
	return (uint32_t)area_len << 8 | head;
}

static uint32_t key_of(const struct parcel *parcel)
{
	return key_for(parcel->area_len, area_of(parcel)[options_at(parcel) + 1]);
}

/* AUTH stands behind one or two options (wire format, section 2.4). */
static uint16_t auth_at(const uint8_t *options, size_t len)
{
	size_t at = 0;

	for (int i = 0; i < 3 && at + 4 <= len && options[at] > 1; i++) {
		if (options[at] == MD_KIND_AUTH)
			return (uint16_t)at;
		at += options[at + 1] == EXTENDED ? (size_t)options[at + 2] << 8 | options[at + 3] : options[at + 1];
	}
	return 0;
}

static struct md_arm_form form_of(const struct parcel *parcel)
{
	const uint8_t *options = area_of(parcel) + options_at(parcel);
	struct md_arm_form form = { .len = (uint16_t)parcel->area_len };

	form.auth = auth_at(options, parcel->area_len - options_at(parcel));
	form.head_len = options[0] == MD_KIND_EXP || options[0] == MD_KIND_EOL ? 4 : 2;
	memcpy(form.head, options, form.head_len);
	return form;
}

int patch_ask(int fd, const struct md_arm_form *form, unsigned forms)
{
	struct md_arm_request request = { .version = MD_ARM_VERSION, .forms = (uint16_t)forms };

	memcpy(request.form, form, forms * sizeof(*form));
	return (int)raw_setsockopt(fd, MD_ARM_LEVEL, MD_ARM_SOCKET, &request, sizeof(request));
}

/* A datagram without UDP checksum must not carry options (wire format, section 2.2). */
static bool sums(int fd)
{
	int off = 0;
	socklen_t len = sizeof(off);

	if (raw_getsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &off, &len) == 0 && off)
		return false;
	len = sizeof(off);
	return raw_getsockopt(fd, IPPROTO_UDP, UDP_NO_CHECK6_TX, &off, &len) != 0 || !off;
}

static bool knows(const struct outlet_patch *patch, uint32_t key)
{
	for (int i = 0; i < MD_ARM_FORMS; i++)
		if (atomic_load_explicit(&patch->key[i], memory_order_relaxed) == key)
			return true;
	return false;
}

static bool is_full(const struct outlet_patch *patch)
{
	return atomic_load_explicit(&patch->key[MD_ARM_FORMS - 1], memory_order_relaxed) != 0;
}

/* Asked with every renewal: the way trains take may be made, or taken away. */
static void ask_for_trains(struct outlet_patch *patch, int fd, uint32_t now)
{
	struct md_arm_request request = { .version = MD_ARM_VERSION };
	uint32_t refused = atomic_load_explicit(&patch->no_trains, memory_order_relaxed);
	bool may = !(refused && age_below(now, refused, REFUSED_MS)) &&
		raw_setsockopt(fd, MD_ARM_LEVEL, MD_ARM_TRAINS, &request, sizeof(request)) == 0;

	atomic_store_explicit(&patch->trains, may, memory_order_relaxed);
}

/* Under the claim. */
static int agree(struct outlet_patch *patch, int fd, const struct parcel *parcel, uint32_t now)
{
	uint32_t key = key_of(parcel);
	unsigned forms = 0, at;
	int err;

	if (!sums(fd))
		return -EOPNOTSUPP;
	while (forms < MD_ARM_FORMS && patch->key[forms])
		forms++;
	for (at = 0; at < forms && patch->key[at] != key; at++)
		;
	if (at == MD_ARM_FORMS)
		return -EOPNOTSUPP;
	patch->form[at] = form_of(parcel);
	if (at == forms)
		forms++;
	err = patch_ask(fd, patch->form, forms);
	if (err)
		return err;
	ask_for_trains(patch, fd, now);
	atomic_store_explicit(&patch->key[at], key, memory_order_relaxed);
	atomic_store_explicit(&patch->asked, age_note(now), memory_order_relaxed);
	return 0;
}

static __attribute__((noinline)) int renew(struct sock *sock, struct outlet_patch *patch, int fd, const struct parcel *parcel,
	uint32_t now)
{
	int err;

	if (!claim_take(&sock->claim, now))
		return -EBUSY;
	err = agree(patch, fd, parcel, now);
	if (err)
		atomic_store_explicit(&patch->asked, 0, memory_order_relaxed);
	if (err == -EOPNOTSUPP)
		atomic_store_explicit(&patch->refused, age_note(now), memory_order_relaxed);
	claim_drop(&sock->claim);
	return err;
}

static struct outlet_patch *patch_of(struct sock *sock, const struct parcel *parcel)
{
	struct outlet_tunnel *tunnel;

	if (parcel->router < 0)
		return &sock->outlet.patch;
	tunnel = patch_tunnel(sock, parcel);
	return tunnel ? &tunnel->patch : NULL;
}

bool patch_takes_trains(struct sock *sock, const struct parcel *parcel, uint32_t now)
{
	const struct outlet_patch *patch = patch_of(sock, parcel);
	uint32_t asked;

	if (!patch || !atomic_load_explicit(&patch->trains, memory_order_relaxed))
		return false;
	/* The rule of engine "nft" takes a train for one long datagram. */
	if (parcel->router >= 0) {
		const struct outlet_tunnel *tunnel = patch_tunnel(sock, parcel);

		if (!tunnel || atomic_load_explicit(&tunnel->mark, memory_order_relaxed))
			return false;
	}
	asked = atomic_load_explicit(&patch->asked, memory_order_relaxed);
	return asked && age_below(now, asked, LEASE_MS) && knows(patch, key_of(parcel));
}

void patch_no_trains(struct sock *sock, const struct parcel *parcel, uint32_t now)
{
	struct outlet_patch *patch = patch_of(sock, parcel);

	if (!patch)
		return;
	atomic_store_explicit(&patch->no_trains, age_note(now), memory_order_relaxed);
	atomic_store_explicit(&patch->trains, 0, memory_order_relaxed);
}

void *patch_ready(struct sock *sock, const struct slip *slip, uint32_t now)
{
	struct outlet_tunnel *tunnel = slip->router >= 0 ? outlet_ready_tunnel(sock, slip->router) : NULL;
	struct outlet_patch *patch = tunnel ? &tunnel->patch : &sock->outlet.patch;
	uint32_t asked = atomic_load_explicit(&patch->asked, memory_order_relaxed);

	if (slip->router >= 0 && (!tunnel || slip->ip->tos != tunnel->tos))
		return NULL;
	if (!asked || !age_below(now, asked, LEASE_MS) || atomic_load_explicit(&patch->refused, memory_order_relaxed) ||
		!knows(patch, key_for(slip->area_len, slip->head)))
		return NULL;
	return tunnel ? (void *)tunnel : (void *)patch;
}

int patch_arm(struct sock *sock, const struct view *view, const struct parcel *parcel, uint32_t now, void **handle)
{
	struct outlet_tunnel *tunnel = parcel->router >= 0 ? patch_tunnel(sock, parcel) : NULL;
	struct outlet_patch *patch = tunnel ? &tunnel->patch : &sock->outlet.patch;
	uint32_t asked = atomic_load_explicit(&patch->asked, memory_order_relaxed);
	uint32_t refused = atomic_load_explicit(&patch->refused, memory_order_relaxed);

	(void)view;
	*handle = tunnel ? (void *)tunnel : (void *)patch;
	if (parcel->router >= 0 && !tunnel)
		return -EOPNOTSUPP;
	if (refused && age_below(now, refused, REFUSED_MS))
		return -EOPNOTSUPP;
	if (asked && age_below(now, asked, LEASE_MS) && knows(patch, key_of(parcel)))
		return 0;
	if (is_empty(parcel) && is_full(patch) && !knows(patch, key_of(parcel)))
		return -EOPNOTSUPP; /* and nothing is said against those that are wrapped */
	return renew(sock, patch, tunnel ? tunnel->fd : parcel->fd, parcel, now);
}
