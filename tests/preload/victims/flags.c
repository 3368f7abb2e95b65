/* SPDX-License-Identifier: BSD-3-Clause */
/* Flags pass through unchanged, those that are unknown too; and MSG_PROBE (0x10), which sends nothing and says it did.
 * rule: 36
 * expect: seen>=10 wrapped>0 */
#include "victim.h"

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int c = udp(AF_INET);
	uint8_t p[MEDIA_LEN];
	static const struct { const char *name; int flags; } some[] = {
		{ "none", 0 }, { "DONTWAIT", MSG_DONTWAIT }, { "NOSIGNAL", MSG_NOSIGNAL }, { "CONFIRM", MSG_CONFIRM },
		{ "DONTROUTE", MSG_DONTROUTE }, { "EOR", MSG_EOR }, { "OOB", MSG_OOB }, { "PEEK", MSG_PEEK },
		{ "TRUNC", MSG_TRUNC }, { "WAITALL", MSG_WAITALL }, { "PROBE", MSG_PROXY },
		{ "ERRQUEUE", MSG_ERRQUEUE }, { "CMSG_CLOEXEC", MSG_CMSG_CLOEXEC }, { "unknown", 0x00800000 }, { "FIN", MSG_FIN },
		{ "FASTOPEN", MSG_FASTOPEN }, { "DONTWAIT and NOSIGNAL", MSG_DONTWAIT | MSG_NOSIGNAL }, { "BATCH", 0x40000 }
	};
	unsigned arrive = 0;

	MUST(connect(c, &r.at.sa, r.at.len));
	for (uint32_t i = 0; i < sizeof some / sizeof *some; i++) {
		struct iovec iov = { p, sizeof p };
		struct mmsghdr one = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1, .msg_flags = 0x5a5a } };
		unsigned before = arrive;
		say("%s", some[i].name);
		arrive += CALL(send(c, p, media(p, sizeof p, 1, i), some[i].flags)) > 0;
		arrive += CALL(sendmsg(c, &one.msg_hdr, some[i].flags)) > 0;
		arrive += CALL(sendmmsg(c, &one, 1, some[i].flags)) > 0;
		arrive += CALL(sendto(c, p, sizeof p, some[i].flags, &r.at.sa, r.at.len)) > 0;
		if (some[i].flags & MSG_PROXY)
			arrive = before;
		say("  msg_flags kept: %s", one.msg_hdr.msg_flags == 0x5a5a ? "yes" : "no");
	}
	report(&r, "receiver", arrive);
}
