/* SPDX-License-Identifier: BSD-3-Clause */
/* Nothing is something: which calls of no octets make an empty datagram, and which make none.
 * rule: 29
 * expect: seen>=1 wrapped==0 */
#include "victim.h"

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int c = udp(AF_INET);
	struct iovec nothing[2] = { { NULL, 0 }, { NULL, 0 } };
	struct msghdr m = { .msg_iov = nothing, .msg_iovlen = 2 }, none = { .msg_iov = NULL };
	struct mmsghdr two[2] = { { .msg_hdr = m, .msg_len = 9 }, { .msg_hdr = none, .msg_len = 9 } };

	MUST(connect(c, &r.at.sa, r.at.len));
	CALL(send(c, NULL, 0, 0));
	CALL(send(c, "", 0, 0));
	CALL(sendto(c, NULL, 0, 0, &r.at.sa, r.at.len));
	report(&r, "send of nothing", 3);
	CALL(sendmsg(c, &m, 0));
	CALL(sendmsg(c, &none, 0));
	report(&r, "sendmsg of nothing", 2);
	CALL(write(c, NULL, 0));
	CALL(write(c, "", 0));
	report(&r, "write of nothing", 2);
	CALL(writev(c, NULL, 0));
	report(&r, "writev of no pieces", 0);
	CALL(writev(c, nothing, 2));
	report(&r, "writev of empty pieces", 0);
	CALL(sendmmsg(c, NULL, 0, 0));
	CALL(sendmmsg(c, two, 0, 0));
	report(&r, "sendmmsg of no messages", 0);
	CALL(sendmmsg(c, two, 2, 0));
	say("msg_len %u %u", two[0].msg_len, two[1].msg_len);
	report(&r, "sendmmsg of empty messages", 2);
}
