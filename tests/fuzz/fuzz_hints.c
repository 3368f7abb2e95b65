/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "hints.h"
#include "memory.h"
#include "payload.h"
#include "process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* setsockopt() at the private level with any name and octets, then packets: what comes out is fit to be sent. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;
	struct sock *sock = aligned_alloc(64, (sizeof *sock + 63) / 64 * 64);
	static struct flow flow;

	REQUIRE(sock);
	if (!started)
		REQUIRE(process_start() == 0 && hints_start() == 0);
	started = true;
	memset(sock, 0, sizeof *sock);
	for (size_t at = 0; at + 3 < size;) {
		int name = data[at] % 5;
		size_t len = data[at + 1] < size - at - 2 ? data[at + 1] : size - at - 2;
		uint8_t *value = malloc(len ? len : 1);
		struct rtp rtp = { .ssrc = 0, .seq = 0 };
		struct md_hint hint = { .version = 0 };
		struct mdu_in in = { .media = (enum media)(data[at] >> 4 & 3) };
		int result;

		REQUIRE(value);
		memcpy(value, data + at + 2, len);
		result = hints_told(sock, name, value, (socklen_t)len, (uint32_t)at);
		REQUIRE(result <= 0);
		REQUIRE(name == MD_HINT_SOCKET || name == MD_HINT_RTP || result);
		REQUIRE(name != MD_HINT_SOCKET || !len || len == sizeof(struct md_hint) || result);
		if (len >= sizeof rtp.ssrc + sizeof rtp.seq) {
			memcpy(&rtp.ssrc, value, sizeof rtp.ssrc);
			memcpy(&rtp.seq, value + sizeof rtp.ssrc, sizeof rtp.seq);
		}
		hints_merge(&hint, sock, &rtp);
		hint.version = MD_HINT_VERSION;
		REQUIRE(md_hint_valid(&hint));
		hints_apply(&hint, &in);
		REQUIRE(in.said.class < CLASS_COUNT && in.media <= MEDIA_MPEGTS);
		hints_burst(&flow, sock, &hint, len, (uint32_t)at, 3000);
		free(value);
		at += 2 + len;
	}
	free(sock);
	return 0;
}
