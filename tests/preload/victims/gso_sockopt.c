/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP_SEGMENT as a socket option: every send on the socket is a train, by whatever door; until it is taken back.
 * rule: 31
 * expect: seen>=8 wrapped>=10 */
#include "victim.h"

static uint8_t data[8192];

static void fill(size_t len, size_t segment, uint32_t tag)
{
	for (size_t at = 0, i = 0; at < len; at += segment, i++)
		media(data + at, len - at < segment ? len - at : segment, tag, (uint32_t)i);
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET), copy = dup(s), segment = 1200, off = 0;
	struct iovec iov[2] = { { data, 1000 }, { data + 1000, 2000 } };
	struct msghdr m = { .msg_name = &r.at.sa, .msg_namelen = r.at.len, .msg_iov = iov, .msg_iovlen = 2 };

	MUST(connect(s, &r.at.sa, r.at.len));
	fill(2000, 2000, 1);
	CALL(send(s, data, 2000, 0));
	report(&r, "before", 1);
	CALL(setsockopt(s, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment));
	fill(3000, 1200, 2);
	CALL(send(s, data, 3000, 0));
	CALL(write(s, data, 3000));
	CALL(sendto(copy, data, 3000, 0, &r.at.sa, r.at.len));
	CALL(sendmsg(s, &m, 0));
	CALL(syscall(SYS_sendto, copy, data, 3000, 0, NULL, 0));
	report(&r, "3000 in segments of 1200", 15);
	CALL(send(s, data, 1200, 0));
	CALL(send(s, data, 600, 0));
	report(&r, "no more than a segment", 2);
	CALL(setsockopt(copy, IPPROTO_UDP, UDP_SEGMENT, &off, sizeof off));
	fill(2000, 2000, 3);
	CALL(send(s, data, 2000, 0));
	report(&r, "taken back", 1);
	/* Set by a way that no door sees. */
	CALL(syscall(SYS_setsockopt, s, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment));
	fill(3000, 1200, 4);
	CALL(send(s, data, 3000, 0));
	report(&r, "set behind our back", 3);
	segment = 70000;
	CALL(setsockopt(s, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment));
	CALL(setsockopt(s, IPPROTO_UDP, UDP_SEGMENT, &segment, 1));
	CALL(setsockopt(-1, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment));
}
