/* SPDX-License-Identifier: BSD-3-Clause */
/* MSG_MORE: several calls are one datagram; none of its pieces may be wrapped.
 * rule: 34
 * expect: seen>=12 aside.flags>=4 */
#include "victim.h"

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET);
	uint8_t p[MEDIA_LEN];

	MUST(connect(s, &r.at.sa, r.at.len));
	for (uint32_t i = 0; i < 4; i++) {
		media(p, sizeof p, 1, i);
		CALL(send(s, p, 400, MSG_MORE));
		CALL(send(s, p + 400, 400, i % 2 ? MSG_MORE : MSG_MORE | MSG_DONTWAIT));
		if (i < 2)
			CALL(send(s, p + 800, 400, 0));
		else
			CALL(write(s, p + 800, 400));
		report(&r, "receiver", 1);
		CALL(send(s, p, media(p, sizeof p, 2, i), 0));
		report(&r, "receiver", 1);
	}
	/* The pieces look like media themselves. */
	CALL(send(s, p, media(p, 100, 3, 0), MSG_MORE));
	CALL(sendto(s, p, media(p, 100, 3, 1), 0, &r.at.sa, r.at.len));
	report(&r, "receiver", 1);
	struct iovec iov = { p, media(p, 100, 3, 2) };
	struct mmsghdr two[2] = { { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } }, { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } } };
	CALL(sendmmsg(s, two, 2, MSG_MORE));
	CALL(send(s, p, 14, 0));
	say("msg_len %u %u", two[0].msg_len, two[1].msg_len);
	report(&r, "receiver", 1);
	CALL(send(s, p, 100, MSG_MORE));
	CALL(send(s, NULL, 0, 0));
	report(&r, "receiver", 1);
}
