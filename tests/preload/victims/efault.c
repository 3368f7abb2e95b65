/* SPDX-License-Identifier: BSD-3-Clause */
/* Pointers that are no pointers give EFAULT (or what the kernel says), never a crash: nothing is looked at too early.
 * rule: 33 39
 * not under: asan tsan
 * expect: seen>=1 wrapped==0 */
#include "victim.h"

static void *volatile bad;

static void all(const char *what, void *pointer, int s, struct receiver *r)
{
	uint8_t p[MEDIA_LEN];
	struct iovec good = { p, media(p, sizeof p, 1, 0) }, base = { pointer, 100 };

	bad = pointer;
	say("%s", what);
	CALL(sendto(s, bad, 100, 0, &r->at.sa, r->at.len));
	CALL(sendto(s, p, 100, 0, bad, r->at.len));
	CALL(sendto(s, bad, 0, 0, bad, r->at.len));
	CALL(sendmsg(s, bad, 0));
	CALL(sendmmsg(s, bad, 1, 0));
	CALL(syscall(SYS_sendto, s, bad, 100, 0, &r->at.sa, r->at.len));
	CALL(syscall(SYS_sendmsg, s, bad, 0));
	CALL(syscall(SYS_sendmmsg, s, bad, 1, 0));
	struct msghdr m = { .msg_name = &r->at.sa, .msg_namelen = r->at.len, .msg_iov = &base, .msg_iovlen = 1 };
	CALL(sendmsg(s, &m, 0));
	m.msg_iov = bad;
	CALL(sendmsg(s, &m, 0));
	m.msg_iovlen = 3;
	CALL(sendmsg(s, &m, 0));
	m.msg_iov = &good, m.msg_iovlen = 1, m.msg_name = bad;
	if (pointer)
		CALL(sendmsg(s, &m, 0));
	m.msg_name = &r->at.sa, m.msg_control = bad, m.msg_controllen = 64;
	CALL(sendmsg(s, &m, 0));
	struct mmsghdr one = { .msg_hdr = m };
	CALL(sendmmsg(s, &one, 1, 0));
	CALL(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, bad, sizeof(int)));
	CALL(setsockopt(s, IPPROTO_UDP, UDP_SEGMENT, bad, sizeof(int)));
	CALL(setsockopt(s, IPPROTO_UDP, 1 /* UDP_CORK */, bad, sizeof(int)));
	CALL(connect(s, bad, r->at.len));
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET), c = udp(AF_INET);

	MUST(connect(c, &r.at.sa, r.at.len));
	all("NULL", NULL, s, &r);
	all("1", (void *)1, s, &r);
	all("-1", (void *)-1L, s, &r);
	all("not canonical", (void *)0x8000000000000000UL, s, &r);
	void *wrong[] = { NULL, (void *)1, (void *)-1L };
	for (unsigned i = 0; i < 3; i++) {
		bad = wrong[i];
		CALL(send(c, bad, 100, 0));
		CALL(write(c, bad, 100));
		CALL(writev(c, bad, 1));
		struct iovec iov[2] = { { bad, 14 }, { bad, 100 } };
		CALL(writev(c, iov, 2));
	}
	static uint8_t p[MEDIA_LEN]; /* far from the end of memory, where the kernel has another answer to huge lengths */
	media(p, sizeof p, 2, 0);
	struct iovec second[2] = { { p, 100 }, { (void *)1, 100 } };
	CALL(writev(c, second, 2));
	CALL(send(c, p, (size_t)-1, 0));
	CALL(send(c, p, (size_t)1 << 62, 0));
	int volatile lots = 2000;
	CALL(writev(c, second, lots));
	say("the NULL address with its length: sent as to nobody in particular");
	collect_within(&r, r.records + 1, SILENCE_MS);
	say("arrived %u", r.records);
}
