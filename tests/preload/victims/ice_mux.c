/* SPDX-License-Identifier: BSD-3-Clause */
/* STUN, DTLS, TURN channel data, RTCP, RTP and QUIC share a socket: only media is wrapped, everything arrives.
 * rule: 46
 * expect: seen>=26 wrapped>=4 wrapped<=8 aside.not-media>=9 */
#include "victim.h"

static int s;
static struct receiver r;

static void one(const char *what, const uint8_t *head, size_t head_len, size_t len)
{
	uint8_t p[MEDIA_LEN];

	media(p, sizeof p, 1, 7);
	memcpy(p, head, head_len);
	say("%s", what);
	CALL(send(s, p, len, 0));
	CALL(sendto(s, p, len, 0, &r.at.sa, r.at.len));
	report(&r, "  receiver", 2);
}

#define ONE(what, len, ...) one(what, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), len)

int main(void)
{
	r = receiver(AF_INET), s = udp(AF_INET);
	MUST(connect(s, &r.at.sa, r.at.len));
	ONE("STUN binding request", 20, 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
	ONE("STUN success response", 20, 1, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
	ONE("RTP", 1000, 0x80, 96);
	ONE("RTCP sender report", 28, 0x80, 200, 0, 6, 0, 0, 0, 1);
	ONE("RTCP feedback", 12, 0x81, 206, 0, 2, 0, 0, 0, 1);
	ONE("too short for RTP", 11, 0x80, 96);
	ONE("contributors that do not fit", 40, 0x8f, 96);
	ONE("extension that does not fit", 40, 0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0xff, 0xff);
	ONE("TURN channel data", 104, 0x40, 0x01, 0, 100, 0x80, 96);
	ONE("QUIC long header", 1200, 0xc3, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0);
	ONE("QUIC short header", 1200, 0x43, 1, 2, 3, 4, 5, 6, 7, 8);
	ONE("ZRTP", 32, 0x10, 0, 0, 1, 0x5a, 0x52, 0x54, 0x50);
	ONE("DTLS client hello", 200, 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 187);
	ONE("SRTP after the handshake", 1000, 0x80, 96);
	ONE("one octet", 1, 0x80);
	ONE("two octets", 2, 0x80, 96);
}
