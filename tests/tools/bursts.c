/* SPDX-License-Identifier: BSD-3-Clause
 *
 * bursts.c PORT SHAPE... - sends RTP in calls of several shapes, by one call each, to 127.0.0.1, or to $BURSTS_TO:
 *   mmsg SIZE...              sendmmsg() of datagrams whose IP packets have these sizes
 *   gso SEGMENT TOTAL         sendmsg() with UDP_SEGMENT, payload octets
 *   trains SEGMENT TOTAL N    sendmmsg() of N such messages
 *   mixed                     sendmmsg(): 1000 octets to PORT and 2000 to PORT + 1 by turns, three of each, a STUN message between
 *   single SIZE               sendto()
 *   later SIZE SIZE...        sendto() of the first, sendmmsg() of the others
 * What the kernel refuses is an error. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MOST = 1024, HEADERS = 28 };

static struct mmsghdr vec[MOST];
static struct iovec iov[MOST];
static struct sockaddr_in to[MOST];
static union {
	struct cmsghdr align;
	unsigned char octets[CMSG_SPACE(sizeof(unsigned short))];
} control[MOST];
static unsigned n;

/* One more message of len octets: RTP, also at the start of each segment. */
static unsigned char *add(int port, size_t len, size_t segment)
{
	unsigned char *p = calloc(1, len);
	struct msghdr *msg = &vec[n].msg_hdr;

	if (!p || n == MOST)
		exit(1);
	for (size_t at = 0; at + 12 <= len; at += segment ? segment : len)
		p[at] = 0x80, p[at + 1] = 96, p[at + 3] = (unsigned char)n;
	to[n] = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((unsigned short)port),
		.sin_addr.s_addr = inet_addr(getenv("BURSTS_TO") ? getenv("BURSTS_TO") : "127.0.0.1") };
	iov[n] = (struct iovec){ p, len };
	msg->msg_name = &to[n];
	msg->msg_namelen = sizeof to[n];
	msg->msg_iov = &iov[n];
	msg->msg_iovlen = 1;
	if (segment) {
		unsigned short value = (unsigned short)segment;

		control[n].align = (struct cmsghdr){ CMSG_LEN(sizeof value), IPPROTO_UDP, UDP_SEGMENT };
		memcpy(CMSG_DATA(&control[n].align), &value, sizeof value);
		msg->msg_control = &control[n];
		msg->msg_controllen = sizeof control[n];
	}
	n++;
	return p;
}

static size_t size(const char *text)
{
	return strtoul(text, NULL, 10);
}

static void mixed(int port)
{
	static const unsigned char stun[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };

	for (int i = 0; i < 3; i++) {
		add(port, 1000 - HEADERS, 0);
		add(port + 1, 2000 - HEADERS, 0);
		if (i == 1)
			memcpy(add(port, 1000, 0), stun, sizeof stun);
	}
}

int main(int argc, char **argv)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), sent = 0, room = 4 << 20, port = argc > 2 ? atoi(argv[1]) : 0;
	const char *shape = argc > 2 ? argv[2] : "";

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	if (strcmp(shape, "mmsg") == 0 || strcmp(shape, "later") == 0)
		for (int i = 3; i < argc; i++)
			add(port, size(argv[i]) - HEADERS, 0);
	else if (strcmp(shape, "gso") == 0 && argc == 5)
		add(port, size(argv[4]), size(argv[3]));
	else if (strcmp(shape, "trains") == 0 && argc == 6)
		for (size_t i = 0; i < size(argv[5]); i++)
			add(port, size(argv[4]), size(argv[3]));
	else if (strcmp(shape, "mixed") == 0)
		mixed(port);
	else if (strcmp(shape, "single") == 0 && argc == 4)
		add(port, size(argv[3]) - HEADERS, 0);
	else
		return fputs("usage: bursts PORT SHAPE...\n", stderr), 2;
	if (strcmp(shape, "later") == 0 && n > 1) {
		sent = sendmsg(fd, &vec[0].msg_hdr, 0) < 0 ? -1 : sendmmsg(fd, vec + 1, n - 1, 0);
		sent += sent >= 0;
	} else if (strcmp(shape, "mmsg") == 0 || strcmp(shape, "trains") == 0 || strcmp(shape, "mixed") == 0)
		sent = sendmmsg(fd, vec, n, 0);
	else if (strcmp(shape, "gso") == 0)
		sent = sendmsg(fd, &vec[0].msg_hdr, 0) < 0 ? -1 : 1;
	else
		sent = sendto(fd, iov[0].iov_base, iov[0].iov_len, 0, (struct sockaddr *)&to[0], sizeof to[0]) < 0 ? -1 : 1;
	if (sent < 0 || (unsigned)sent != n)
		return perror("bursts"), 1;
	return 0;
}
