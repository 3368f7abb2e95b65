/* SPDX-License-Identifier: BSD-3-Clause */
#include "ran.h"

#include "marks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int ran_open(struct ran *ran, const struct endpoint *to, uint32_t teid, uint8_t qfi)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(to->port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(to->port) };
	bool six = to->version == 6;

	memset(ran, 0, sizeof(*ran));
	memcpy(&v4.sin_addr, to->address, 4);
	memcpy(&v6.sin6_addr, to->address, 16);
	ran->teid = teid;
	ran->qfi = qfi;
	ran->fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (ran->fd < 0)
		return -errno;
	if (connect(ran->fd, six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4, six ? sizeof(v6) : sizeof(v4)) < 0) {
		int error = errno;

		close(ran->fd);
		return -error;
	}
	return 0;
}

void ran_close(struct ran *ran)
{
	close(ran->fd);
}

void ran_send(struct ran *ran, uint8_t *inner, const struct decision *d, uint32_t bq_unit)
{
	uint8_t head[GTPU_MOST];
	struct iovec piece[2] = { { head, 0 }, { inner, d->inner.length } };
	struct msghdr message = { .msg_iov = piece, .msg_iovlen = 2 };
	struct radio_packet packet;
	struct gtpu_set set;
	enum md_reason reason;

	marks_read(&packet, d, bq_unit);
	if (md_inner_forward(inner, d->inner.length, d->outer.ip.tos & 3, &reason) < 0) {
		ran->failed++;
		return;
	}
	set = sets_note(&ran->sets, &packet);
	piece[0].iov_len = gtpu_write(head, ran->teid, ran->qfi, &set, d->inner.length);
	/* A connected socket tells of an earlier ICMP error first: what it refused for that goes out at the second try. */
	if (sendmsg(ran->fd, &message, 0) < 0 && (errno != ECONNREFUSED || sendmsg(ran->fd, &message, 0) < 0))
		ran->failed++;
	else
		ran->packets++;
}
