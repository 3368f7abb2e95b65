/* SPDX-License-Identifier: BSD-3-Clause */
/* Hints on calls and sockets change nothing that the application or its receiver can see: alone, among other control
 * messages, in a train, in a run of sendmmsg, with values that must not be sent, on datagrams that stay native.
 * rule: 30 85
 * expect: seen>=34 wrapped>=29 aside.control==0 hints-refused>=5
 * expect inline: hints-refused==5
 * expect tunnel: hints-refused==5 */
#include "victim.h"
#include <mdshim/hints.h>

enum { N = 6 };

static struct receiver r;

static struct md_hint hint(uint16_t given)
{
	return (struct md_hint){ .version = MD_HINT_VERSION, .given = given, .mdu = 7, .burst = 9000, .start = 1, .importance = MD_IS_KEY,
		.d = 1, .p = 1, .l = 1, .stream = 3 };
}

static size_t add(char *control, size_t len, int level, int type, const void *value, size_t n)
{
	struct cmsghdr h = { .cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(n) };

	memset(control + len, 0, CMSG_SPACE(n));
	memcpy(control + len, &h, sizeof h);
	memcpy(control + len + CMSG_LEN(0), value, n);
	return len + CMSG_SPACE(n);
}

static void one(const char *what, int s, const struct md_hint *h, size_t len, uint32_t index, bool native)
{
	_Alignas(struct cmsghdr) char control[256], before[256];
	uint8_t p[MEDIA_LEN];
	struct iovec iov = { p, media(p, sizeof p, 1, index) };
	struct msghdr m = { .msg_name = &r.at.sa, .msg_namelen = r.at.len, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	int tos = 0x28;

	if (native)
		p[0] = 0, p[1] = 1; /* STUN */
	m.msg_controllen = add(control, 0, MD_HINT_LEVEL, MD_HINT_PACKET, h, len);
	if (index % 2)
		m.msg_controllen = add(control, m.msg_controllen, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
	memcpy(before, control, m.msg_controllen);
	say("%s", what);
	CALL(sendmsg(s, &m, 0));
	CALL(syscall(SYS_sendmsg, s, &m, 0));
	say("  kept: %s", memcmp(before, control, m.msg_controllen) == 0 ? "yes" : "no");
	report(&r, "  receiver", 2);
}

static void train(int s)
{
	static uint8_t data[6400];
	_Alignas(struct cmsghdr) char control[256];
	struct iovec iov = { data, sizeof data };
	struct msghdr m = { .msg_name = &r.at.sa, .msg_namelen = r.at.len, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	struct md_hint h = hint(MD_HINT_BURST | MD_HINT_IMPORTANCE);
	uint16_t segment = 800;

	for (unsigned i = 0; i < 8; i++)
		media(data + 800 * i, 800, 2, i);
	data[2400] = 0; /* one is no media and goes out natively, by itself */
	m.msg_controllen = add(control, 0, MD_HINT_LEVEL, MD_HINT_PACKET, &h, sizeof h);
	m.msg_controllen = add(control, m.msg_controllen, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
	CALL(sendmsg(s, &m, 0));
	report(&r, "receiver", 8);
}

static void batch(int s)
{
	static uint8_t p[N][MEDIA_LEN];
	_Alignas(struct cmsghdr) char control[N][64];
	struct mmsghdr m[N] = { 0 };
	struct iovec iov[N];

	for (uint32_t i = 0; i < N; i++) {
		struct md_hint h = hint(MD_HINT_ALL);

		h.mdu = i / 3;
		iov[i] = (struct iovec){ p[i], media(p[i], 300 + i, 3, i) };
		if (i == 1 || i == 5)
			p[i][0] = 0, p[i][1] = 1;
		m[i].msg_hdr = (struct msghdr){ .msg_name = &r.at.sa, .msg_namelen = r.at.len, .msg_iov = &iov[i], .msg_iovlen = 1,
			.msg_control = control[i], .msg_controllen = add(control[i], 0, MD_HINT_LEVEL, MD_HINT_PACKET, &h, sizeof h) };
	}
	CALL(sendmmsg(s, m, N, 0));
	report(&r, "receiver", N);
}

/* What setsockopt answers is the one thing that differs with the shim. */
static void advise(int s, int name, const void *value, socklen_t len)
{
	int saved = errno;

	if (setsockopt(s, MD_HINT_LEVEL, name, value, len) && errno != ENOPROTOOPT && errno != EINVAL)
		say("setsockopt: %s", error_name(errno));
	errno = saved;
}

int main(void)
{
	struct md_hint h = hint(MD_HINT_ALL), bad = hint(MD_HINT_DPL);
	struct md_hint_rtp ahead[2] = { { .ssrc = 1, .seq = 20, .hint = h }, { .ssrc = 1, .seq = 21, .hint = h } };
	int s = udp(AF_INET), c = udp(AF_INET);

	r = receiver(AF_INET);
	MUST(connect(c, &r.at.sa, r.at.len));
	one("all of it", s, &h, sizeof h, 0, false);
	one("with a traffic class", s, &h, sizeof h, 1, false);
	one("not media", s, &h, sizeof h, 2, true);
	one("connected", c, &h, sizeof h, 3, false);
	bad.p = 0;
	one("undefined value", s, &bad, sizeof bad, 4, false);
	one("cut short", s, &h, sizeof h - 4, 5, false);
	train(s);
	batch(s);
	advise(s, MD_HINT_SOCKET, NULL, 0);
	advise(s, MD_HINT_SOCKET, &h, sizeof h);
	advise(s, MD_HINT_SOCKET, &bad, sizeof bad);
	advise(s, MD_HINT_RTP, ahead, sizeof ahead);
	for (uint32_t i = 18; i < 26; i++) {
		uint8_t p[MEDIA_LEN];

		QUIETLY(sendto(s, p, media(p, sizeof p, 1, i), 0, &r.at.sa, r.at.len));
	}
	report(&r, "receiver", 8);
}
