/* SPDX-License-Identifier: BSD-3-Clause */
/* One sendmmsg to several destinations and kinds of payload, connected or not; msg_len is filled for each.
 * rule: 14 27
 * expect: seen>=42 wrapped>=24 aside.not-media>=8 */
#include "victim.h"

enum { N = 21 };

static void batch(int s, struct receiver *r, unsigned receivers, bool connected, uint32_t tag)
{
	static uint8_t p[N][MEDIA_LEN];
	struct iovec iov[N];
	struct mmsghdr m[N];
	unsigned count[4] = { 0 };

	memset(m, 0, sizeof m);
	for (uint32_t i = 0; i < N; i++) {
		struct receiver *to = &r[i % receivers];
		iov[i] = (struct iovec){ p[i], media(p[i], 100 + 50 * i, tag, i) };
		if (i % 5 == 4)
			p[i][0] = 0, p[i][1] = 1; /* STUN */
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
		m[i].msg_len = 77;
		if (!connected || i % 2)
			m[i].msg_hdr.msg_name = &to->at.sa, m[i].msg_hdr.msg_namelen = to->at.len;
		count[connected && i % 2 == 0 ? 0 : i % receivers]++;
	}
	CALL(sendmmsg(s, m, N, 0));
	for (unsigned i = 0; i < N; i++)
		say("  %u: msg_len %u flags %d namelen %u", i, m[i].msg_len, m[i].msg_hdr.msg_flags, m[i].msg_hdr.msg_namelen);
	for (unsigned i = 0; i < receivers; i++)
		report(&r[i], "receiver", count[i]);
}

int main(void)
{
	struct receiver r[3] = { receiver(AF_INET), receiver_at(AF_INET, "127.0.0.2"), receiver_at(AF_INET, "127.1.2.3") };
	int s = udp(AF_INET), c = udp(AF_INET);

	MUST(connect(c, &r[0].at.sa, r[0].at.len));
	batch(s, r, 3, false, 1);
	batch(c, r, 3, true, 2);
}
