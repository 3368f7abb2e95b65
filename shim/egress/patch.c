/* SPDX-License-Identifier: BSD-3-Clause
 *
 * patch.c - engine "patch": an ordinary UDP socket carries the area as the end of its payload, and a program in the kernel
 * lowers UDP Length on the way out (include/mdshim/arm.h). No privilege is needed here.
 *
 * In inline mode it is the application's own socket: errors, backpressure, pacing and path MTU are its own. In tunnel mode
 * it is the one that holds the outer port.
 *
 * Where the area could not be cut off the kernel refuses the datagram. The agreement with the kernel is a lease, renewed
 * every second: whoever takes the programs out waits for longer than that before the last of them goes. */
#include <errno.h>
#include <linux/udp.h>
#include <string.h>

#include "../egress.h"
#include "../ours.h"
#include "../real.h"
#include "patch.h"
#include "selftest.h"
#include "tunnel.h"

enum {
	LEASE_MS = 1000,
	REFUSED_MS = 5000,
	CONTROL_ROOM = 512 + CMSG_SPACE(sizeof(uint16_t)),
	EXTENDED = 255,
	ROW = 8,                    /* datagrams of one system call */
	FLAT_MOST = 1536            /* octets: what fits the path MTU of an Ethernet does */
};

struct outlet_tunnel *patch_tunnel(struct sock *sock, const struct parcel *parcel)
{
	return outlet_ready_tunnel(sock, parcel->router);
}

/* --- Asking the kernel ------------------------------------------------------------------------------------------------ */

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

static int ask(int fd, const struct md_arm_form *form, unsigned forms)
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
	bool may = !(refused && now - refused < REFUSED_MS) &&
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
	err = ask(fd, patch->form, forms);
	if (err)
		return err;
	ask_for_trains(patch, fd, now);
	atomic_store_explicit(&patch->key[at], key, memory_order_relaxed);
	atomic_store_explicit(&patch->asked, now | 1, memory_order_relaxed);
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
		atomic_store_explicit(&patch->refused, now | 1, memory_order_relaxed);
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
	return asked && now - asked < LEASE_MS && knows(patch, key_of(parcel));
}

void patch_no_trains(struct sock *sock, const struct parcel *parcel, uint32_t now)
{
	struct outlet_patch *patch = patch_of(sock, parcel);

	if (!patch)
		return;
	atomic_store_explicit(&patch->no_trains, now | 1, memory_order_relaxed);
	atomic_store_explicit(&patch->trains, 0, memory_order_relaxed);
}

static void *patch_ready(struct sock *sock, const struct slip *slip, uint32_t now)
{
	struct outlet_tunnel *tunnel = slip->router >= 0 ? outlet_ready_tunnel(sock, slip->router) : NULL;
	struct outlet_patch *patch = tunnel ? &tunnel->patch : &sock->outlet.patch;
	uint32_t asked = atomic_load_explicit(&patch->asked, memory_order_relaxed);

	if (slip->router >= 0 && (!tunnel || slip->ip->tos != tunnel->tos))
		return NULL;
	if (!asked || now - asked >= LEASE_MS || atomic_load_explicit(&patch->refused, memory_order_relaxed) ||
		!knows(patch, key_for(slip->area_len, slip->head)))
		return NULL;
	return tunnel ? (void *)tunnel : (void *)patch;
}

static int patch_arm(struct sock *sock, const struct view *view, const struct parcel *parcel, uint32_t now, void **handle)
{
	struct outlet_tunnel *tunnel = parcel->router >= 0 ? patch_tunnel(sock, parcel) : NULL;
	struct outlet_patch *patch = tunnel ? &tunnel->patch : &sock->outlet.patch;
	uint32_t asked = atomic_load_explicit(&patch->asked, memory_order_relaxed);
	uint32_t refused = atomic_load_explicit(&patch->refused, memory_order_relaxed);

	(void)view;
	*handle = tunnel ? (void *)tunnel : (void *)patch;
	if (parcel->router >= 0 && !tunnel)
		return -EOPNOTSUPP;
	if (refused && now - refused < REFUSED_MS)
		return -EOPNOTSUPP;
	if (asked && now - asked < LEASE_MS && knows(patch, key_of(parcel)))
		return 0;
	if (is_empty(parcel) && is_full(patch) && !knows(patch, key_of(parcel)))
		return -EOPNOTSUPP; /* and nothing is said against those that are wrapped */
	return renew(sock, patch, tunnel ? tunnel->fd : parcel->fd, parcel, now);
}

/* --- Sending ---------------------------------------------------------------------------------------------------------- */

/* sendto(2) of one piece is cheaper than sendmsg(2) by more than the copying costs. */
static __attribute__((noinline)) long send_flat(int fd, const struct parcel *parcel, const struct msghdr *to)
{
	uint8_t flat[FLAT_MOST], *end = flat;
	int flags = parcel->flags | MSG_NOSIGNAL;
	long sent;

	for (unsigned i = 1; i < parcel->pieces; i++) {
		memcpy(end, parcel->piece[i].iov_base, parcel->piece[i].iov_len);
		end += parcel->piece[i].iov_len;
	}
	sent = raw_sendto(fd, flat, (size_t)(end - flat), flags | MSG_DONTWAIT, to->msg_name, to->msg_namelen);
	if (sent == -EAGAIN && parcel->may_block)
		sent = raw_sendto(fd, flat, (size_t)(end - flat), flags, to->msg_name, to->msg_namelen);
	return sent;
}

static long send_pieces(int fd, const struct parcel *parcel, struct msghdr *msg)
{
	int flags = parcel->flags | MSG_NOSIGNAL;
	long sent;

	if (!msg->msg_controllen && parcel->user_len + parcel->area_len <= FLAT_MOST)
		return send_flat(fd, parcel, msg);
	msg->msg_iov = (struct iovec *)(uintptr_t)parcel->piece + 1;
	msg->msg_iovlen = parcel->pieces - 1;
	sent = raw_sendmsg(fd, msg, flags | MSG_DONTWAIT);
	if (sent == -EAGAIN && parcel->may_block)
		sent = raw_sendmsg(fd, msg, flags);
	return sent;
}

static __attribute__((noinline)) long send_marked(const struct outlet_tunnel *tunnel, const struct parcel *parcel)
{
	union {
		struct cmsghdr align;
		uint8_t octets[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = { .msg_control = &control, .msg_controllen = sizeof(control) };
	int tos = parcel->ip.tos;

	memset(&control, 0, sizeof(control));
	control.align.cmsg_level = parcel->tuple.version == 4 ? IPPROTO_IP : IPPROTO_IPV6;
	control.align.cmsg_type = parcel->tuple.version == 4 ? IP_TOS : IPV6_TCLASS;
	control.align.cmsg_len = CMSG_LEN(sizeof(tos));
	memcpy(CMSG_DATA(&control.align), &tos, sizeof(tos));
	return send_pieces(tunnel->fd, parcel, &msg);
}

/* No control message where it can be done without: with one the kernel looks its route up again. */
long tunnel_send(const struct outlet_tunnel *tunnel, const struct parcel *parcel)
{
	struct msghdr msg = { .msg_iovlen = 0 };

	if (parcel->ip.tos != tunnel->tos)
		return send_marked(tunnel, parcel);
	return send_pieces(tunnel->fd, parcel, &msg);
}

/* The area makes the datagram longer than the segment size that the application chose, and the kernel would split it. */
static __attribute__((noinline)) long send_whole(const struct parcel *parcel, const struct msghdr *plain)
{
	struct msghdr msg = *plain;
	union {
		struct cmsghdr align;
		uint8_t octets[CONTROL_ROOM];
	} control;
	size_t len = parcel->msg->msg_controllen, at = CMSG_ALIGN(len);
	struct cmsghdr *c;

	if (len > CONTROL_ROOM - CMSG_SPACE(sizeof(uint16_t)))
		return -EOPNOTSUPP;
	memset(&control, 0, sizeof(control));
	memcpy(&control, parcel->msg->msg_control, len);
	/* The last of several counts. */
	c = (struct cmsghdr *)(void *)(control.octets + at);
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
	msg.msg_control = &control;
	msg.msg_controllen = at + CMSG_SPACE(sizeof(uint16_t));
	return send_pieces(parcel->fd, parcel, &msg);
}

static long send_inline(const struct parcel *parcel)
{
	struct msghdr msg = *parcel->msg;

	if (parcel->segmented)
		return send_whole(parcel, &msg);
	return send_pieces(parcel->fd, parcel, &msg);
}

/* The guard says no: by this interface not, nor as fragments. Another engine has the socket for a while. What is known of
 * it stays with the kernel: another thread or process may be about to send. */
static void withdraw(struct outlet_patch *patch)
{
	uint32_t asked = atomic_exchange_explicit(&patch->asked, 0, memory_order_relaxed);

	if (asked)
		atomic_store_explicit(&patch->refused, asked, memory_order_relaxed);
}

/* By one system call, where each is a message like the others. The number sent, or -errno of the first. Nothing is concluded
 * from an error: it may be this system call that a filter of the process refuses. Who sends the first by itself will hear. */
static __attribute__((noinline)) long send_row(int fd, struct parcel *const *parcel, unsigned n)
{
	struct mmsghdr vec[ROW];

	for (unsigned i = 0; i < n; i++) {
		vec[i].msg_hdr = parcel[i]->router < 0 ? *parcel[i]->msg : (struct msghdr){ .msg_flags = 0 };
		vec[i].msg_hdr.msg_iov = parcel[i]->piece + 1;
		vec[i].msg_hdr.msg_iovlen = parcel[i]->pieces - 1;
	}
	return raw_sendmmsg(fd, vec, n, parcel[0]->flags | MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* How many from the first on need nothing said that the application's own message, or the tunnel's socket, does not say. */
static unsigned plain_ones(const struct outlet_tunnel *tunnel, struct parcel *const *parcel, unsigned n)
{
	unsigned i = 0;

	while (i < n && i < ROW && !parcel[i]->may_block && (tunnel ? parcel[i]->ip.tos == tunnel->tos : !parcel[i]->segmented))
		i++;
	return i;
}

static int send_all_by_tunnel(struct outlet_tunnel *tunnel, struct parcel *const *parcel, unsigned n)
{
	unsigned sent = 0, row = n > 1 ? plain_ones(tunnel, parcel, n) : 0;
	long err = 0;

	/* The application may have closed our number and opened something else there. */
	if (!ours_still(tunnel->fd, tunnel->cookie))
		return -EBADF;
	if (row > 1)
		return (int)send_row(tunnel->fd, parcel, row);
	for (; sent < n && err >= 0; sent += err >= 0)
		err = tunnel_send(tunnel, parcel[sent]);
	if (err == -EPERM)
		withdraw(&tunnel->patch);
	return sent ? (int)sent : (int)err;
}

static int patch_send(void *handle, struct parcel *const *parcel, unsigned n)
{
	unsigned row;
	long err;

	if (parcel[0]->router >= 0)
		return send_all_by_tunnel(handle, parcel, n);
	row = n > 1 ? plain_ones(NULL, parcel, n) : 1;
	if (row > 1)
		return (int)send_row(parcel[0]->fd, parcel, row);
	err = send_inline(parcel[0]); /* who has more comes again */
	if (err == -EPERM)
		withdraw(handle);
	return err < 0 ? (int)err : 1;
}

static int patch_post(void *handle, const struct slip *slip)
{
	const struct outlet_tunnel *tunnel = slip->router >= 0 ? handle : NULL;
	size_t len = slip->user_len + slip->area_len;
	long sent;

	if (!tunnel)
		sent = raw_sendto(slip->fd, slip->octets, len, MSG_NOSIGNAL | MSG_DONTWAIT, slip->msg->msg_name, slip->msg->msg_namelen);
	else if (ours_still(tunnel->fd, tunnel->cookie))
		sent = raw_sendto(tunnel->fd, slip->octets, len, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
	else
		sent = -EBADF;
	return sent < 0 ? (int)sent : 0;
}

static void patch_disarm(void *handle)
{
	struct outlet_tunnel *tunnel = handle;

	atomic_store_explicit(&tunnel->state, OUTLET_GONE, memory_order_release);
}

static int patch_test(uint8_t version)
{
	struct md_arm_form form = selftest_form();
	struct selftest test;
	struct sockaddr_in6 to;
	struct iovec piece[2] = { { test.user, sizeof(test.user) }, { test.area, sizeof(test.area) } };
	struct msghdr msg = { .msg_name = &to, .msg_iov = piece, .msg_iovlen = 2 };
	int err = selftest_open(&test, version);

	if (err)
		return 0;
	err = ask(test.sender, &form, 1);
	if (!err) {
		long sent;

		msg.msg_namelen = outlet_addr(&to, version, test.tuple.dst, test.tuple.dport);
		sent = raw_sendmsg(test.sender, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		err = sent >= 0 ? selftest_arrived(&test) : sent == -EPERM ? -EPERM : 0;
	}
	selftest_close(&test);
	return err;
}

const struct engine engine_patch = { MD_ENGINE_PATCH, false, MD_ARM_AREA_MAX, patch_test, patch_arm, patch_send, patch_ready, patch_post,
	patch_disarm, false };
