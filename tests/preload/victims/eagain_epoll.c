/* SPDX-License-Identifier: BSD-3-Clause */
/* The interface is slow and the send buffer is full: EAGAIN only from a descriptor that wakes the caller again, and a
 * blocking call waits. Nothing is lost, nothing is said to have been sent that was not.
 * rule: 42
 * expect: seen>=240 wrapped>=60 */
#include "victim.h"
#include <sys/epoll.h>

enum { N = 120 };

/* Sends by an event loop that waits for each EAGAIN to be over. */
static void polled(struct receiver *r, int s)
{
	int loop = (int)MUST(epoll_create1(0));
	struct epoll_event e = { .events = EPOLLOUT, .data = { .fd = s } };
	uint8_t p[MEDIA_LEN];

	MUST(epoll_ctl(loop, EPOLL_CTL_ADD, s, &e));
	for (uint32_t i = 0; i < N;) {
		errno = SENTINEL;
		ssize_t n = i % 2 ? send(s, p, media(p, sizeof p, 1, i), 0) :
			sendto(s, p, media(p, sizeof p, 1, i), MSG_DONTWAIT, &r->at.sa, r->at.len);
		if (n < 0 && errno == EAGAIN) {
			if (epoll_wait(loop, &e, 1, PATIENCE_MS) != 1) {
				say("never woken at %u", i);
				break;
			}
			continue;
		}
		if (n != MEDIA_LEN || errno != SENTINEL)
			say("packet %u: %zd %s", i, n, error_name(errno));
		i++;
	}
	close(loop);
	report(r, "event loop", N);
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = (int)MUST(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)), blocking = udp(AF_INET), small = 4608;
	uint8_t p[MEDIA_LEN];

	if (!getenv("VICTIM_OWN_NETNS"))
		skip("needs a network namespace of its own");
	if (system("tc qdisc replace dev lo root tbf rate 20mbit burst 8k limit 1m 2>/dev/null"))
		skip("needs tc with tbf");
	/* What waits for room and what does not pass each other in the queue. */
	setenv("VICTIM_ROUTED", "1", 0);
	MUST(connect(s, &r.at.sa, r.at.len));
	MUST(connect(blocking, &r.at.sa, r.at.len));
	MUST(setsockopt(s, SOL_SOCKET, SO_SNDBUF, &small, sizeof small));
	MUST(setsockopt(blocking, SOL_SOCKET, SO_SNDBUF, &small, sizeof small));
	polled(&r, s);
	for (uint32_t i = 0; i < N; i++)
		QUIETLY(i % 2 ? send(blocking, p, media(p, sizeof p, 2, i), 0) : write(blocking, p, media(p, sizeof p, 2, i)));
	report(&r, "blocking", N);
	if (system("tc qdisc del dev lo root"))
		broken("tc");
}
