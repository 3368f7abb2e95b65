/* SPDX-License-Identifier: BSD-3-Clause
 *
 * replay FILE TIMES PIECES - sends the datagrams of a recorded stream again, in one piece or in two, the first of which is the
 * RTP header, as GStreamer gathers them. Prints how many it sent.
 *
 * FILE: a capture (pcap), or RTP packets each behind its length (RFC 4571), as GStreamer's rtpstreampay writes them. Each
 * five-tuple of a capture is sent by a socket of its own. All goes to where ns.sh has a route. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "check/capture.h"

enum { DATAGRAMS = 4096, SOCKETS = 32, OCTETS = 1 << 24 };

struct datagram {
	int fd;
	size_t at, len;
};

static struct datagram datagram[DATAGRAMS];
static uint8_t octets[OCTETS];
static size_t used;
static unsigned datagrams, sockets;
static struct { struct md_tuple tuple; int fd; } known[SOCKETS];

static _Noreturn void die(const char *file, const char *what)
{
	fprintf(stderr, "replay: %s: %s\n", file, what);
	exit(1);
}

static int socket_of(const char *file, const struct md_tuple *tuple)
{
	struct sockaddr_in any = { .sin_family = AF_INET };

	for (unsigned i = 0; i < sockets; i++)
		if (memcmp(&known[i].tuple, tuple, sizeof(*tuple)) == 0)
			return known[i].fd;
	if (sockets == SOCKETS)
		die(file, "more five-tuples than this program keeps");
	known[sockets].tuple = *tuple;
	known[sockets].fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (known[sockets].fd < 0 || bind(known[sockets].fd, (struct sockaddr *)&any, sizeof(any)) != 0)
		die(file, "no socket");
	return known[sockets++].fd;
}

static void keep(const char *file, const uint8_t *from, size_t len, int fd)
{
	if (datagrams == DATAGRAMS || len > OCTETS - used)
		die(file, "longer than this program keeps");
	memcpy(octets + used, from, len);
	datagram[datagrams++] = (struct datagram){ fd, used, len };
	used += len;
}

static void load_capture(const char *file)
{
	struct captured packet;
	const char *wrong = NULL;

	while (capture_next(&packet, &wrong))
		keep(file, packet.data.flat, packet.data.len, socket_of(file, &packet.tuple));
	if (wrong)
		die(file, wrong);
}

static void load_framed(const char *file)
{
	static const struct md_tuple one;
	static uint8_t packet[UINT16_MAX];
	uint8_t head[2];
	FILE *f = fopen(file, "rb");

	if (!f)
		die(file, "cannot be opened");
	while (fread(head, sizeof(head), 1, f) == 1) {
		size_t len = (size_t)head[0] << 8 | head[1];

		if (!len || fread(packet, len, 1, f) != 1)
			die(file, "neither a capture nor framed RTP");
		keep(file, packet, len, socket_of(file, &one));
	}
	fclose(f);
}

/* Octets of the RTP header with its extension; of what is no RTP, all. */
static size_t header_of(const uint8_t *p, size_t len)
{
	size_t head = len >= 12 && p[0] >> 6 == 2 ? 12 + 4 * (size_t)(p[0] & 15) : len;

	if (head + 4 <= len && p[0] & 0x10)
		head += 4 + 4 * ((size_t)p[head + 2] << 8 | p[head + 3]);
	return head < len ? head : len;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(5004) };
	struct iovec piece[2];
	struct msghdr msg = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = piece };
	unsigned long sent = 0;
	int pieces;

	if (argc != 4) {
		fprintf(stderr, "usage: replay FILE TIMES PIECES\n");
		return 2;
	}
	if (capture_open(argv[1]))
		load_framed(argv[1]);
	else
		load_capture(argv[1]);
	inet_pton(AF_INET, "198.18.0.1", &to.sin_addr);
	pieces = atoi(argv[3]);
	for (int times = atoi(argv[2]); times > 0; times--) {
		for (const struct datagram *d = datagram; d < datagram + datagrams; d++) {
			size_t first = pieces > 1 ? header_of(octets + d->at, d->len) : d->len;

			piece[0] = (struct iovec){ octets + d->at, first };
			piece[1] = (struct iovec){ octets + d->at + first, d->len - first };
			msg.msg_iovlen = first < d->len ? 2 : 1;
			if (sendmsg(d->fd, &msg, 0) != (ssize_t)d->len)
				die(argv[1], "a send failed");
			sent++;
		}
	}
	printf("%lu\n", sent);
	return 0;
}
