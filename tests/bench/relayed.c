/* SPDX-License-Identifier: BSD-3-Clause
 *
 * relayed FILE - sends through a relay in user space, as a server might do in place of the shim, and obeys pair (sender.h).
 *
 * FILE has four words: the relay (socat: plain UDP; coturn: TURN), its process number, its port, and the device at which
 * what it sends on arrives. Only what arrived counts, and the relay's processor time counts as ours. A relay gives no
 * backpressure: after each batch we give way until it has caught up, so that nothing is lost for want of room. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "sender.h"

enum { PAYLOAD = 1200, BATCH = 32, WARM = 320, CHANNEL = 0x4000, CHANNEL_HEADER = 4, STUN_HEADER = 20 };
static const uint32_t magic = 0x2112a442; /* RFC 8489 */
static const uint64_t patience_ns = 20000000000u;

static int fd, counter;
static uint8_t octets[CHANNEL_HEADER + PAYLOAD];
static size_t header;          /* octets of TURN's framing in front of the payload */
static char device[32];
static clockid_t relay_clock;
static uint64_t sent;

static void die(const char *what)
{
	fprintf(stderr, "relayed: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Nanoseconds of processor time: ours and that of the relay with all its threads. */
static uint64_t cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID) + clock_ns(relay_clock);
}

static uint64_t arrived(void)
{
	static char text[4096];
	ssize_t n = pread(counter, text, sizeof(text) - 1, 0);
	uint64_t rx, tx, dropped;
	char *at;

	text[n > 0 ? n : 0] = 0;
	at = strstr(text, device);
	if (!at || sscanf(at + strlen(device), "%*u %" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64 " %*u %" SCNu64, &rx, &tx, &dropped) != 3)
		die("the sink's counter");
	return rx + tx + dropped; /* of which the sink has only one */
}

/* --- TURN (RFC 8656): an allocation and a channel --------------------------------------------------------------------------- */

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

/* Sends a request with these attributes; its success must come back. */
static void request(unsigned method, const uint8_t *attributes, size_t len)
{
	uint8_t message[128] = { 0 }, answer[1024];
	ssize_t n;

	put16(message, method);
	put16(message + 2, (unsigned)len);
	put32(message + 4, magic);
	if (getrandom(message + 8, 12, 0) != 12)
		die("random");
	memcpy(message + STUN_HEADER, attributes, len);
	for (int tries = 0; tries < 10; tries++) {
		if (send(fd, message, STUN_HEADER + len, 0) < 0)
			die("a request to the TURN server");
		n = recv(fd, answer, sizeof(answer), 0);
		if (n < STUN_HEADER || memcmp(answer + 4, message + 4, 16) != 0)
			continue;
		if (answer[0] == ((method | 0x100) >> 8) && answer[1] == (method & 0xff))
			return;
		errno = EPROTO;
		break;
	}
	die("the TURN server's answer");
}

static void open_channel(const char *peer, uint16_t port)
{
	static const uint8_t udp[] = { 0x00, 0x19, 0, 4, 17, 0, 0, 0 }; /* REQUESTED-TRANSPORT */
	uint8_t bind[20] = { 0x00, 0x0c, 0, 4, CHANNEL >> 8, CHANNEL & 0xff, 0, 0, 0x00, 0x12, 0, 8, 0, 1 };
	struct timeval wait = { .tv_sec = 1 };
	struct in_addr to;

	inet_pton(AF_INET, peer, &to);
	put16(bind + 14, port ^ (magic >> 16));
	put32(bind + 16, ntohl(to.s_addr) ^ magic);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	request(0x003, udp, sizeof(udp));
	request(0x009, bind, sizeof(bind));
	put16(octets, CHANNEL);
	put16(octets + 2, PAYLOAD);
	header = CHANNEL_HEADER;
}

/* --- Sending ----------------------------------------------------------------------------------------------------------------- */

static void stamp(uint8_t *rtp, uint32_t n)
{
	rtp[0] = 0x80;
	rtp[1] = 96;
	put16(rtp + 2, n & 0xffff);
	put32(rtp + 4, n / 10 * 3000);
	put32(rtp + 8, 0x5eed);
}

/* Until the time, or for so many datagrams; every batch has arrived when it ends. */
static struct report run(uint64_t ns, uint64_t count)
{
	struct report report = { .ns = clock_ns(CLOCK_MONOTONIC), .cpu_ns = cpu_ns() };
	uint64_t end = report.ns + ns, before = sent, first = arrived() - sent; /* others send to that device, but not now */

	do {
		for (unsigned i = 0; i < BATCH; i++) {
			stamp(octets + header, (uint32_t)sent);
			report.errors += send(fd, octets, header + PAYLOAD, 0) != (ssize_t)(header + PAYLOAD);
			sent++;
		}
		while (arrived() - first < sent && !report.errors) {
			sched_yield();
			report.errors += clock_ns(CLOCK_MONOTONIC) - report.ns > patience_ns; /* lost, or the relay has died */
		}
	} while ((count ? sent - before < count : clock_ns(CLOCK_MONOTONIC) < end) && !report.errors);
	report.ns = clock_ns(CLOCK_MONOTONIC) - report.ns;
	report.cpu_ns = cpu_ns() - report.cpu_ns;
	report.datagrams = sent - before;
	return report;
}

int main(int argc, char **argv)
{
	struct sockaddr_in relay = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char kind[16], name[16];
	struct report report;
	struct order order;
	unsigned pid, port;
	FILE *f = argc == 2 ? fopen(argv[1], "re") : NULL;

	if (!f || fscanf(f, "%15s %u %u %15s", kind, &pid, &port, name) != 4) {
		fprintf(stderr, "usage: relayed FILE\n");
		return 2;
	}
	fclose(f);
	snprintf(device, sizeof(device), "%s:", name);
	relay.sin_port = htons((uint16_t)port);
	if (clock_getcpuclockid((pid_t)pid, &relay_clock) != 0)
		die("the relay's clock");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	counter = open("/proc/thread-self/net/dev", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || counter < 0 || connect(fd, (struct sockaddr *)&relay, sizeof(relay)) != 0)
		die("the relay's socket");
	if (strcmp(kind, "coturn") == 0)
		open_channel("198.18.0.1", 5004);
	report = run(0, WARM);
	while (write(REPORT_FD, &report, sizeof(report)) == sizeof(report) && read(0, &order, sizeof(order)) == sizeof(order))
		report = run(order.ns, 0);
	return 0;
}
