// SPDX-License-Identifier: BSD-3-Clause
// soakcount LEDGER ADDRESS PORT... - the receiver of the soak: takes every datagram that comes to the ports, from "ready"
// until the end of its standard input and until nothing is on its way any more, and compares with what the senders wrote
// down (tests/preload/libs/faults.c). Prints one line of figures:
//   sent N received N lost N strange N repeated N overflow N    (overflow: dropped by the kernel for want of room)
// soakcount --report FILE - the figures of a report, a line each.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../preload/faults.h"

enum { PORTS = 8, BUFFER = 64 << 20, LATE_MS = 3000, TICK_MS = 50 };

static uint64_t *received;
static uint64_t count;
static uint32_t overflow[PORTS];

static void *map(const char *path, size_t len)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *at;

	if (fd < 0 || ftruncate(fd, (off_t)len) != 0 || (at = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0)) == MAP_FAILED) {
		perror(path);
		exit(2);
	}
	close(fd);
	return at;
}

static int listen_at(const char *address, const char *port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port)) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = six.sin6_port };
	bool is_six = inet_pton(AF_INET6, address, &six.sin6_addr) == 1;
	int s = socket(is_six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), size = BUFFER, yes = 1;

	if (!is_six)
		inet_pton(AF_INET, address, &four.sin_addr);
	if (setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
		setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	setsockopt(s, SOL_SOCKET, SO_RXQ_OVFL, &yes, sizeof yes);
	if (s < 0 || bind(s, is_six ? (void *)&six : (void *)&four, is_six ? sizeof six : sizeof four) != 0) {
		perror("soakcount: bind");
		exit(2);
	}
	return s;
}

static bool take(int s, uint32_t *lost)
{
	static uint8_t octets[65536];
	_Alignas(struct cmsghdr) uint8_t control[64];
	struct iovec piece = { octets, sizeof octets };
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	ssize_t n = recvmsg(s, &msg, 0);

	if (n < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL)
			memcpy(lost, CMSG_DATA(c), sizeof *lost);
	if (count < FAULTS_DATAGRAMS)
		received[count++] = faults_digest(FAULTS_DIGEST, octets, (size_t)n);
	return true;
}

static void receive(const struct faults_ledger *ledger, struct pollfd *p, unsigned n)
{
	unsigned silent = 0;
	bool open = true;

	while (open || (count < ledger->count && silent < LATE_MS / TICK_MS)) {
		int ready = poll(p, n + 1, TICK_MS);

		silent = ready == 0 ? silent + 1 : 0;
		for (unsigned i = 0; i < n && ready > 0; i++)
			while (p[i].revents && take(p[i].fd, &overflow[i]))
				;
		if (ready > 0 && p[n].revents) {
			char c;

			if (read(p[n].fd, &c, 1) <= 0) {
				open = false;
				p[n].fd = -1;
			}
		}
	}
	/* One look more: what came twice comes late. */
	poll(p, n, TICK_MS);
	for (unsigned i = 0; i < n; i++)
		while (take(p[i].fd, &overflow[i]))
			;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void compare(const struct faults_ledger *ledger, unsigned ports)
{
	uint64_t sent = ledger->count < FAULTS_DATAGRAMS ? ledger->count : FAULTS_DATAGRAMS, lost = 0, strange = 0, repeated = 0;
	uint64_t *list = malloc((sent + 1) * sizeof *list), i = 0, j = 0, sum = 0;

	if (!list)
		exit(2);
	memcpy(list, ledger->digest, sent * sizeof *list);
	qsort(list, sent, sizeof *list, by_value);
	qsort(received, count, sizeof *received, by_value);
	while (i < sent || j < count) {
		if (j == count || (i < sent && list[i] < received[j])) {
			lost++;
			i++;
		} else if (i == sent || received[j] < list[i]) {
			if (i && list[i - 1] == received[j])
				repeated++;
			else
				strange++;
			j++;
		} else {
			i++;
			j++;
		}
	}
	for (unsigned k = 0; k < ports; k++)
		sum += overflow[k];
	printf("sent %" PRIu64 " received %" PRIu64 " lost %" PRIu64 " strange %" PRIu64 " repeated %" PRIu64 " overflow %" PRIu64 "\n",
		sent, count, lost, strange, repeated, sum);
	free(list);
}

static int show(const char *path)
{
	static const char *const kinds[] = { FAULT_NAMES }, *const calls[] = { FAULT_CALL_NAMES };
	const struct faults_report *r = map(path, sizeof *r);
	uint64_t all = 0;

	for (unsigned i = 0; i < FAULT_KINDS; i++) {
		printf("fault.%s %" PRIu64 "\n", kinds[i], r->fault[i]);
		all += r->fault[i];
	}
	for (unsigned i = 0; i < FAULT_CALLS_MOST; i++)
		if (r->refused[i])
			printf("refused.%s %" PRIu64 "\n", calls[i], r->refused[i]);
	printf("faults %" PRIu64 "\ncalls %" PRIu64 "\nprocesses %" PRIu64 "\nwithout %" PRIu64 "\nresults %" PRIu64
	       "\nerrnos %" PRIu64 "\nchildren_failed %" PRIu64 "\nwrapped %" PRIu64 "\n", all, r->calls, r->processes, r->without, r->results,
		r->errnos, r->children_failed, r->wrapped);
	if (r->results || r->errnos)
		printf("last %" PRId64 " expected %" PRId64 " errno %" PRId64 "\n", r->last_result, r->last_expected, r->last_errno);
	if (r->children_failed)
		printf("last_child %s wait status %#" PRIx64 "\n", kinds[r->last_child_kind], (uint64_t)r->last_child);
	return 0;
}

int main(int argc, char **argv)
{
	const struct faults_ledger *ledger;
	struct pollfd p[PORTS + 1];
	unsigned n = 0;

	if (argc == 3 && strcmp(argv[1], "--report") == 0)
		return show(argv[2]);
	if (argc < 4 || argc > 3 + PORTS) {
		fputs("usage: soakcount LEDGER ADDRESS PORT...\n       soakcount --report FILE\n", stderr);
		return 2;
	}
	ledger = map(argv[1], sizeof *ledger);
	received = malloc(FAULTS_DATAGRAMS * sizeof *received);
	for (int i = 3; i < argc; i++)
		p[n++] = (struct pollfd){ .fd = listen_at(argv[2], argv[i]), .events = POLLIN };
	p[n] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	if (!received || puts("ready") < 0 || fflush(stdout) != 0)
		return 2;
	receive(ledger, p, n);
	compare(ledger, n);
	return 0;
}
