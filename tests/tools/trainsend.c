/* SPDX-License-Identifier: BSD-3-Clause
 *
 * trainsend ADDRESS PORT FILE ROUNDS [plain] [PORT2 FILE2] - RTP in every way in which many datagrams leave at once: segment
 * trains (UDP_SEGMENT), runs of equal messages and mixed ones by sendmmsg(2), single datagrams right behind them. Each datagram
 * that the calls say is out is written to FILE in the framing of RFC 4571, in order. plain: datagrams that are no media are
 * among them. With PORT2 messages go to two receivers in turn. ROUNDS 0: until SIGTERM.
 *
 * Every call's answer is checked; a wrong one ends the program with status 1. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 48, LARGEST = 1200, SSRC = 0x7261696e };

static struct receiver {
	struct sockaddr_storage at;
	socklen_t len;
	FILE *made;
} to[2];
static unsigned receivers = 1;
static bool plain;
static volatile sig_atomic_t over;
static uint8_t octets[BATCH * LARGEST];
static uint16_t number[2];
static int fd;

static void on_end(int signal_number)
{
	(void)signal_number;
	over = 1;
}

static void fail(const char *what, long got, long expected)
{
	fprintf(stderr, "trainsend: %s: %ld, expected %ld: %s\n", what, got, expected, strerror(errno));
	exit(1);
}

static void address(struct receiver *r, const char *name, const char *port, const char *file)
{
	struct sockaddr_in6 *six = (void *)&r->at;
	struct sockaddr_in *four = (void *)&r->at;

	if (inet_pton(AF_INET6, name, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		r->len = sizeof(*six);
	} else if (inet_pton(AF_INET, name, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		r->len = sizeof(*four);
	} else {
		fail(name, 0, 1);
	}
	four->sin_port = htons((uint16_t)atoi(port)); /* at the same place in both */
	r->made = fopen(file, "w");
	if (!r->made)
		fail(file, 0, 1);
	setvbuf(r->made, NULL, _IONBF, 0);
}

/* A slice of H.264 that fits one packet, or is one octet too long for it: what it is does not matter, only that it is media. */
static void media(uint8_t *p, size_t len, unsigned receiver)
{
	uint16_t seq = number[receiver]++;
	uint8_t head[14] = { 0x80, 96, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, (uint8_t)(seq >> 8), (uint8_t)seq,
		SSRC >> 24, SSRC >> 16 & 0xff, SSRC >> 8 & 0xff, SSRC & 0xff, 0x61, 0x9a };

	memcpy(p, head, sizeof(head));
	for (size_t i = sizeof(head); i < len; i++)
		p[i] = (uint8_t)(i * 31 + seq * 7);
}

/* DTLS, for all the shim knows. */
static void other(uint8_t *p, size_t len, unsigned receiver)
{
	media(p, len, receiver);
	p[0] = 22;
}

static void note(unsigned receiver, const uint8_t *p, size_t len)
{
	uint8_t head[2] = { (uint8_t)(len >> 8), (uint8_t)len };

	fwrite(head, 1, sizeof(head), to[receiver].made);
	fwrite(p, 1, len, to[receiver].made);
}

static void single(size_t len)
{
	media(octets, len, 0);
	if (sendto(fd, octets, len, 0, (struct sockaddr *)&to[0].at, to[0].len) != (ssize_t)len)
		fail("sendto", -1, (long)len);
	note(0, octets, len);
}

/* One call of UDP_SEGMENT: n datagrams of len, and a last one of rest if that is not 0. */
static void train(unsigned n, size_t len, size_t rest)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))] = { 0 };
	size_t all = n * len + rest;
	struct iovec iov = { octets, all };
	struct msghdr msg = { .msg_name = &to[0].at, .msg_namelen = to[0].len, .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	uint16_t segment = (uint16_t)len;
	ssize_t sent;

	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(segment));
	memcpy(CMSG_DATA(c), &segment, sizeof(segment));
	for (size_t at = 0; at < all; at += len)
		media(octets + at, all - at < len ? all - at : len, 0);
	sent = sendmsg(fd, &msg, 0);
	if (sent != (ssize_t)all)
		fail("sendmsg", sent, (long)all);
	for (size_t at = 0; at < all; at += len)
		note(0, octets + at, all - at < len ? all - at : len);
}

/* One call of sendmmsg(2): n messages of len, but every odd-th of another length, or none if odd is 0. */
static void batch(unsigned n, size_t len, unsigned odd)
{
	struct mmsghdr vec[BATCH] = { 0 };
	struct iovec iov[BATCH][2];
	int sent;

	for (unsigned i = 0; i < n; i++) {
		struct receiver *r = &to[i % receivers];
		size_t mine = odd && i % odd == odd - 1 ? len - 1 - i % 5 : len, first = i % 3 ? 12 : mine;

		(plain && odd && i % odd == odd - 1 ? other : media)(octets + i * LARGEST, mine, i % receivers);
		iov[i][0] = (struct iovec){ octets + i * LARGEST, first };
		iov[i][1] = (struct iovec){ octets + i * LARGEST + first, mine - first };
		vec[i].msg_hdr = (struct msghdr){ .msg_name = &r->at, .msg_namelen = r->len, .msg_iov = iov[i], .msg_iovlen = 2 };
	}
	sent = sendmmsg(fd, vec, n, 0);
	if (sent != (int)n)
		fail("sendmmsg", sent, n);
	for (unsigned i = 0; i < n; i++) {
		size_t mine = iov[i][0].iov_len + iov[i][1].iov_len;

		if (vec[i].msg_len != mine)
			fail("msg_len", vec[i].msg_len, (long)mine);
		note(i % receivers, octets + i * LARGEST, mine);
	}
}

static void round_of(unsigned i)
{
	static const size_t lens[] = { 1000, 1001, 333, 200, 1160 };
	size_t len = lens[i % 5];
	struct timespec pause = { 0, 15000000 };

	train(2 + i % 38, len, i % 2 ? len - 7 : 0);
	single(60);
	batch(4 + i % 44, len, 0);
	single(61);
	batch(30, len, 3 + i % 9);
	train(40, 900 + i % 2, 30); /* more than 64 kB with what is added would be two */
	single(1000);
	batch(3, len, 0);
	nanosleep(&pause, NULL);
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = on_end };
	unsigned rounds;

	plain = argc > 5 && strcmp(argv[5], "plain") == 0;
	if (argc != 5 + plain && argc != 7 + plain) {
		fputs("usage: trainsend ADDRESS PORT FILE ROUNDS [plain] [PORT2 FILE2]\n", stderr);
		return 2;
	}
	sigaction(SIGTERM, &act, NULL);
	address(&to[0], argv[1], argv[2], argv[3]);
	if (argc == 7 + plain) {
		address(&to[1], argv[1], argv[5 + plain], argv[6 + plain]);
		receivers = 2;
	}
	rounds = (unsigned)atoi(argv[4]);
	fd = socket(to[0].at.ss_family, SOCK_DGRAM, 0);
	for (unsigned i = 0; !over && (!rounds || i < rounds); i++)
		round_of(i);
	return fclose(to[0].made) != 0 || (receivers == 2 && fclose(to[1].made) != 0);
}
