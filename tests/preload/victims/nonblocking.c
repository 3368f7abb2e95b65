/* SPDX-License-Identifier: BSD-3-Clause */
/* A non-blocking socket with a queue, an event loop: writable stays writable, nothing is lost, nothing blocks.
 * rule: 42
 * expect: seen>=500 wrapped>=450 */
#include "victim.h"
#include <sys/epoll.h>

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = (int)MUST(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)), loop = epoll_create1(0), small = 4608;
	struct epoll_event e = { .events = EPOLLOUT, .data = { .fd = s } };
	uint8_t p[MEDIA_LEN];

	MUST(connect(s, &r.at.sa, r.at.len));
	MUST(setsockopt(s, SOL_SOCKET, SO_SNDBUF, &small, sizeof small));
	MUST(epoll_ctl(loop, EPOLL_CTL_ADD, s, &e));
	for (uint32_t i = 0; i < 500;) {
		if (epoll_wait(loop, &e, 1, PATIENCE_MS) != 1 || !(e.events & EPOLLOUT))
			say("never writable at %u", i);
		errno = SENTINEL;
		ssize_t n = send(s, p, media(p, sizeof p, 1, i), 0);
		if (n < 0 && errno == EAGAIN)
			continue; /* our own octets are still on their way; the loop tells when they are gone */
		if (n != MEDIA_LEN || errno != SENTINEL)
			say("packet %u: %zd %s", i, n, error_name(errno));
		i++;
		if (i % 50 == 0)
			collect(&r, i);
	}
	report(&r, "receiver", 500);
}
