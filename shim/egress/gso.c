/* SPDX-License-Identifier: BSD-3-Clause */
#include "gso.h"

#include <errno.h>
#include <linux/udp.h>
#include <string.h>

#include "../ours.h"
#include "../real.h"
#include "patch.h"

enum { CONTROL_ROOM = 512, CONTROL_ALL = CONTROL_ROOM + CMSG_SPACE(sizeof(uint16_t)) };

/* A socket that is paced is paced datagram by datagram: the queue of its interface goes by the socket. */
bool gso_usable(struct sock *sock, const struct view *view, const struct parcel *parcel, uint32_t now)
{
	return view->pacing == UINT64_MAX && (parcel->router >= 0 || parcel->msg->msg_controllen <= CONTROL_ROOM) &&
		egress_is_first(MD_ENGINE_PATCH, parcel->tuple.version, parcel->router >= 0, now) && patch_takes_trains(sock, parcel, now);
}

static void put(struct msghdr *msg, uint8_t *octets, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)(octets + msg->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	msg->msg_controllen += CMSG_SPACE(len);
}

int gso_send(struct sock *sock, const struct parcel *parcel, const uint8_t *octets, size_t len, size_t size, uint32_t now)
{
	struct outlet_tunnel *tunnel = parcel->router >= 0 ? patch_tunnel(sock, parcel) : NULL;
	struct iovec iov = { (void *)(uintptr_t)octets, len };
	struct msghdr msg = { .msg_name = NULL };
	int flags = parcel->flags | MSG_NOSIGNAL, tos = parcel->ip.tos;
	uint16_t segment = (uint16_t)size;
	union {
		struct cmsghdr align;
		uint8_t octets[CONTROL_ALL];
	} control;
	long sent;

	memset(&control, 0, sizeof(control));
	if (parcel->router < 0) {
		msg = *parcel->msg;
		memcpy(&control, msg.msg_control, msg.msg_controllen);
		msg.msg_controllen = CMSG_ALIGN(msg.msg_controllen);
	} else if (!tunnel || !ours_still(tunnel->fd, tunnel->cookie)) {
		return -EBADF;
	} else if (tos != tunnel->tos) {
		put(&msg, control.octets, parcel->tuple.version == 4 ? IPPROTO_IP : IPPROTO_IPV6,
			parcel->tuple.version == 4 ? IP_TOS : IPV6_TCLASS, &tos, sizeof(tos));
	}
	/* The last of several counts. */
	put(&msg, control.octets, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	msg.msg_control = &control;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	sent = raw_sendmsg(tunnel ? tunnel->fd : parcel->fd, &msg, flags | MSG_DONTWAIT);
	if (sent == -EAGAIN && parcel->may_block)
		sent = raw_sendmsg(tunnel ? tunnel->fd : parcel->fd, &msg, flags);
	/* The guard says no, or the interface takes no trains: the socket's datagrams go one by one for a while. */
	if (sent < 0 && sent != -EAGAIN && sent != -ECONNREFUSED)
		patch_no_trains(sock, parcel, now);
	return sent < 0 ? (int)sent : 0;
}
