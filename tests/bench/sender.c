/* SPDX-License-Identifier: BSD-3-Clause
 *
 * sender CALL TARGET CONNECTED FLOWS THREADS [COUNT] - sends RTP as a media server would, by one kind of call.
 *
 * CALL: sendto sendmsg sendmmsg train (UDP_SEGMENT), or what the shim has to leave alone: tcp unix file
 * TARGET: 4, 6 (routed by the bench's configuration), bare (IPv4, which no route covers); CONNECTED: 0 or 1
 * With COUNT it sends so many datagrams in each thread and ends. Without, it obeys pair (sender.h).
 * It measures itself, so that starting and stepping cost nothing. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sender.h"

enum { PAYLOAD = 1200, BATCH = 32, FRAME = 10, THREADS_MAX = 2, DRAIN = 1 << 18 };

struct sender {
	int fd, peer;                  /* peer: the far end of a stream, which has to be drained */
	uint32_t flows, sent;
	bool connected;
	socklen_t to_len;
	struct sockaddr_in6 to[BATCH]; /* or sockaddr_in */
	struct iovec iov[BATCH];
	struct mmsghdr message[BATCH];
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(uint16_t))];
	uint8_t octets[BATCH * PAYLOAD];
	uint64_t datagrams, errors;
};

struct call {
	const char *name;
	unsigned batch;
	bool media;
	unsigned (*send)(struct sender *s); /* a batch of datagrams; how many went out whole */
};

static struct sender senders[THREADS_MAX];
static const struct call *call;
static unsigned threads;
static pthread_barrier_t begin, end;
static uint64_t deadline, quota;       /* of this slice: a time, or datagrams of each thread */

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "sender: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- Datagrams: H.264 in FU-A fragments, ten to a frame ----------------------------------------------------------------- */

static void put_u32(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, sizeof(v));
}

static void stamp(uint8_t *p, uint32_t n)
{
	uint32_t of_frame = n % FRAME;
	uint16_t seq = htons((uint16_t)n);

	p[1] = (uint8_t)(96 | (of_frame == FRAME - 1 ? 0x80 : 0));
	memcpy(p + 2, &seq, sizeof(seq));
	put_u32(p + 4, n / FRAME * 3000);
	p[13] = (uint8_t)(1 | (of_frame == 0 ? 0x80 : of_frame == FRAME - 1 ? 0x40 : 0));
}

static void fill(struct sender *s)
{
	for (size_t i = 0; i < sizeof(s->octets); i++)
		s->octets[i] = (uint8_t)(i * 37 + i / 251);
	for (unsigned i = 0; i < BATCH; i++) {
		uint8_t *p = s->octets + i * PAYLOAD;

		p[0] = 0x80;
		put_u32(p + 8, 0x5eed);
		p[12] = 0x7c; /* FU-A */
		stamp(p, i);
	}
}

static void aim(struct sender *s, unsigned i, uint32_t n)
{
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)&s->to[i];
	uint32_t at = 1 + n % s->flows;

	if (s->to_len == sizeof(*four))
		four->sin_addr.s_addr = htonl((ntohl(four->sin_addr.s_addr) & 0xfffe0000) | at);
	else
		put_u32(s->to[i].sin6_addr.s6_addr + 12, at);
}

static void next(struct sender *s, unsigned i)
{
	stamp(s->octets + i * PAYLOAD, s->sent + i);
	if (s->flows > 1)
		aim(s, i, s->sent + i);
}

/* --- Calls -------------------------------------------------------------------------------------------------------------- */

static unsigned by_sendto(struct sender *s)
{
	const struct sockaddr *to = s->connected ? NULL : (const struct sockaddr *)(const void *)&s->to[0];

	next(s, 0);
	return sendto(s->fd, s->octets, PAYLOAD, 0, to, s->connected ? 0 : s->to_len) == PAYLOAD;
}

static unsigned by_sendmsg(struct sender *s)
{
	next(s, 0);
	return sendmsg(s->fd, &s->message[0].msg_hdr, 0) == PAYLOAD;
}

static unsigned by_sendmmsg(struct sender *s)
{
	int n;

	for (unsigned i = 0; i < BATCH; i++)
		next(s, i);
	n = sendmmsg(s->fd, s->message, BATCH, 0);
	return n > 0 ? (unsigned)n : 0;
}

static unsigned by_train(struct sender *s)
{
	for (unsigned i = 0; i < BATCH; i++)
		stamp(s->octets + i * PAYLOAD, s->sent + i);
	return sendmsg(s->fd, &s->message[0].msg_hdr, 0) == BATCH * PAYLOAD ? BATCH : 0;
}

static bool drain(struct sender *s, ssize_t len)
{
	static uint8_t sink[THREADS_MAX][DRAIN];

	while (len > 0) {
		ssize_t n = recv(s->peer, sink[s - senders], DRAIN, MSG_TRUNC);

		if (n <= 0)
			return false;
		len -= n;
	}
	return true;
}

static unsigned by_stream(struct sender *s)
{
	unsigned n = 0;

	while (n < BATCH && send(s->fd, s->octets, PAYLOAD, 0) == PAYLOAD)
		n++;
	return drain(s, (ssize_t)n * PAYLOAD) ? n : 0;
}

static unsigned by_write(struct sender *s)
{
	unsigned n = 0;

	while (n < BATCH && write(s->fd, s->octets, PAYLOAD) == PAYLOAD)
		n++;
	return n;
}

static const struct call calls[] = {
	{ "sendto", 1, true, by_sendto },
	{ "sendmsg", 1, true, by_sendmsg },
	{ "sendmmsg", BATCH, true, by_sendmmsg },
	{ "train", BATCH, true, by_train },
	{ "tcp", BATCH, false, by_stream },
	{ "unix", BATCH, false, by_stream },
	{ "file", BATCH, false, by_write },
};

/* --- Opening ------------------------------------------------------------------------------------------------------------ */

static void open_tcp(struct sender *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	socklen_t len = sizeof(at);

	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&at, len) != 0 || listen(listener, 1) != 0 ||
		getsockname(listener, (struct sockaddr *)&at, &len) != 0 || connect(s->fd, (struct sockaddr *)&at, len) != 0)
		die("tcp");
	s->peer = accept(listener, NULL, NULL);
	if (s->peer < 0 || setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0)
		die("tcp");
	close(listener);
}

static void open_other(struct sender *s)
{
	int pair[2];

	if (strcmp(call->name, "tcp") == 0) {
		open_tcp(s);
	} else if (strcmp(call->name, "file") == 0) {
		s->fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	} else {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
			die("unix");
		s->fd = pair[0];
		s->peer = pair[1];
	}
	if (s->fd < 0)
		die(call->name);
}

static void set_target(struct sender *s, const char *target)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(5004) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(5004) };

	inet_pton(AF_INET, strcmp(target, "bare") == 0 ? "203.0.113.1" : "198.18.0.1", &four.sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &six.sin6_addr);
	s->to_len = strcmp(target, "6") == 0 ? sizeof(six) : sizeof(four);
	for (unsigned i = 0; i < BATCH; i++)
		memcpy(&s->to[i], s->to_len == sizeof(six) ? (void *)&six : (void *)&four, s->to_len);
}

static void set_messages(struct sender *s)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)s->control;
	uint16_t segment = PAYLOAD;
	bool train = strcmp(call->name, "train") == 0;

	for (unsigned i = 0; i < BATCH; i++) {
		struct msghdr *msg = &s->message[i].msg_hdr;

		s->iov[i] = (struct iovec){ s->octets + i * PAYLOAD, train ? BATCH * PAYLOAD : PAYLOAD };
		msg->msg_iov = &s->iov[i];
		msg->msg_iovlen = 1;
		if (!s->connected) {
			msg->msg_name = &s->to[i];
			msg->msg_namelen = s->to_len;
		}
	}
	if (!train)
		return;
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(segment));
	memcpy(CMSG_DATA(c), &segment, sizeof(segment));
	s->message[0].msg_hdr.msg_control = s->control;
	s->message[0].msg_hdr.msg_controllen = sizeof(s->control);
}

/* A server is bound to its port, whether it connects or not. */
static void open_media(struct sender *s, const char *target)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };

	set_target(s, target);
	if (s->to_len < sizeof(any))
		any.sin6_family = AF_INET; /* the rest is zero in both */
	s->fd = socket(any.sin6_family, SOCK_DGRAM, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&any, s->to_len) != 0)
		die("socket");
	if (s->connected && connect(s->fd, (struct sockaddr *)&s->to[0], s->to_len) != 0)
		die("connect");
	set_messages(s);
}

/* --- Running ------------------------------------------------------------------------------------------------------------ */

static bool over(const struct sender *s)
{
	return quota ? s->datagrams >= quota : clock_ns(CLOCK_MONOTONIC) >= deadline;
}

static void work(struct sender *s)
{
	s->datagrams = s->errors = 0;
	do {
		for (unsigned done = 0; done < BATCH; done += call->batch) {
			unsigned n = call->send(s);

			s->sent += call->batch;
			s->datagrams += n;
			s->errors += n < (call->media ? call->batch : BATCH);
			if (!call->media)
				break;
		}
	} while (!over(s) && !s->errors);
}

static void *worker(void *argument)
{
	for (;;) {
		pthread_barrier_wait(&begin);
		work(argument);
		pthread_barrier_wait(&end);
	}
	return NULL;
}

static struct report run(void)
{
	struct report report = { .ns = clock_ns(CLOCK_MONOTONIC), .cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) };

	if (threads > 1)
		pthread_barrier_wait(&begin);
	work(&senders[0]);
	if (threads > 1)
		pthread_barrier_wait(&end);
	report.ns = clock_ns(CLOCK_MONOTONIC) - report.ns;
	report.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - report.cpu_ns;
	for (unsigned i = 0; i < threads; i++) {
		report.datagrams += senders[i].datagrams;
		report.errors += senders[i].errors;
	}
	return report;
}

static void obey(uint32_t flows)
{
	struct report report;
	struct order order;

	quota = flows > 320 ? flows : 320; /* warm: every flow once */
	report = run();
	quota = 0;
	while (write(REPORT_FD, &report, sizeof(report)) == sizeof(report) && read(0, &order, sizeof(order)) == sizeof(order)) {
		deadline = clock_ns(CLOCK_MONOTONIC) + order.ns;
		report = run();
	}
}

static void choose(const char *name)
{
	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].name, name) == 0)
			call = &calls[i];
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc >= 6)
		choose(argv[1]);
	threads = argc >= 6 ? (unsigned)atoi(argv[5]) : 0;
	if (!call || threads < 1 || threads > THREADS_MAX) {
		fprintf(stderr, "usage: sender CALL TARGET CONNECTED FLOWS THREADS [COUNT]\n");
		return 2;
	}
	pthread_barrier_init(&begin, NULL, threads);
	pthread_barrier_init(&end, NULL, threads);
	for (unsigned i = 0; i < threads; i++) {
		struct sender *s = &senders[i];

		s->connected = atoi(argv[3]) != 0;
		s->flows = (uint32_t)atoi(argv[4]);
		fill(s);
		if (call->media)
			open_media(s, argv[2]);
		else
			open_other(s);
		if (i && pthread_create(&thread, NULL, worker, s) != 0)
			die("thread");
	}
	if (argc < 7) {
		obey(senders[0].flows);
		return 0;
	}
	quota = (uint64_t)atoll(argv[6]);
	return run().errors != 0;
}
