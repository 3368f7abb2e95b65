/* SPDX-License-Identifier: BSD-3-Clause
 *
 * streamsend ADDRESS PORT FILE ROUNDS - QUIC, for all the shim knows, whose datagrams say by a hint which stream they belong to: 0
 * or 1, in every mixture. By sendmsg(2), sendmmsg(2) and segment trains (UDP_SEGMENT). They go to FILE in the framing of RFC 4571, in
 * the order in which they were sent. Before, the socket sends a long header to the next port. Prints how many there were of each
 * stream.
 *
 * Every call's answer is checked; a wrong one ends the program with status 1. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <mdshim/hints.h>

enum { BATCH = 32, LEN = 1100, SEGMENTS = 8 };

struct message {
	struct msghdr head;
	struct iovec iov;
	_Alignas(struct cmsghdr) uint8_t control[MD_HINT_SPACE + CMSG_SPACE(sizeof(uint16_t))];
	uint8_t octets[SEGMENTS * LEN];
};

static struct sockaddr_storage to;
static socklen_t to_len;
static struct message message[BATCH];
static unsigned of_stream[2];
static uint32_t number;
static FILE *made;
static int fd;

static void fail(const char *what, long got, long expected)
{
	fprintf(stderr, "streamsend: %s: %ld, expected %ld: %s\n", what, got, expected, strerror(errno));
	exit(1);
}

static void address(const char *name, uint16_t port)
{
	struct sockaddr_in6 *six = (void *)&to;
	struct sockaddr_in *four = (void *)&to;

	if (inet_pton(AF_INET6, name, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		to_len = sizeof(*six);
	} else if (inet_pton(AF_INET, name, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		to_len = sizeof(*four);
	} else {
		fail(name, 0, 1);
	}
	four->sin_port = htons(port); /* at the same place in both */
}

/* A short header, and its number. */
static void datagram(uint8_t *p, size_t len)
{
	number++;
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(i * 31 + number * 7);
	p[0] = 0x41;
	memcpy(p + 1, &number, sizeof(number));
}

/* len octets, of the stream; in segments of LEN if there are more. */
static void prepare(struct message *m, size_t len, uint8_t stream)
{
	struct md_hint hint = { .version = MD_HINT_VERSION, .given = MD_HINT_STREAM, .stream = stream };
	uint16_t segment = LEN;
	size_t control = md_hint_put(m->control, 0, sizeof(m->control), &hint);

	if (len > LEN) {
		struct cmsghdr c = { .cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof(segment)) };

		memset(m->control + control, 0, CMSG_SPACE(sizeof(segment)));
		memcpy(m->control + control, &c, sizeof(c));
		memcpy(m->control + control + CMSG_LEN(0), &segment, sizeof(segment));
		control += CMSG_SPACE(sizeof(segment));
	}
	for (size_t at = 0; at < len; at += LEN)
		datagram(m->octets + at, len - at < LEN ? len - at : LEN);
	of_stream[stream] += (unsigned)((len + LEN - 1) / LEN);
	m->iov = (struct iovec){ m->octets, len };
	m->head = (struct msghdr){ .msg_name = &to, .msg_namelen = to_len, .msg_iov = &m->iov, .msg_iovlen = 1,
		.msg_control = m->control, .msg_controllen = control };
}

static void note(const struct message *m)
{
	for (size_t at = 0; at < m->iov.iov_len; at += LEN) {
		size_t len = m->iov.iov_len - at < LEN ? m->iov.iov_len - at : LEN;
		uint8_t head[2] = { (uint8_t)(len >> 8), (uint8_t)len };

		fwrite(head, 1, sizeof(head), made);
		fwrite(m->octets + at, 1, len, made);
	}
}

static void single(size_t len, uint8_t stream)
{
	prepare(&message[0], len, stream);
	if (sendmsg(fd, &message[0].head, 0) != (ssize_t)len)
		fail("sendmsg", -1, (long)len);
	note(&message[0]);
}

/* Message i is of stream 1 where the bits of mix say so. */
static void batch(unsigned n, size_t len, uint32_t mix)
{
	struct mmsghdr vec[BATCH];
	int sent;

	for (unsigned i = 0; i < n; i++) {
		prepare(&message[i], len, mix >> i & 1);
		vec[i] = (struct mmsghdr){ .msg_hdr = message[i].head };
	}
	sent = sendmmsg(fd, vec, n, 0);
	if (sent != (int)n)
		fail("sendmmsg", sent, (long)n);
	for (unsigned i = 0; i < n; i++) {
		if (vec[i].msg_len != len)
			fail("msg_len", vec[i].msg_len, (long)len);
		note(&message[i]);
	}
}

int main(int argc, char **argv)
{
	static const uint8_t long_header[1200] = { 0xc3, 0, 0, 0, 1, 8 };
	struct timespec pause = { 0, 3000000 };

	if (argc != 5) {
		fputs("usage: streamsend ADDRESS PORT FILE ROUNDS\n", stderr);
		return 2;
	}
	address(argv[1], (uint16_t)(atoi(argv[2]) + 1));
	made = fopen(argv[3], "w");
	fd = socket(to.ss_family, SOCK_DGRAM, 0);
	if (!made || fd < 0)
		fail(argv[3], 0, 1);
	setvbuf(made, NULL, _IONBF, 0);
	if (sendto(fd, long_header, sizeof(long_header), 0, (struct sockaddr *)&to, to_len) != sizeof(long_header))
		fail("long header", -1, sizeof(long_header));
	address(argv[1], (uint16_t)atoi(argv[2]));
	for (unsigned round = 0; round < (unsigned)atoi(argv[4]); round++) {
		uint32_t mix = 0x9e3779b1u * (round + 1);

		single(LEN, 0);
		single(LEN, round & 1);
		batch(BATCH, LEN, mix);
		batch(BATCH, LEN - round % 2, 0x7fff7ffe);
		single(3 * LEN + round % 2 * 100, 1);
		single(3 * LEN, 0);
		batch(5, 2 * LEN, mix);
		nanosleep(&pause, NULL);
	}
	printf("%u %u\n", of_stream[0], of_stream[1]);
	return fclose(made) != 0;
}
