/* SPDX-License-Identifier: BSD-3-Clause */
/* Every door once, both families, connected and not: the plain case.
 * rule: 27 75
 * expect: seen>=28 wrapped>=26 */
#include "victim.h"

static void family(int f)
{
	struct receiver r = receiver(f);
	int s = udp(f), c = udp(f);
	uint8_t p[MEDIA_LEN];
	struct iovec iov = { p, sizeof p };
	struct msghdr m = { .msg_name = &r.at.sa, .msg_namelen = r.at.len, .msg_iov = &iov, .msg_iovlen = 1 };
	struct msghdr bare = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr two[2] = { { .msg_hdr = m }, { .msg_hdr = m } };

	MUST(connect(c, &r.at.sa, r.at.len));
	CALL(sendto(s, p, media(p, sizeof p, 1, 0), 0, &r.at.sa, r.at.len));
	know(s);
	know(c);
	CALL(sendto(s, p, media(p, sizeof p, 1, 1), 0, &r.at.sa, r.at.len));
	media(p, sizeof p, 1, 2);
	CALL(sendmsg(s, &m, 0));
	media(p, sizeof p, 1, 3);
	CALL(sendmmsg(s, two, 2, 0));
	say("msg_len %u %u", two[0].msg_len, two[1].msg_len);
	CALL(send(c, p, media(p, 200, 2, 0), 0));
	CALL(sendto(c, p, media(p, 201, 2, 1), 0, NULL, 0));
	CALL(sendto(c, p, media(p, 202, 2, 2), 0, &r.at.sa, r.at.len));
	iov.iov_len = media(p, 203, 2, 3);
	CALL(sendmsg(c, &bare, 0));
	iov.iov_len = media(p, 204, 2, 4);
	CALL(sendmsg(c, &m, 0));
	iov.iov_len = media(p, 205, 2, 5);
	two[0].msg_hdr = bare;
	CALL(sendmmsg(c, two, 2, 0));
	say("msg_len %u %u", two[0].msg_len, two[1].msg_len);
	CALL(write(c, p, media(p, 206, 2, 6)));
	iov.iov_len = media(p, 207, 2, 7);
	CALL(writev(c, &iov, 1));
	report(&r, "receiver", 14);
}

int main(void)
{
	family(AF_INET);
	family(AF_INET6);
}
