/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fuzz_inner.c - one octet with the ECN of the outer header, then what came out of a tunnel. */
#include <stdlib.h>
#include <string.h>

#include <mdshim/wire.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		__builtin_trap();
}

/* A checked datagram that was forwarded is still a good one, older by one hop, and only its header has changed. */
static void forward(uint8_t *inner, size_t size, unsigned ecn, const struct md_datagram *before)
{
	uint8_t *copy = malloc(size);
	struct md_datagram after;
	enum md_reason reason;
	int want = md_ecn_decapsulate(before->ip.tos, ecn);

	must(copy != NULL);
	memcpy(copy, inner, size);
	if (md_inner_forward(inner, size, ecn, &reason) < 0) {
		must(reason == (before->ip.ttl <= 1 ? MD_R_INNER_TTL : MD_R_INNER_ECN));
		must(before->ip.ttl <= 1 || want < 0);
		must(!memcmp(copy, inner, size));
	} else {
		must(!md_inner_check(inner, size, &after, &reason));
		must(after.ip.ttl == before->ip.ttl - 1 && after.ip.tos == ((before->ip.tos & 0xfc) | want));
		must(!memcmp(&after.tuple, &before->tuple, sizeof after.tuple));
		must(after.user == before->user && after.user_len == before->user_len);
		must(!memcmp(copy + 12, inner + 12, size - 12));
	}
	free(copy);
}

static void try(const uint8_t *data, size_t size, unsigned ecn)
{
	uint8_t *inner = malloc(size ? size : 1);
	struct md_datagram d;
	enum md_reason reason;

	must(inner != NULL);
	memcpy(inner, data, size);
	if (!md_inner_check(inner, size, &d, &reason)) {
		must(reason == MD_R_NONE && d.length == size && d.user + d.user_len + d.surplus_len == inner + size);
		forward(inner, size, ecn, &d);
	} else {
		must(reason >= MD_R_INNER_VERSION && reason <= MD_R_INNER_PROTOCOL);
		md_inner_forward(inner, size, ecn, &reason);
	}
	free(inner);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *mended;
	size_t header;

	if (!size)
		return 0;
	try(data + 1, size - 1, data[0] & 3);
	/* Once more with a right checksum, or nothing behind it would ever be reached. */
	if (size < 21 || data[1] >> 4 != 4)
		return 0;
	header = (size_t)(data[1] & 15) * 4;
	mended = malloc(size);
	must(mended != NULL);
	memcpy(mended, data, size);
	mended[3] = (uint8_t)((size - 1) >> 8);
	mended[4] = (uint8_t)(size - 1);
	mended[11] = mended[12] = 0;
	if (header >= 20 && header <= size - 1) {
		uint16_t sum = (uint16_t)~md_sum(0, mended + 1, header);

		mended[11] = (uint8_t)(sum >> 8);
		mended[12] = (uint8_t)sum;
	}
	try(mended + 1, size - 1, data[0] & 3);
	free(mended);
	return 0;
}
