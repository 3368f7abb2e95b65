/* SPDX-License-Identifier: BSD-3-Clause
 *
 * raw.c - engine "raw": IPPROTO_RAW sockets, whose datagrams carry the IP header we write. They need CAP_NET_RAW, or
 * the provisioner lends them (include/mdshim/broker.h).
 *
 * IPPROTO_RAW and not IPPROTO_UDP: it receives nothing, and it fills up and drains as a UDP socket does. */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <string.h>
#include <time.h>

#include "../broker.h"
#include "../egress.h"
#include "../ours.h"
#include "../real.h"
#include "../sockview.h"
#include "selftest.h"

enum { ROW = 8 }; /* datagrams of one system call */

/* Room for SCM_TXTIME and a packet information message. */
union control_room {
	struct cmsghdr align;
	uint8_t octets[CMSG_SPACE(sizeof(uint64_t)) + CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* Bound to its source, so that the kernel need not choose one for every datagram, which is dear with IPv6; and in tunnel
 * mode connected, since all of them go to one router. */
static long fasten(int fd, const struct parcel *parcel)
{
	const struct md_tuple *tuple = &parcel->tuple;
	struct sockaddr_in6 addr;
	socklen_t len;
	long err = 0;

	if (tuple->version == 6 || parcel->router >= 0) {
		len = outlet_addr(&addr, tuple->version, tuple->src, 0);
		err = raw_bind(fd, &addr, len);
	}
	if (!err && parcel->router >= 0) {
		len = outlet_addr(&addr, tuple->version, tuple->dst, 0);
		err = raw_connect(fd, &addr, len);
	}
	return err;
}

static int own_socket(uint8_t version, uint64_t *cookie)
{
	return ours_socket(version == 4 ? AF_INET : AF_INET6, SOCK_RAW, IPPROTO_RAW, cookie);
}

/* Nobody listens, or nobody lends: what is missing is the privilege. */
static int why_not(int err)
{
	return err == -ENOENT || err == -ECONNREFUSED || err == -ENOPROTOOPT ? -EPERM : err;
}

/* Asks the provisioner for one, or looks for what it answered: -EOPNOTSUPP until then. One question at a time for a
 * socket. */
static __attribute__((noinline)) int lent_socket(struct sock *sock, uint8_t version, uint32_t now, uint64_t *cookie)
{
	struct loan *loan = &sock->outlet.raw_loan;
	uint64_t where_cookie;
	int where, fd = -1, err;

	if (!claim_take(&sock->claim, now))
		return -EBUSY;
	if (loan->asked && (loan->family != version || broker_is_stale(loan, now))) {
		if (broker_is_stale(loan, now))
			broker_drop(loan);
		err = -EAGAIN;
	} else if (loan->asked) {
		err = broker_answer(loan, now, NULL, &fd, cookie);
	} else if ((where = ours_socket(version == 4 ? AF_INET : AF_INET6, SOCK_DGRAM, IPPROTO_UDP, &where_cookie)) < 0) {
		err = where;
	} else {
		err = broker_ask(loan, MD_BROKER_RAW, version, where, now);
		if (!err)
			err = -EAGAIN;
		ours_close(where, where_cookie);
	}
	claim_drop(&sock->claim);
	return !err ? fd : err == -EAGAIN ? -EOPNOTSUPP : why_not(err);
}

/* What the application's socket has and this one must not be without, since it decides where its datagrams go; a lent one
 * cannot be given every one of them. */
static bool goes_the_same_way(int fd, const struct view *view)
{
	char device[16] = "";
	int mark = 0;
	socklen_t len = sizeof(device) - 1, mark_len = sizeof(mark);

	raw_getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &len);
	raw_getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &mark_len);
	return (uint32_t)mark == view->mark && (!view->device[0] || strcmp(device, view->device) == 0);
}

static int open_raw(struct sock *sock, const struct parcel *parcel, const struct view *view, uint32_t now,
	struct outlet_raw *raw)
{
	uint8_t version = parcel->tuple.version;
	struct sock_txtime txtime = { .clockid = CLOCK_MONOTONIC };
	int nothing = 0;

	memset(raw, 0, sizeof(*raw));
	raw->version = version;
	raw->router = parcel->router;
	raw->fd = own_socket(version, &raw->cookie);
	if (raw->fd == -EPERM || raw->fd == -EACCES)
		raw->fd = lent_socket(sock, version, now, &raw->cookie);
	if (raw->fd < 0)
		return raw->fd;
	raw_setsockopt(raw->fd, SOL_SOCKET, SO_RCVBUF, &nothing, sizeof(nothing));
	if (raw_setsockopt(raw->fd, SOL_SOCKET, SO_TXTIME, &txtime, sizeof(txtime)) != 0) {
		ours_close(raw->fd, raw->cookie);
		return -ENOPROTOOPT;
	}
	sockview_mirror_to(raw->fd, raw->cookie, view, 0);
	if (!goes_the_same_way(raw->fd, view)) {
		ours_close(raw->fd, raw->cookie);
		return -EOPNOTSUPP;
	}
	if (fasten(raw->fd, parcel) != 0) {
		ours_close(raw->fd, raw->cookie);
		return -EADDRNOTAVAIL;
	}
	return 0;
}

static int raw_arm(struct sock *sock, const struct view *view, const struct parcel *parcel, uint32_t now, void **handle)
{
	uint8_t version = parcel->tuple.version;
	struct outlet_raw made;
	int err;

	*handle = outlet_ready_raw(sock, version, parcel->router);
	if (*handle)
		return 0;
	err = open_raw(sock, parcel, view, now, &made);
	if (err)
		return err;
	err = outlet_publish_raw(sock, &made, now);
	if (err)
		ours_close(made.fd, made.cookie);
	*handle = outlet_ready_raw(sock, version, parcel->router);
	return *handle ? 0 : err ? err : -EBUSY;
}

/* The application may have closed our number and opened something else there. A transmit time is refused with EINVAL by
 * every socket on which it was not switched on, before anything is sent: so each send proves by itself that it meets our
 * socket, without a second system call. Time 0 means at once. */
static size_t prove(union control_room *room)
{
	uint64_t at_once = 0;

	memset(room, 0, sizeof(*room));
	room->align.cmsg_level = SOL_SOCKET;
	room->align.cmsg_type = SCM_TXTIME;
	room->align.cmsg_len = CMSG_LEN(sizeof(at_once));
	return CMSG_SPACE(sizeof(at_once));
}

static size_t leave_by(union control_room *room, size_t at, uint8_t version, uint32_t interface)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)(room->octets + at);
	struct in_pktinfo four = { .ipi_ifindex = (int)interface };
	struct in6_pktinfo six = { .ipi6_ifindex = interface };

	c->cmsg_level = version == 4 ? IPPROTO_IP : IPPROTO_IPV6;
	c->cmsg_type = version == 4 ? IP_PKTINFO : IPV6_PKTINFO;
	c->cmsg_len = version == 4 ? CMSG_LEN(sizeof(four)) : CMSG_LEN(sizeof(six));
	if (version == 4)
		memcpy(CMSG_DATA(c), &four, sizeof(four));
	else
		memcpy(CMSG_DATA(c), &six, sizeof(six));
	return at + (version == 4 ? CMSG_SPACE(sizeof(four)) : CMSG_SPACE(sizeof(six)));
}

/* The message for a parcel, but for its control data. 0, or -EMSGSIZE. */
static inline int address(const struct outlet_raw *handle, struct parcel *parcel, struct msghdr *msg, uint8_t head[MD_IPV6_HEADERS],
	struct sockaddr_in6 *to)
{
	ptrdiff_t len = md_headers_write(head, MD_IPV6_HEADERS, &parcel->tuple, &parcel->ip, parcel->user_len,
		parcel_sum(parcel), parcel->area_len);

	if (len < 0)
		return -EMSGSIZE;
	parcel->piece[0] = (struct iovec){ head, (size_t)len };
	*msg = (struct msghdr){ .msg_iov = parcel->piece, .msg_iovlen = parcel->pieces };
	if (handle->router < 0) {
		msg->msg_name = to;
		msg->msg_namelen = outlet_addr(to, parcel->tuple.version, parcel->tuple.dst, 0);
	}
	return 0;
}

/* What else sits on the number says no in words of its own; of ours these three are usual. */
static int judge(const struct outlet_raw *handle, long err)
{
	if (err != -EAGAIN && err != -ENOBUFS && err != -EMSGSIZE && !ours_still(handle->fd, handle->cookie))
		return -EBADF;
	return (int)err;
}

static int send_one(const struct outlet_raw *handle, struct parcel *parcel)
{
	uint8_t head[MD_IPV6_HEADERS];
	union control_room room;
	struct sockaddr_in6 to;
	struct msghdr msg;
	int flags = parcel->flags | MSG_NOSIGNAL;
	long err = address(handle, parcel, &msg, head, &to);

	if (err)
		return (int)err;
	msg.msg_control = &room;
	msg.msg_controllen = prove(&room);
	if (parcel->interface)
		msg.msg_controllen = leave_by(&room, msg.msg_controllen, parcel->tuple.version, parcel->interface);
	err = raw_sendmsg(handle->fd, &msg, flags | MSG_DONTWAIT);
	if (err == -EAGAIN && parcel->may_block)
		err = raw_sendmsg(handle->fd, &msg, flags);
	return err >= 0 ? 1 : judge(handle, err);
}

/* By one system call, which waits for nothing. The number sent, or -errno of the first. */
static __attribute__((noinline)) int send_row(const struct outlet_raw *handle, struct parcel *const *parcel, unsigned n)
{
	uint8_t head[ROW][MD_IPV6_HEADERS];
	struct sockaddr_in6 to[ROW];
	struct mmsghdr vec[ROW];
	union control_room room;
	size_t proof = prove(&room);
	long sent;

	for (unsigned i = 0; i < n; i++) {
		if (address(handle, parcel[i], &vec[i].msg_hdr, head[i], &to[i]) != 0)
			return -EMSGSIZE;
		vec[i].msg_hdr.msg_control = &room;
		vec[i].msg_hdr.msg_controllen = proof;
	}
	sent = raw_sendmmsg(handle->fd, vec, n, parcel[0]->flags | MSG_NOSIGNAL | MSG_DONTWAIT);
	return sent >= 0 ? (int)sent : judge(handle, sent);
}

static int raw_send(void *handle, struct parcel *const *parcel, unsigned n)
{
	unsigned row = 0;

	while (n > 1 && row < n && row < ROW && !parcel[row]->interface && !parcel[row]->may_block)
		row++;
	return row > 1 ? send_row(handle, parcel, row) : send_one(handle, parcel[0]); /* who has more comes again */
}

static void *raw_ready(struct sock *sock, const struct slip *slip, uint32_t now)
{
	(void)now;
	return outlet_ready_raw(sock, slip->tuple->version, slip->router);
}

static int raw_post(void *handle, const struct slip *slip)
{
	const struct outlet_raw *raw = handle;
	const struct md_tuple *tuple = slip->tuple;
	size_t head = tuple->version == 4 ? MD_IPV4_HEADERS : MD_IPV6_HEADERS;
	uint16_t sum = slip->router < 0 ? md_sum(0, slip->octets, slip->user_len) : md_sum(slip->inner_sum, slip->octets, slip->inner_len);
	struct iovec piece = { slip->octets - head, head + slip->user_len + slip->area_len };
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1 };
	union control_room room;
	struct sockaddr_in6 to;
	long err;

	if (md_headers_write(piece.iov_base, head, tuple, slip->ip, slip->user_len, sum, slip->area_len) < 0)
		return -EMSGSIZE;
	if (slip->router < 0) {
		msg.msg_name = &to;
		msg.msg_namelen = outlet_addr(&to, tuple->version, tuple->dst, 0);
	}
	msg.msg_control = &room;
	msg.msg_controllen = prove(&room);
	err = raw_sendmsg(raw->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	return err < 0 ? (int)err : 0;
}

static void raw_disarm(void *handle)
{
	struct outlet_raw *raw = handle;

	atomic_store_explicit(&raw->state, OUTLET_GONE, memory_order_release);
}

static int raw_test(uint8_t version)
{
	struct md_ip ip = { .ttl = 64, .df = true };
	uint8_t head[MD_IPV6_HEADERS];
	struct selftest test;
	struct sockaddr_in6 to;
	struct iovec piece[3] = { { head, 0 }, { test.user, sizeof(test.user) }, { test.area, sizeof(test.area) } };
	struct msghdr msg = { .msg_name = &to, .msg_iov = piece, .msg_iovlen = 3 };
	uint64_t cookie = 0;
	int err, fd = own_socket(version, &cookie);

	if (fd < 0 && fd != -EPERM && fd != -EACCES)
		return fd;
	err = selftest_open(&test, version);
	if (fd < 0) {
		int lent = err ? err : why_not(broker_wait(MD_BROKER_RAW, version, test.sender, NULL, &fd, &cookie));

		if (lent && !err)
			selftest_close(&test);
		if (lent)
			return lent;
	}
	if (!err) {
		msg.msg_namelen = outlet_addr(&to, version, test.tuple.dst, 0);
		piece[0].iov_len = (size_t)md_headers_write(head, sizeof(head), &test.tuple, &ip, sizeof(test.user),
			md_sum(0, test.user, sizeof(test.user)), sizeof(test.area));
		if (raw_sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			err = selftest_arrived(&test);
		selftest_close(&test);
	}
	ours_close(fd, cookie);
	return err == -EBADMSG ? err : 0;
}

const struct engine engine_raw = { MD_ENGINE_RAW, false, UINT16_MAX, raw_test, raw_arm, raw_send, raw_ready, raw_post, raw_disarm, false,
	true };
