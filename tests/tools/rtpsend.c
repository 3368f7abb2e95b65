/* SPDX-License-Identifier: BSD-3-Clause
 *
 * rtpsend.c - an RTP sender that does as it is told, line by line on standard input, and answers each line with one of its own.
 *
 * rtpsend ADDRESS PORT
 *   send N          N pictures of four packets: the first of every thirty a key picture           -> sent PACKETS
 *   threads T N     N pictures by each of T threads, on a socket and with an SSRC of their own     -> sent PACKETS
 *   fork N          parent and child send N pictures each at the same time, by fork                -> sent PACKETS
 *   clone N         the same by a raw clone, of which no library hears                            -> sent PACKETS
 *   chroot FOLDER, user UID   lock the program in                                                  -> done
 *   end                                                                                            (ends)
 * A packet that cannot be sent ends the program with status 1. */
#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PACKETS = 4, LEN = 400, THREADS = 64 };

struct stream {
	int fd;
	uint32_t ssrc, picture;
	unsigned pictures;           /* to send */
	uint16_t seq;
};

static struct sockaddr_storage to;
static socklen_t to_len;

static void fail(const char *what)
{
	fprintf(stderr, "rtpsend: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct stream open_stream(uint32_t ssrc)
{
	struct stream s = { .fd = socket(to.ss_family, SOCK_DGRAM, 0), .ssrc = ssrc };

	if (s.fd < 0)
		fail("socket");
	return s;
}

/* H.264 (RFC 6184): FU-A pieces of one slice, of an IDR picture now and then. */
static void packet(struct stream *s, unsigned i)
{
	uint32_t ts = s->picture * 3000;
	uint8_t p[LEN] = { 0x80, (uint8_t)(96 | (i == PACKETS - 1) << 7), (uint8_t)(s->seq >> 8), (uint8_t)s->seq };
	uint8_t type = s->picture % 30 ? 1 : 5;

	for (int k = 0; k < 4; k++) {
		p[4 + k] = (uint8_t)(ts >> (24 - 8 * k));
		p[8 + k] = (uint8_t)(s->ssrc >> (24 - 8 * k));
	}
	p[12] = 0x60 | 28;
	p[13] = (uint8_t)(type | (i == 0) << 7 | (i == PACKETS - 1) << 6);
	p[14] = 0x88;
	s->seq++;
	if (sendto(s->fd, p, LEN, 0, (struct sockaddr *)&to, to_len) != LEN)
		fail("send");
}

static void pictures(struct stream *s)
{
	struct timespec pause = { 0, 200000 };

	for (unsigned n = 0; n < s->pictures; n++, s->picture++) {
		for (unsigned i = 0; i < PACKETS; i++)
			packet(s, i);
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL); /* a receiver's buffer holds a few hundred packets */
	}
}

static void *thread(void *argument)
{
	pictures(argument);
	return NULL;
}

static unsigned threads(unsigned count, unsigned n)
{
	pthread_t id[THREADS];
	static struct stream stream[THREADS];

	count = count < THREADS ? count : THREADS;
	for (unsigned i = 0; i < count; i++) {
		if (!stream[i].ssrc)
			stream[i] = open_stream(1000 + i);
		stream[i].pictures = n;
		if (pthread_create(&id[i], NULL, thread, &stream[i]))
			fail("pthread_create");
	}
	for (unsigned i = 0; i < count; i++)
		pthread_join(id[i], NULL);
	return count * n * PACKETS;
}

static unsigned both(int raw, struct stream *s, unsigned n)
{
	pid_t child = raw ? (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) : fork();
	int status;

	if (child < 0)
		fail("fork");
	s->pictures = n;
	if (child == 0) {
		struct stream own = open_stream(77);

		own.pictures = n;
		pictures(&own);
		_exit(0);
	}
	pictures(s);
	if (waitpid(child, &status, 0) != child || status)
		fail("the child");
	return 2 * n * PACKETS;
}

static void lock_in(const char *what, const char *where)
{
	if (strcmp(what, "chroot") == 0 ? chroot(where) || chdir("/") : setgroups(0, NULL) || setgid((gid_t)atoi(where)) ||
		setuid((uid_t)atoi(where)))
		fail(what);
	puts("done");
}

int main(int argc, char **argv)
{
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)&to;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)&to;
	char line[300], what[16], where[256];
	struct stream s;
	unsigned n, t;

	if (argc != 3)
		return fprintf(stderr, "usage: rtpsend ADDRESS PORT\n"), 2;
	if (inet_pton(AF_INET, argv[1], &four->sin_addr) == 1) {
		four->sin_family = AF_INET, four->sin_port = htons((uint16_t)atoi(argv[2])), to_len = sizeof *four;
	} else if (inet_pton(AF_INET6, argv[1], &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6, six->sin6_port = htons((uint16_t)atoi(argv[2])), to_len = sizeof *six;
	} else {
		return fprintf(stderr, "rtpsend: no address: %s\n", argv[1]), 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	s = open_stream(42);
	while (fgets(line, sizeof line, stdin) && strcmp(line, "end\n") != 0) {
		if (sscanf(line, "send %u", &n) == 1) {
			s.pictures = n;
			pictures(&s);
			printf("sent %u\n", n * PACKETS);
		} else if (sscanf(line, "threads %u %u", &t, &n) == 2) {
			printf("sent %u\n", threads(t, n));
		} else if (sscanf(line, "fork %u", &n) == 1) {
			printf("sent %u\n", both(0, &s, n));
		} else if (sscanf(line, "clone %u", &n) == 1) {
			printf("sent %u\n", both(1, &s, n));
		} else if (sscanf(line, "%15s %255s", what, where) == 2) {
			lock_in(what, where);
		} else {
			return fprintf(stderr, "rtpsend: what is %s", line), 2;
		}
	}
	return 0;
}
