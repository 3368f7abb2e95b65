/* SPDX-License-Identifier: BSD-3-Clause
 *
 * udpdump [--gro] ADDRESS PORT FILE - what an ordinary UDP socket receives, in the framing of RFC 4571 (two octets of length
 * before each datagram), until it is ended by SIGTERM. With --gro as a receiver that lets the kernel merge datagrams (UDP_GRO),
 * cut at the size it says. Prints "ready"; at the end "merged N", how many calls brought more than one. */
#include <arpa/inet.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static volatile sig_atomic_t over;

static void on_end(int number)
{
	(void)number;
	over = 1;
}

static int die(const char *what)
{
	perror(what);
	exit(2);
}

static int bound(const char *address, const char *port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port)) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = six.sin6_port };
	int is6 = inet_pton(AF_INET6, address, &six.sin6_addr) == 1, fd = socket(is6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	int room = 8 << 20;

	if (!is6 && inet_pton(AF_INET, address, &four.sin_addr) != 1)
		die(address);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (bind(fd, is6 ? (void *)&six : (void *)&four, is6 ? sizeof(six) : sizeof(four)) < 0)
		die(address);
	return fd;
}

static size_t merged_size(struct msghdr *msg)
{
	int size;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
			memcpy(&size, CMSG_DATA(c), sizeof(size));
			return (size_t)size;
		}
	return 0;
}

int main(int argc, char **argv)
{
	static uint8_t octets[65536];
	char control[CMSG_SPACE(sizeof(int))];
	struct sigaction act = { .sa_handler = on_end };
	int gro = argc == 5 && strcmp(argv[1], "--gro") == 0, yes = 1, fd;
	unsigned merged = 0;
	FILE *to;

	if (argc != 4 + gro) {
		fputs("usage: udpdump [--gro] ADDRESS PORT FILE\n", stderr);
		return 2;
	}
	sigaction(SIGTERM, &act, NULL);
	fd = bound(argv[1 + gro], argv[2 + gro]);
	if (gro && setsockopt(fd, IPPROTO_UDP, UDP_GRO, &yes, sizeof(yes)) < 0)
		die("UDP_GRO");
	to = fopen(argv[3 + gro], "w");
	if (!to)
		die(argv[3 + gro]);
	setvbuf(to, NULL, _IONBF, 0);
	puts("ready");
	fflush(stdout);
	while (!over) {
		struct iovec iov = { octets, sizeof(octets) };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(fd, &msg, 0);
		size_t each = n > 0 ? merged_size(&msg) : 0;

		if (n < 0)
			continue;
		if (!each)
			each = (size_t)n;
		merged += (size_t)n > each;
		for (size_t at = 0; at < (size_t)n || (!n && !at); at += each ? each : 1) {
			size_t len = (size_t)n - at < each ? (size_t)n - at : each;
			uint8_t head[2] = { (uint8_t)(len >> 8), (uint8_t)len };

			fwrite(head, 1, 2, to);
			fwrite(octets + at, 1, len, to);
		}
	}
	printf("merged %u\n", merged);
	return fclose(to) != 0;
}
