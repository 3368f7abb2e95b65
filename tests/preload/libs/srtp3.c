/* SPDX-License-Identifier: BSD-3-Clause */
/* A library with a function of libsrtp's name and other arguments, as libsrtp 3 has them. */
#include "victim.h"

int srtp_protect(void *ctx, const uint8_t *rtp, size_t rtp_len, uint8_t *srtp, size_t *srtp_len, size_t mki_index);

int srtp_protect(void *ctx, const uint8_t *rtp, size_t rtp_len, uint8_t *srtp, size_t *srtp_len, size_t mki_index)
{
	say("context %s, %zu octets, room %zu, mki %zx", (const char *)ctx, rtp_len, *srtp_len, mki_index);
	if (*srtp_len < rtp_len + 10)
		return 28;
	memmove(srtp, rtp, rtp_len);
	memset(srtp + rtp_len, 0x77, 10);
	*srtp_len = rtp_len + 10;
	return 0;
}
