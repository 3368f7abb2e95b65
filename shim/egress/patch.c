/* SPDX-License-Identifier: BSD-3-Clause
 *
 * patch.c - engine "patch": an ordinary UDP socket carries the area as the end of its payload, and a program in the kernel
 * lowers UDP Length on the way out (include/mdshim/arm.h). No privilege is needed here.
 *
 * In inline mode it is the application's own socket: errors, backpressure, pacing and path MTU are its own. In tunnel mode
 * it is the one that holds the outer port.
 *
 * Where the area could not be cut off the kernel refuses the datagram. What it agreed to is in patchlease.c. */
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
	CONTROL_ROOM = 512 + CMSG_SPACE(sizeof(uint16_t)),
	ROW = 8,                    /* datagrams of one system call */
	FLAT_MOST = 1536            /* octets: what fits the path MTU of an Ethernet does */
};

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

inline int patch_post(void *handle, const struct slip *slip)
{
	const struct outlet_tunnel *tunnel = slip->router >= 0 ? handle : NULL;
	size_t len = slip->user_len + slip->area_len;
	long sent;

	if (usually(!tunnel))
		sent = raw_sendto(slip->fd, slip->octets, len, MSG_NOSIGNAL | MSG_DONTWAIT, slip->msg->msg_name, slip->msg->msg_namelen);
	else if (ours_still(tunnel->fd, tunnel->cookie))
		sent = raw_sendto(tunnel->fd, slip->octets, len, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
	else
		sent = -EBADF;
	return seldom(sent < 0) ? (int)sent : 0;
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
	err = patch_ask(test.sender, &form, 1);
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
	patch_disarm, false, false };
