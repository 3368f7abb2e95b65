/* SPDX-License-Identifier: BSD-3-Clause
 *
 * aes_x86.c - AES-128 with AES-NI. */
#include "aes.h"

#ifdef AES_X86
#include <immintrin.h>
#include <string.h>

#define AESNI __attribute__((target("aes,sse4.1")))

bool aes_present(void)
{
	__builtin_cpu_init(); /* another library's constructor may call us before our own have run */
	return __builtin_cpu_supports("aes") && __builtin_cpu_supports("sse4.1");
}

/* The next round key: each word is the sum of all words before it, plus what the key generator made of the last. */
AESNI static __m128i next_key(__m128i key, __m128i assist)
{
	key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
	key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
	return _mm_xor_si128(key, _mm_shuffle_epi32(assist, 0xff));
}

AESNI void aes_expand(uint8_t schedule[11][16], const uint8_t key[16])
{
	__m128i k = _mm_loadu_si128((const void *)key);
	__m128i *out = (void *)schedule;

	_mm_store_si128(out, k);
#define ROUND(n, constant) /* the constant has to be a literal */                    \
	k = next_key(k, _mm_aeskeygenassist_si128(k, constant));                       \
	_mm_store_si128(out + (n), k)
	ROUND(1, 0x01);
	ROUND(2, 0x02);
	ROUND(3, 0x04);
	ROUND(4, 0x08);
	ROUND(5, 0x10);
	ROUND(6, 0x20);
	ROUND(7, 0x40);
	ROUND(8, 0x80);
	ROUND(9, 0x1b);
	ROUND(10, 0x36);
#undef ROUND
}

/* The nine rounds in the middle. The keys stay in memory: an operand of an instruction costs nothing there, a load does. */
AESNI static inline __attribute__((always_inline)) __m128i rounds(__m128i x, const __m128i *key)
{
	__asm__ __volatile__("" : : : "memory"); /* or they are loaded in front of the loop */
#pragma GCC unroll 9
	for (size_t i = 1; i < 10; i++)
		x = _mm_aesenc_si128(x, key[i]);
	return x;
}

/* The last round of a block adds its round key, the next block and the first round key in one, off the chain's way. mask goes
 * into the last block. */
AESNI static inline __attribute__((always_inline)) __m128i chain(__m128i x, const __m128i *key, const uint8_t *block, size_t n, __m128i mask)
{
	ptrdiff_t len = 16 * (ptrdiff_t)n;
	__m128i between = _mm_xor_si128(key[10], key[0]);

	x = _mm_xor_si128(_mm_xor_si128(x, key[0]), _mm_loadu_si128((const void *)block));
	block += len;
	for (ptrdiff_t at = 16 - len; at; at += 16)
		x = _mm_aesenclast_si128(rounds(x, key), _mm_xor_si128(between, _mm_loadu_si128((const void *)(block + at))));
	return _mm_aesenclast_si128(rounds(_mm_xor_si128(x, mask), key), key[10]);
}

AESNI void aes_chain(const uint8_t schedule[11][16], uint8_t state[16], const uint8_t *block, size_t n)
{
	__m128i x = _mm_loadu_si128((const void *)state);

	_mm_storeu_si128((void *)state, chain(x, (const void *)schedule, block, n, _mm_setzero_si128()));
}

AESNI void aes_mac(const uint8_t schedule[11][16], const uint8_t mask[16], const uint8_t *block, size_t n, uint8_t mac[12])
{
	__m128i x = chain(_mm_setzero_si128(), (const void *)schedule, block, n, _mm_loadu_si128((const void *)mask));
	int last = _mm_extract_epi32(x, 2);

	_mm_storel_epi64((void *)mac, x);
	memcpy(mac + 8, &last, 4);
}

/* WIDTH lanes in step. Always inline, so that WIDTH is a constant and the states stay in registers; where there are fewer
 * lanes the first is computed again, which costs less than a branch. */
AESNI static inline __attribute__((always_inline)) void chain_wide(const size_t width, struct aes_lane *const lane[],
	size_t lanes, size_t n)
{
	const __m128i *key[AES_LANES];
	const uint8_t *block[AES_LANES];
	__m128i x[AES_LANES];

	for (size_t j = 0; j < width; j++) {
		const struct aes_lane *from = lane[j < lanes ? j : 0];

		key[j] = (const void *)from->schedule;
		block[j] = from->block;
		x[j] = _mm_loadu_si128((const void *)from->state);
	}
	for (size_t at = 0; at < 16 * n; at += 16) {
		__asm__ __volatile__("" : : : "memory"); /* or the round keys of all lanes are copied onto the stack */
#pragma GCC unroll 8
		for (size_t j = 0; j < width; j++)
			x[j] = _mm_xor_si128(x[j], _mm_xor_si128(_mm_loadu_si128((const void *)(block[j] + at)), key[j][0]));
#pragma GCC unroll 9
		for (size_t i = 1; i < 10; i++)
#pragma GCC unroll 8
			for (size_t j = 0; j < width; j++)
				x[j] = _mm_aesenc_si128(x[j], key[j][i]);
#pragma GCC unroll 8
		for (size_t j = 0; j < width; j++)
			x[j] = _mm_aesenclast_si128(x[j], key[j][10]);
	}
	for (size_t j = 0; j < lanes; j++) {
		_mm_storeu_si128((void *)lane[j]->state, x[j]);
		lane[j]->block += 16 * n;
	}
}

AESNI void aes_chain_lanes(struct aes_lane *const lane[], size_t lanes, size_t n)
{
	AES_BY_WIDTH(chain_wide, lane, lanes, n);
}
#endif
