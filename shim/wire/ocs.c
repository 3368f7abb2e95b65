/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ocs.c - Internet checksums (RFC 1071) and the option checksum of a surplus area (wire format, section 2.2). */
#include <string.h>

#include <mdshim/wire.h>

#include "sum.h"

#if defined(__x86_64__)
#include <immintrin.h>
enum { WIDE_MIN = 128 }; /* below this the set-up costs more than it saves */
#endif

/* The sum is the same in either byte order but for an exchange of its two octets (RFC 1071, section 2 (B)), so words
 * are added as the CPU loads them and the result is exchanged once. */
static uint16_t network(uint16_t native)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap16(native);
#else
	return native;
#endif
}

/* The last 0..7 octets, each part at an even place as seen from the first. */
static uint64_t sum_tail(const uint8_t *p, size_t len)
{
	uint64_t sum = 0;
	uint32_t four;
	uint16_t two;

	if (len & 4) {
		memcpy(&four, p, 4);
		sum = four;
		p += 4;
	}
	if (len & 2) {
		memcpy(&two, p, 2);
		sum += two;
		p += 2;
	}
	if (len & 1)
		sum += network((uint16_t)(*p << 8));
	return sum;
}

static uint64_t sum_words(uint64_t sum, const uint8_t *p, size_t len)
{
	for (; len >= 32; p += 32, len -= 32) {
		sum = sum_add(sum, sum_load(p));
		sum = sum_add(sum, sum_load(p + 8));
		sum = sum_add(sum, sum_load(p + 16));
		sum = sum_add(sum, sum_load(p + 24));
	}
	for (; len >= 8; p += 8, len -= 8)
		sum = sum_add(sum, sum_load(p));
	return len ? sum_add(sum, sum_tail(p, len)) : sum;
}

#if defined(__x86_64__)
/* Eight 32-bit words at a time into 64-bit lanes, which cannot overflow below 2^32 words. The odd words are masked from
 * a second load, four octets on: one instruction, where shifting them down would be two. */
__attribute__((target("avx2")))
static uint64_t sum_wide(uint64_t sum, const uint8_t *p, size_t len)
{
	const __m256i low = _mm256_set1_epi64x(0xffffffff);
	__m256i even = _mm256_setzero_si256(), odd = even;
	uint64_t lane[4];

	for (; len >= 64 + 4; p += 64, len -= 64) {
		even = _mm256_add_epi64(even, _mm256_and_si256(low, _mm256_loadu_si256((const void *)p)));
		odd = _mm256_add_epi64(odd, _mm256_and_si256(low, _mm256_loadu_si256((const void *)(p + 4))));
		even = _mm256_add_epi64(even, _mm256_and_si256(low, _mm256_loadu_si256((const void *)(p + 32))));
		odd = _mm256_add_epi64(odd, _mm256_and_si256(low, _mm256_loadu_si256((const void *)(p + 36))));
	}
	_mm256_storeu_si256((void *)lane, _mm256_add_epi64(even, odd));
	for (int i = 0; i < 4; i++)
		sum = sum_add(sum, lane[i]);
	return sum_words(sum, p, len);
}
#endif

uint16_t md_sum(uint16_t start, const void *octets, size_t len)
{
	uint64_t sum = network(start);

#if defined(__x86_64__)
	if (len >= WIDE_MIN && __builtin_cpu_supports("avx2"))
		return network(sum_fold(sum_wide(sum, octets, len)));
#endif
	return network(sum_fold(sum_words(sum, octets, len)));
}

uint16_t md_sum_pieces(uint16_t start, const struct iovec *piece, size_t n)
{
	uint32_t sum = start;
	bool odd = false;

	for (size_t i = 0; i < n; i++) {
		uint16_t part = md_sum(0, piece[i].iov_base, piece[i].iov_len);

		/* Behind an odd number of octets high and low halves change places. */
		sum += odd ? __builtin_bswap16(part) : part;
		sum = (sum & 0xffff) + (sum >> 16);
		odd ^= piece[i].iov_len & 1;
	}
	return (uint16_t)sum;
}

uint16_t md_ocs(const uint8_t *from_ocs, size_t len, size_t surplus_len)
{
	uint16_t ocs = (uint16_t)~md_sum((uint16_t)surplus_len, from_ocs, len);

	return ocs ? ocs : 0xffff; /* zero would say "not computed" (RFC 9868, 9) */
}

static int refuse(enum md_reason *reason, enum md_reason why)
{
	*reason = why;
	return MD_E_REFUSED;
}

int md_surplus_check(const uint8_t *surplus, size_t len, size_t udp_length, bool checksum_zero, size_t *options_at,
	enum md_reason *reason)
{
	size_t pad = udp_length & 1;

	*reason = MD_R_NONE;
	*options_at = pad + 2;
	if (!len)
		return refuse(reason, MD_R_NO_OPTIONS);
	if (len < pad + 2 || len > UINT16_MAX)
		return refuse(reason, MD_R_SURPLUS_SHORT);
	if (pad && surplus[0])
		return refuse(reason, MD_R_PAD);
	if (!surplus[pad] && !surplus[pad + 1]) /* unchecked only beside a UDP checksum that is not used either */
		return checksum_zero ? 0 : refuse(reason, MD_R_OCS_ZERO);
	if (md_sum((uint16_t)len, surplus + pad, len - pad) != 0xffff)
		return refuse(reason, MD_R_OCS);
	return 0;
}
