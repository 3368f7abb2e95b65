/* SPDX-License-Identifier: BSD-3-Clause */
/* Up to 1025 pieces: 1024 are the kernel's limit, and ours must not come earlier.
 * rule: 38
 * expect: seen>=16 wrapped>0 */
#include "victim.h"

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int c = udp(AF_INET);
	static const unsigned counts[] = { 1, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 1000, 1021, 1022, 1023, 1024, 1025 };
	static uint8_t p[2 * 1025];
	static struct iovec iov[1025];

	MUST(connect(c, &r.at.sa, r.at.len));
	for (uint32_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct msghdr m = { .msg_iov = iov, .msg_iovlen = counts[i] };
		struct mmsghdr one = { .msg_hdr = m };
		size_t len = counts[i] < 14 ? 14 * counts[i] : 2 * counts[i], each = len / counts[i];
		unsigned arrive = 0;
		media(p, len, 1, i);
		for (unsigned k = 0; k < counts[i]; k++)
			iov[k] = (struct iovec){ p + each * k, each };
		say("%u pieces", counts[i]);
		arrive += CALL(sendmsg(c, &m, 0)) > 0;
		arrive += CALL(writev(c, iov, (int)counts[i])) > 0;
		arrive += CALL(sendmmsg(c, &one, 1, 0)) > 0;
		report(&r, "receiver", arrive);
	}
}
