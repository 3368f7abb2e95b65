/* SPDX-License-Identifier: BSD-3-Clause */
/* MSG_ZEROCOPY: completions are counted for each send, so these pass as they are.
 * rule: 35
 * expect: seen>=10 aside.flags>=5 */
#include "victim.h"
#include <linux/errqueue.h>

static unsigned completions(int s, unsigned wanted)
{
	unsigned done = 0;

	while (done < wanted) {
		_Alignas(struct cmsghdr) char control[256];
		struct msghdr m = { .msg_control = control, .msg_controllen = sizeof control };
		struct pollfd ready = { .fd = s, .events = 0 };
		if (poll(&ready, 1, PATIENCE_MS) != 1)
			break;
		if (recvmsg(s, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			continue;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
			struct sock_extended_err e;
			memcpy(&e, CMSG_DATA(c), sizeof e);
			if (e.ee_origin == SO_EE_ORIGIN_ZEROCOPY)
				done += e.ee_data - e.ee_info + 1;
		}
	}
	return done;
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET), on = 1;
	static uint8_t p[10][MEDIA_LEN];

	MUST(connect(s, &r.at.sa, r.at.len));
	CALL(send(s, p[0], media(p[0], MEDIA_LEN, 1, 0), MSG_ZEROCOPY));
	report(&r, "not enabled", 1);
	if (setsockopt(s, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on))
		skip("no SO_ZEROCOPY for UDP");
	for (uint32_t i = 0; i < 10; i++)
		CALL(send(s, p[i], media(p[i], MEDIA_LEN, 2, i), i % 2 ? 0 : MSG_ZEROCOPY));
	report(&r, "receiver", 10);
	say("completions %u", completions(s, 5));
	struct iovec iov = { p[0], MEDIA_LEN };
	struct mmsghdr three[3] = { { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } }, { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } } };
	CALL(sendmmsg(s, three, 3, MSG_ZEROCOPY));
	report(&r, "receiver", 3);
	say("completions %u", completions(s, 3));
}
