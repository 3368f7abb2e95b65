/* SPDX-License-Identifier: BSD-3-Clause */
/* A library whose constructor sends 100 datagrams through every door. It stands behind the shim in LD_PRELOAD, so the
 * loader runs its constructor first, as it does with a program's own libraries. */
#include "victim.h"

struct receiver *ctor_send_result(long *sent, int *errors);

static struct receiver early;
static long octets;
static int wrong;

struct receiver *ctor_send_result(long *sent, int *errors)
{
	*sent = octets;
	*errors = wrong;
	return &early;
}

static ssize_t by_door(unsigned door, int s, int connected, uint8_t *p, size_t n)
{
	struct iovec iov = { p, n };
	struct msghdr m = { .msg_name = &early.at.sa, .msg_namelen = early.at.len, .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr one = { .msg_hdr = m };

	switch (door) {
	case 0: return send(connected, p, n, 0);
	case 1: return sendto(s, p, n, 0, &early.at.sa, early.at.len);
	case 2: return sendmsg(s, &m, 0);
	case 3: return sendmmsg(s, &one, 1, 0) == 1 ? (ssize_t)one.msg_len : -1;
	case 4: return write(connected, p, n);
	case 5: return writev(connected, &iov, 1);
	case 6: return syscall(SYS_sendto, s, p, n, 0, &early.at.sa, early.at.len);
	case 7: return syscall(SYS_sendmsg, s, &m, 0);
	case 8: return syscall(SYS_sendmmsg, s, &one, 1, 0) == 1 ? (ssize_t)one.msg_len : -1;
	default: return syscall(SYS_write, connected, p, n);
	}
}

__attribute__((constructor)) static void send_early(void)
{
	uint8_t p[MEDIA_LEN];

	early = receiver(AF_INET);
	int s = udp(AF_INET), connected = udp(AF_INET);
	MUST(connect(connected, &early.at.sa, early.at.len));
	for (unsigned i = 0; i < 100; i++) {
		size_t n = media(p, 200 + i, 1 + i % 10, i);
		errno = SENTINEL;
		ssize_t sent = by_door(i % 10, s, connected, p, n);
		wrong += sent != (ssize_t)n || errno != SENTINEL;
		octets += sent;
	}
	close(s);
	close(connected);
}
