/* SPDX-License-Identifier: BSD-3-Clause */
/* To where no route leads much goes without a question: the number becomes a socket that has a route, the payload becomes
 * another one, pieces begin.
 * rule: 53
 * route: local_port = 20000
 * expect: seen>=300 wrapped>=8 aside.no-route>=600 aside.not-media>=2 aside.flags>=2 */
#include <time.h>

#include "victim.h"

enum { MANY = 200, LONG_MS = 60 };

static struct receiver r;
static uint32_t sent;

static struct msghdr message(struct iovec *iov, uint8_t *p, bool named)
{
	*iov = (struct iovec){ p, media(p, MEDIA_LEN, 1, sent++) };
	return (struct msghdr){ .msg_name = named ? &r.at.sa : NULL, .msg_namelen = named ? r.at.len : 0, .msg_iov = iov,
		.msg_iovlen = 1 };
}

/* By both doors in turn. */
static void send_some(int s, unsigned n, bool named)
{
	uint8_t p[MEDIA_LEN];
	struct iovec iov;

	for (unsigned i = 0; i < n; i++) {
		struct msghdr m = message(&iov, p, named);

		if (i % 2)
			QUIETLY(sendmsg(s, &m, 0));
		else
			QUIETLY(sendto(s, p, iov.iov_len, 0, m.msg_name, m.msg_namelen));
	}
}

static long ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Long enough that nothing is believed any more, in datagrams that the network has room for. */
static void until_it_is_asked_again(int s, bool named)
{
	uint32_t before = sent;

	for (long end = ms() + LONG_MS; ms() < end; r.records = 0) {
		send_some(s, 1, named);
		collect_within(&r, 1, 5);
	}
	sent = before;
}

static void others(int s)
{
	static const uint8_t dtls[13] = { 22, 254, 253 }, rtcp[8] = { 0x80, 201 };
	uint8_t p[MEDIA_LEN];
	struct iovec iov;
	struct msghdr m = message(&iov, p, true);

	CALL(sendto(s, dtls, sizeof dtls, 0, &r.at.sa, r.at.len));
	CALL(sendto(s, rtcp, sizeof rtcp, 0, &r.at.sa, r.at.len));
	CALL(sendto(s, p, 20, MSG_MORE, &r.at.sa, r.at.len));
	CALL(sendto(s, p, 20, 0, &r.at.sa, r.at.len));
	CALL(sendmsg(s, &m, MSG_OOB));
	CALL(sendto(s, p, sizeof p, 0, (struct sockaddr *)8, sizeof(struct sockaddr_in)));
	CALL(sendto(s, (void *)8, sizeof p, 0, &r.at.sa, r.at.len));
	m.msg_iov = (struct iovec *)8;
	CALL(sendmsg(s, &m, 0));
	CALL(sendto(s, p, sizeof p, 0, &r.at.sa, 3));
}

int main(void)
{
	int bare = udp(AF_INET), routed = udp(AF_INET), peer = udp(AF_INET), on = 1;
	struct address a = address(AF_INET, "127.0.0.1", 20000);

	r = receiver(AF_INET);
	MUST(setsockopt(routed, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
	MUST(bind(routed, &a.sa, a.len));
	MUST(connect(routed, &r.at.sa, r.at.len));
	MUST(connect(peer, &r.at.sa, r.at.len));
	for (int i = 0; i < 2; i++) {
		send_some(bare, MANY, true);
		report(&r, "without a route", MANY);
	}
	others(bare);
	report(&r, "others", 3);
	send_some(peer, MANY, false);
	report(&r, "connected", MANY);
	until_it_is_asked_again(peer, false);
	send_some(routed, 4, false);
	report(&r, "with a route", 4);
	MUST(dup2(routed, bare));
	MUST(dup2(routed, peer));
	send_some(bare, 4, true);
	send_some(peer, 4, false);
	report(&r, "another socket", 8);
	until_it_is_asked_again(bare, true);
	until_it_is_asked_again(peer, false);
	say("and long after");
	send_some(bare, 4, true);
	send_some(peer, 4, false);
	report(&r, "with a route", 8);
}
