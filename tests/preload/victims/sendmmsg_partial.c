/* SPDX-License-Identifier: BSD-3-Clause */
/* sendmmsg that fails in the middle: the count without an error, then the error on the next call.
 * rule: 14 37
 * expect: seen>=6 wrapped>0 */
#include "victim.h"

enum { N = 5 };

static void failing(const char *what, struct receiver *r, int s, unsigned at, struct msghdr bad, uint32_t tag)
{
	static uint8_t p[N][MEDIA_LEN];
	struct iovec iov[N];
	struct mmsghdr m[N];
	unsigned arrive = 0, next = 0;

	say("%s, message %u", what, at);
	for (uint32_t i = 0; i < N; i++) {
		iov[i] = (struct iovec){ p[i], media(p[i], sizeof p[i], tag, i) };
		m[i] = (struct mmsghdr){ { .msg_name = &r->at.sa, .msg_namelen = r->at.len, .msg_iov = &iov[i], .msg_iovlen = 1 }, 77 };
	}
	m[at].msg_hdr = bad;
	while (next < N) {
		long n = CALL(sendmmsg(s, m + next, N - next, 0));
		arrive += n > 0 ? (unsigned)n : 0;
		next += n > 0 ? (unsigned)n : 1;
	}
	say("msg_len %u %u %u %u %u", m[0].msg_len, m[1].msg_len, m[2].msg_len, m[3].msg_len, m[4].msg_len);
	report(r, "receiver", arrive);
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET);
	static uint8_t big[70000];
	struct iovec iov = { big, MEDIA_LEN }, huge = { big, media(big, sizeof big, 9, 9) };
	struct address wrong = r.at;

	wrong.in.sin_port = 0;
	for (unsigned at = 0; at < N; at++)
		failing("no address", &r, s, at, (struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1 }, 1 + at);
	failing("too long", &r, s, 2, (struct msghdr){ .msg_name = &r.at.sa, .msg_namelen = r.at.len, .msg_iov = &huge, .msg_iovlen = 1 }, 11);
	failing("port 0", &r, s, 1, (struct msghdr){ .msg_name = &wrong.sa, .msg_namelen = wrong.len, .msg_iov = &iov, .msg_iovlen = 1 }, 12);
	failing("short address", &r, s, 3, (struct msghdr){ .msg_name = &r.at.sa, .msg_namelen = 3, .msg_iov = &iov, .msg_iovlen = 1 }, 13);
	failing("too many pieces", &r, s, 3, (struct msghdr){ .msg_name = &r.at.sa, .msg_namelen = r.at.len, .msg_iov = &iov, .msg_iovlen = 5000 }, 14);
	/* More messages than the kernel takes at once. */
	static struct mmsghdr lots[1100];
	static struct iovec one[1100];
	static uint8_t p[1100][40];
	for (uint32_t i = 0; i < 1100; i++) {
		one[i] = (struct iovec){ p[i], media(p[i], 40, 15, i) };
		lots[i].msg_hdr = (struct msghdr){ .msg_name = &r.at.sa, .msg_namelen = r.at.len, .msg_iov = &one[i], .msg_iovlen = 1 };
	}
	CALL(sendmmsg(s, lots, 200, 0));
	report(&r, "200 messages", 200);
	long n = CALL(sendmmsg(s, lots, 1100, 0));
	report(&r, "1100 messages", (unsigned)n);
}
