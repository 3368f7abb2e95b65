/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP_SEGMENT as a control message: one call is many datagrams, the last may be short.
 * rule: 31 32
 * expect: seen>=3 wrapped>=60 */
#include "victim.h"

static uint8_t data[65536];

static long train(int s, struct receiver *r, bool connected, size_t len, uint16_t segment, uint32_t tag)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof segment)];
	struct iovec iov = { data, len };
	struct msghdr m = { .msg_name = connected ? NULL : &r->at.sa, .msg_namelen = connected ? 0 : r->at.len,
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	unsigned count = 0;

	memset(control, 0, sizeof control);
	c->cmsg_level = IPPROTO_UDP, c->cmsg_type = UDP_SEGMENT, c->cmsg_len = CMSG_LEN(sizeof segment);
	memcpy(CMSG_DATA(c), &segment, sizeof segment);
	for (size_t at = 0; segment && at < len; at += segment, count++)
		if (len - at >= 14)
			media(data + at, len - at < segment ? len - at : segment, tag, count);
	if (!segment)
		media(data, len, tag, 0), count = 1;
	say("%zu octets in segments of %u%s", len, segment, connected ? ", connected" : "");
	long n = tag % 2 ? CALL(sendmsg(s, &m, 0)) : CALL(syscall(SYS_sendmsg, s, &m, 0));
	report(r, "receiver", n < 0 ? 0 : count);
	return n;
}

static void family(int f, uint32_t tag)
{
	static const struct { size_t len; uint16_t segment; } cases[] = {
		{ 3000, 1200 }, { 2400, 1200 }, { 1200, 1200 }, { 600, 1200 }, { 1201, 1200 }, { 1220, 1200 }, { 6400, 100 },
		{ 60000, 1200 }, { 65000, 1444 }, { 13000, 100 }, { 1000, 0 }, { 200, 1 }, { 65507, 65535 }
	};
	struct receiver r = receiver(f);
	int s = udp(f), c = udp(f);

	MUST(connect(c, &r.at.sa, r.at.len));
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		train(s, &r, false, cases[i].len, cases[i].segment, tag++);
		train(c, &r, true, cases[i].len, cases[i].segment, tag++);
	}
	struct iovec many[3] = { { data, 700 }, { data + 700, 1000 }, { data + 1700, 1300 } };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(2)];
	struct msghdr m = { .msg_iov = many, .msg_iovlen = 3, .msg_control = control, .msg_controllen = sizeof control };
	struct mmsghdr two[2] = { { .msg_hdr = m }, { .msg_hdr = { .msg_iov = many, .msg_iovlen = 1 } } };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	uint16_t segment = 1200;
	memset(control, 0, sizeof control);
	h->cmsg_level = IPPROTO_UDP, h->cmsg_type = UDP_SEGMENT, h->cmsg_len = CMSG_LEN(2);
	memcpy(CMSG_DATA(h), &segment, 2);
	for (uint32_t i = 0; i < 3; i++)
		media(data + 1200 * i, i < 2 ? 1200 : 600, tag, i);
	CALL(sendmmsg(c, two, 2, 0));
	say("msg_len %u %u", two[0].msg_len, two[1].msg_len);
	report(&r, "receiver", 4);
}

int main(void)
{
	family(AF_INET, 1);
	family(AF_INET6, 101);
}
