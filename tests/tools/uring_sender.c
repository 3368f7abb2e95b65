// SPDX-License-Identifier: BSD-3-Clause
// uring_sender [--plain] [--wait] [--every MICROSECONDS] ADDRESS PORT COUNT - sends COUNT RTP packets by io_uring, on rings
// of its own and by system calls of its own, as liburing does; by sendmsg() where io_uring_setup is refused, or at once
// with --plain. Says "io_uring" or "sendmsg" at the end; with --wait "ready" instead, and stays until the end of its
// standard input. Exit status 1 if one was not sent whole, or if an errno changed on the way to success.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LEN = 1000, ENTRIES = 8, PER_FRAME = 4, SENTINEL = 4711 };

/* One entry is in flight at a time, so the rings need no more than an index each. */
struct rings {
	int fd;
	unsigned *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static long call(long nr, long a, long b, long c, long d)
{
#if defined(__x86_64__)
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = 0;
	register long r9 __asm__("r9") = 0;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
#else
	long result = syscall(nr, a, b, c, d, 0, 0);

	return result < 0 ? -errno : result;
#endif
}

static void *map(int fd, size_t len, off_t what)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, what);

	if (at == MAP_FAILED) {
		perror("uring_sender: mmap");
		exit(2);
	}
	return at;
}

static bool rings_open(struct rings *r)
{
	struct io_uring_params p = { .flags = 0 };
	uint8_t *sq, *cq;
	long fd = call(__NR_io_uring_setup, ENTRIES, (long)&p, 0, 0);

	if (fd == -EPERM || fd == -ENOSYS)
		return false;
	if (fd < 0) {
		fprintf(stderr, "uring_sender: io_uring_setup: %s\n", strerror((int)-fd));
		exit(2);
	}
	r->fd = (int)fd;
	sq = map(r->fd, p.sq_off.array + p.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	cq = map(r->fd, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	r->sqes = map(r->fd, p.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	r->sq_tail = (unsigned *)(void *)(sq + p.sq_off.tail);
	r->sq_mask = (unsigned *)(void *)(sq + p.sq_off.ring_mask);
	r->sq_array = (unsigned *)(void *)(sq + p.sq_off.array);
	r->cq_head = (unsigned *)(void *)(cq + p.cq_off.head);
	r->cq_tail = (unsigned *)(void *)(cq + p.cq_off.tail);
	r->cq_mask = (unsigned *)(void *)(cq + p.cq_off.ring_mask);
	r->cqes = (struct io_uring_cqe *)(void *)(cq + p.cq_off.cqes);
	return true;
}

static long by_ring(const struct rings *r, int socket, const struct msghdr *msg)
{
	unsigned tail = *r->sq_tail, at = tail & *r->sq_mask, head = *r->cq_head;
	long result, submit = 1;

	memset(&r->sqes[at], 0, sizeof r->sqes[at]);
	r->sqes[at].opcode = IORING_OP_SENDMSG;
	r->sqes[at].fd = socket;
	r->sqes[at].addr = (uint64_t)(uintptr_t)msg;
	r->sqes[at].len = 1;
	r->sq_array[at] = at;
	__atomic_store_n(r->sq_tail, tail + 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE) == head) {
		result = call(__NR_io_uring_enter, r->fd, submit, 1, IORING_ENTER_GETEVENTS);
		if (result < 0 && result != -EINTR)
			return result;
		submit = result < 0 ? submit : 0;
	}
	result = r->cqes[head & *r->cq_mask].res;
	__atomic_store_n(r->cq_head, head + 1, __ATOMIC_RELEASE);
	return result;
}

static long by_sendmsg(int socket, const struct msghdr *msg)
{
	long result;

	errno = SENTINEL;
	result = sendmsg(socket, msg, MSG_NOSIGNAL);
	if (result >= 0 && errno != SENTINEL) {
		fprintf(stderr, "uring_sender: errno became %d\n", errno);
		exit(1);
	}
	return result < 0 ? -errno : result;
}

/* Payload type 96, H.264 slices, PER_FRAME packets to a picture. */
static void packet_write(uint8_t packet[static LEN], uint32_t index)
{
	uint16_t sequence = htons((uint16_t)index);
	uint32_t time = htonl(index / PER_FRAME * 3000), ssrc = htonl(0x75726e67);

	memset(packet, (int)(index & 0xff), LEN);
	packet[0] = 0x80;
	packet[1] = index % PER_FRAME == PER_FRAME - 1 ? 0xe0 : 0x60;
	memcpy(packet + 2, &sequence, 2);
	memcpy(packet + 4, &time, 4);
	memcpy(packet + 8, &ssrc, 4);
	packet[12] = 0x61;
	memcpy(packet + 16, &index, 4);
}

static void pause_for(long microseconds)
{
	struct timespec t = { microseconds / 1000000, microseconds % 1000000 * 1000 };

	while (microseconds && clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) == EINTR)
		;
}

static int send_all(const struct rings *rings, int s, long count, long every)
{
	static uint8_t packet[LEN];
	struct iovec piece = { packet, LEN };
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1 };

	for (long i = 0; i < count; i++) {
		long result;

		packet_write(packet, (uint32_t)i);
		result = rings ? by_ring(rings, s, &msg) : by_sendmsg(s, &msg);
		if (result != LEN) {
			fprintf(stderr, "uring_sender: packet %ld: %s\n", i, result < 0 ? strerror((int)-result) : "cut");
			return 1;
		}
		pause_for(every);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	bool plain = false, stay = false, ring;
	struct rings rings = { .fd = -1 };
	long every = 0;
	int at = 1, s, status;

	for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
		plain |= strcmp(argv[at], "--plain") == 0;
		stay |= strcmp(argv[at], "--wait") == 0;
		if (strcmp(argv[at], "--every") == 0 && at + 1 < argc)
			every = strtol(argv[++at], NULL, 10);
	}
	if (argc - at != 3 || inet_pton(AF_INET, argv[at], &to.sin_addr) != 1) {
		fputs("usage: uring_sender [--plain] [--wait] [--every MICROSECONDS] ADDRESS PORT COUNT\n", stderr);
		return 2;
	}
	to.sin_port = htons((uint16_t)strtol(argv[at + 1], NULL, 10));
	ring = !plain && rings_open(&rings);
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0 || connect(s, (struct sockaddr *)&to, sizeof to) != 0) {
		perror("uring_sender");
		return 2;
	}
	status = send_all(ring ? &rings : NULL, s, strtol(argv[at + 2], NULL, 10), every);
	if (puts(stay ? "ready" : ring ? "io_uring" : "sendmsg") < 0 || fflush(stdout) != 0)
		return 2;
	while (stay && getchar() != EOF)
		;
	return status;
}
