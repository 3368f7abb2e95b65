/* SPDX-License-Identifier: BSD-3-Clause */
#include "forward.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct forward_queue {
	struct batch {
		struct mmsghdr message[FORWARD_BATCH];
		struct iovec piece[FORWARD_BATCH];
		struct sockaddr_storage to[FORWARD_BATCH];
		unsigned count;
	} batch[2];
};

int forward_open(struct forward *f)
{
	static const int family[2] = { AF_INET, AF_INET6 };
	int size = 4 << 20;

	memset(f, 0, sizeof(*f));
	f->fd[0] = f->fd[1] = -1;
	f->queue = calloc(1, sizeof(*f->queue));
	if (!f->queue)
		return -ENOMEM;
	for (int i = 0; i < 2; i++) {
		/* IPPROTO_RAW: we bring the IP header (IP_HDRINCL, IPV6_HDRINCL are implied), so the source may be
		 * anybody's. */
		f->fd[i] = socket(family[i], SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_RAW);
		if (f->fd[i] < 0 && !(i == 1 && errno == EAFNOSUPPORT))
			return -errno;
		if (f->fd[i] >= 0 && setsockopt(f->fd[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
			setsockopt(f->fd[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	}
	return 0;
}

void forward_close(struct forward *f)
{
	for (int i = 0; i < 2; i++)
		if (f->fd[i] >= 0)
			close(f->fd[i]);
	free(f->queue);
}

static void failed(struct forward *f, int error)
{
	f->failed[error > 0 && error < FORWARD_ERRNO_MAX ? error : 0]++;
}

static socklen_t destination(struct sockaddr_storage *to, const struct md_tuple *tuple)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	if (tuple->version == 4) {
		v4->sin_family = AF_INET;
		memcpy(&v4->sin_addr, tuple->dst, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6; /* the port of a raw IPv6 socket's peer must be 0 */
	memcpy(&v6->sin6_addr, tuple->dst, 16);
	return sizeof(*v6);
}

void forward_add(struct forward *f, uint8_t *inner, const struct md_datagram *d, unsigned outer_ecn)
{
	struct batch *b = &f->queue->batch[d->tuple.version == 6];
	enum md_reason reason;
	unsigned i;

	if (b->count == FORWARD_BATCH)
		forward_flush(f);
	if (f->fd[d->tuple.version == 6] < 0) {
		failed(f, EAFNOSUPPORT);
		return;
	}
	if (md_inner_forward(inner, d->length, outer_ecn, &reason) < 0) {
		failed(f, EINVAL);
		return;
	}
	i = b->count++;
	b->piece[i] = (struct iovec){ inner, d->length };
	memset(&b->message[i], 0, sizeof(b->message[i]));
	b->message[i].msg_hdr.msg_iov = &b->piece[i];
	b->message[i].msg_hdr.msg_iovlen = 1;
	b->message[i].msg_hdr.msg_name = &b->to[i];
	b->message[i].msg_hdr.msg_namelen = destination(&b->to[i], &d->tuple);
}

/* sendmmsg() stops at the first datagram that fails and tells why only when called for that one. */
static void flush(struct forward *f, int fd, struct batch *b)
{
	unsigned at = 0;
	int n;

	while (at < b->count) {
		n = sendmmsg(fd, b->message + at, b->count - at, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			failed(f, errno);
			at++;
			continue;
		}
		for (int i = 0; i < n; i++)
			f->octets += b->piece[at + (unsigned)i].iov_len;
		f->packets += (unsigned)n;
		at += (unsigned)n;
	}
	b->count = 0;
}

void forward_flush(struct forward *f)
{
	flush(f, f->fd[0], &f->queue->batch[0]);
	flush(f, f->fd[1], &f->queue->batch[1]);
}
