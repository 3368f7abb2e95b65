/* SPDX-License-Identifier: BSD-3-Clause */
/* A library that is not libsrtp 2 but has a function of that name with other arguments gets them as they were.
 * preload: srtp3
 * expect: processes>0 */
#include "victim.h"

int srtp_protect(void *ctx, const uint8_t *rtp, size_t rtp_len, uint8_t *srtp, size_t *srtp_len, size_t mki_index)
	__attribute__((weak));

int main(void)
{
	uint8_t in[MEDIA_LEN], out[MEDIA_LEN + 10];
	char name[] = "session";
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET);

	if (!srtp_protect)
		skip("no library of that kind");
	for (size_t len = 0; len <= MEDIA_LEN; len += 100) {
		size_t room = len % 300 ? sizeof out : len;

		media(in, MEDIA_LEN, 1, (uint32_t)len);
		memset(out, 0, sizeof out);
		CALL(srtp_protect(name, in, len, out, &room, SIZE_MAX - 1));
		say("  %zu, %08x", room, hash(1, out, sizeof out));
		CALL(srtp_protect(name, (const uint8_t *)8, 0, out, &room, len)); /* nothing to be looked at */
	}
	CALL(sendto(s, in, media(in, sizeof in, 1, 0), 0, &r.at.sa, r.at.len));
	report(&r, "receiver", 1);
}
