/* SPDX-License-Identifier: BSD-3-Clause
 *
 * hint.c ADDRESS PORT - an application that knows its frames says so: three frames of three packets each, the second one
 * of which nothing else refers to. Works the same without the shim. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include <mdshim/hints.h>

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argc > 2 ? argv[2] : "5004")) };
	_Alignas(struct cmsghdr) char control[MD_HINT_SPACE];
	unsigned char packet[1200] = { 0x80, 96 };
	struct iovec iov = { packet, sizeof(packet) };
	struct msghdr msg = { &to, sizeof(to), &iov, 1, control, 0, 0 };
	struct md_hint hint = { .version = MD_HINT_VERSION,
		.given = MD_HINT_MDU | MD_HINT_START | MD_HINT_END | MD_HINT_IMPORTANCE | MD_HINT_BURST };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, argc > 1 ? argv[1] : "127.0.0.1", &to.sin_addr);
	puts(setsockopt(fd, MD_HINT_LEVEL, MD_HINT_SOCKET, NULL, 0) ? "there is no shim" : "the shim listens");
	for (int i = 0; i < 9; i++) {
		packet[3] = (unsigned char)i;
		hint.mdu = (uint32_t)i / 3;
		hint.start = i % 3 == 0;
		hint.end = i % 3 == 2;
		hint.importance = i / 3 == 0 ? MD_IS_KEY : i / 3 == 1 ? MD_IS_DISCARDABLE : MD_IS_BASE;
		hint.burst = 3 * (28 + sizeof(packet));
		msg.msg_controllen = md_hint_put(control, 0, sizeof(control), &hint);
		if (sendmsg(fd, &msg, 0) < 0)
			return perror("sendmsg"), 1;
	}
	return 0;
}
