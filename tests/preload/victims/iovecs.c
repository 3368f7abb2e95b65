/* SPDX-License-Identifier: BSD-3-Clause */
/* A datagram gathered from pieces is one datagram: 1 to 8 pieces, cut anywhere, pieces of no length among them.
 * rule: 28
 * expect: seen>=48 wrapped>=46 */
#include "victim.h"

static const size_t cuts[6][8] = {
	{ 12, 1, 1, 2, 8, 100, 300 }, { 1, 1, 1, 1, 1, 1, 1 }, { 0, 12, 0, 1, 0, 1000, 0 }, { 1199 }, { 0, 0, 0, 0, 0, 0, 0 },
	{ 4, 8, 2, 600, 1, 1, 1 }
};

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET);
	uint8_t p[MEDIA_LEN];
	uint32_t index = 0;

	for (unsigned pattern = 0; pattern < 6; pattern++)
		for (unsigned pieces = 1; pieces <= 8; pieces++) {
			struct iovec iov[8];
			struct msghdr m = { .msg_name = &r.at.sa, .msg_namelen = r.at.len, .msg_iov = iov, .msg_iovlen = pieces };
			size_t done = 0;
			media(p, sizeof p, 1, index++);
			for (unsigned i = 0; i < pieces; i++) {
				size_t n = i + 1 == pieces ? sizeof p - done : cuts[pattern][i];
				iov[i] = (struct iovec){ n ? p + done : NULL, n };
				done += n;
			}
			long n = pieces % 2 ? QUIETLY(sendmsg(s, &m, 0)) : QUIETLY(syscall(SYS_sendmsg, s, &m, 0));
			if (n != (long)sizeof p)
				say("pattern %u pieces %u gave %ld", pattern, pieces, n);
		}
	know(s);
	report(&r, "receiver", 48);
	/* The same on a connected socket by writev. */
	MUST(connect(s, &r.at.sa, r.at.len));
	struct iovec five[5] = { { p, 12 }, { NULL, 0 }, { p + 12, 2 }, { p + 14, 500 }, { p + 514, sizeof p - 514 } };
	media(p, sizeof p, 1, index);
	CALL(writev(s, five, 5));
	report(&r, "receiver", 1);
}
