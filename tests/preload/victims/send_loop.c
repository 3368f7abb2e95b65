/* SPDX-License-Identifier: BSD-3-Clause */
/* Nothing but sends between two marks: the driver counts the system calls that they cost.
 * rule: 18 52 74
 * expect: seen>=64 wrapped>=60 */
#include "victim.h"

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET), null = open("/dev/null", O_WRONLY);
	static uint8_t p[64][MEDIA_LEN];
	struct iovec iov[8];
	struct mmsghdr m[8];

	MUST(connect(s, &r.at.sa, r.at.len));
	memset(m, 0, sizeof m);
	for (uint32_t i = 0; i < 64; i++)
		media(p[i], MEDIA_LEN, 1, i);
	QUIETLY(send(s, p[0], MEDIA_LEN, 0));
	(void)!access("/mark/send", F_OK);
	for (int i = 1; i < 17; i++)
		(void)!send(s, p[i], MEDIA_LEN, 0);
	(void)!access("/mark/sendto", F_OK);
	for (int i = 17; i < 33; i++)
		(void)!sendto(s, p[i], MEDIA_LEN, 0, &r.at.sa, r.at.len);
	(void)!access("/mark/write", F_OK);
	for (int i = 33; i < 49; i++)
		(void)!write(s, p[i], MEDIA_LEN);
	(void)!access("/mark/sendmmsg", F_OK);
	for (int i = 0; i < 8; i++) {
		iov[i] = (struct iovec){ p[49 + i], MEDIA_LEN };
		m[i].msg_hdr.msg_iov = &iov[i], m[i].msg_hdr.msg_iovlen = 1;
	}
	for (int i = 0; i < 2; i++)
		(void)!sendmmsg(s, m, 8, 0);
	(void)!access("/mark/file", F_OK);
	for (int i = 0; i < 16; i++)
		(void)!write(null, p[i], MEDIA_LEN);
	(void)!access("/mark/end", F_OK);
	collect(&r, 65);
	say("arrived %u", r.records);
}
