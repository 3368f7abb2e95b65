/* SPDX-License-Identifier: BSD-3-Clause
 *
 * hexpeer HEX... - sends each datagram, given in hex digits, to a socket of its own on the loopback interface and prints
 * what arrives, in hex, until nothing more comes for a third of a second. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { LONGEST = 2000, SILENCE_MS = 333 };

static size_t from_hex(const char *text, uint8_t *octets)
{
	size_t n = strlen(text) / 2;
	unsigned octet;

	for (size_t i = 0; i < n && i < LONGEST; i++) {
		if (sscanf(text + 2 * i, "%2x", &octet) != 1)
			exit(2);
		octets[i] = (uint8_t)octet;
	}
	return n;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int in = socket(AF_INET, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0);
	struct pollfd p = { .fd = in, .events = POLLIN };
	socklen_t len = sizeof(at);
	uint8_t octets[LONGEST];

	if (bind(in, (struct sockaddr *)&at, len) != 0 || getsockname(in, (struct sockaddr *)&at, &len) != 0)
		return 1;
	for (int i = 1; i < argc; i++) {
		size_t n = from_hex(argv[i], octets);
		ssize_t sent = sendto(out, octets, n, 0, (struct sockaddr *)&at, sizeof(at));

		if (sent != (ssize_t)n) {
			printf("sendto: %zd of %zu\n", sent, n);
			return 1;
		}
	}
	while (poll(&p, 1, SILENCE_MS) > 0) {
		ssize_t n = recv(in, octets, sizeof(octets), 0);

		for (ssize_t i = 0; i < n; i++)
			printf("%02x", octets[i]);
		putchar('\n');
	}
	return 0;
}
