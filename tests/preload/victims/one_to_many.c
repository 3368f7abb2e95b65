/* SPDX-License-Identifier: BSD-3-Clause */
/* One socket, 10,000 destinations, each of them twice: 127.x.y.z, all of which one receiver hears.
 * rule: 56
 * expect: seen==20000 wrapped==20000 sockets==1 flows>=10000 flows<=10010 */
#include "victim.h"

enum { MANY = 10000, AT_ONCE = 100 };

static uint8_t got[2][MANY];
static unsigned wrong;

static uint32_t destination(uint32_t i)
{
	return 0x7f010101u + (i / 200 << 8) + i % 200;
}

/* One datagram: its number is in it, and it must have been sent to the address of that number. */
static void take(int fd)
{
	uint8_t p[300];
	struct iovec iov = { p, sizeof p };
	_Alignas(struct cmsghdr) char control[256];
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	struct in_pktinfo info = { .ipi_ifindex = 0 };
	uint32_t number = 0;

	if (poll(&ready, 1, PATIENCE_MS) != 1 || recvmsg(fd, &m, MSG_DONTWAIT) != 200) {
		wrong++;
		return;
	}
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			memcpy(&info, CMSG_DATA(c), sizeof info);
	memcpy(&number, p + 100, sizeof number);
	if (number >= 2 * MANY || ntohl(info.ipi_addr.s_addr) != destination(number % MANY) || got[number / MANY][number % MANY]++)
		wrong++;
}

int main(void)
{
	struct receiver r = receiver_at(AF_INET, "0.0.0.0");
	struct address to = r.at;
	int s = udp(AF_INET), on = 1;
	unsigned missing = 0;
	uint8_t p[200];

	MUST(setsockopt(r.fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on));
	for (uint32_t i = 0; i < 2 * MANY; i++) {
		to.in.sin_addr.s_addr = htonl(destination(i % MANY));
		media(p, sizeof p, 1, i);
		memcpy(p + 100, &i, sizeof i);
		QUIETLY(sendto(s, p, sizeof p, 0, &to.sa, to.len));
		if (i % AT_ONCE == AT_ONCE - 1)
			for (unsigned n = 0; n < AT_ONCE; n++)
				take(r.fd);
	}
	for (unsigned i = 0; i < MANY; i++)
		missing += got[0][i] != 1 || got[1][i] != 1;
	say("%u wrong, %u missing", wrong, missing);
	report(&r, "and then", 0);
}
