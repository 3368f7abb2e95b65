/* SPDX-License-Identifier: BSD-3-Clause
 *
 * aes_arm.c - AES-128 with the ARMv8 cryptography extension.
 *
 * The two instructions are written as assembly: clang before 16 offers their intrinsics only when the whole file is
 * compiled for a CPU that has them, and then it would use them before we have asked whether they are there. */
#include "aes.h"

#ifdef AES_ARM
#include <arm_neon.h>
#include <string.h>
#include <sys/auxv.h>

enum { HWCAP_AES_BIT = 1 << 3 }; /* HWCAP_AES of asm/hwcap.h */

bool aes_present(void)
{
	return getauxval(AT_HWCAP) & HWCAP_AES_BIT;
}

/* AddRoundKey, SubBytes, ShiftRows. */
static inline uint8x16_t aese(uint8x16_t x, uint8x16_t key)
{
	__asm__(".arch_extension aes\n\taese %0.16b, %1.16b" : "+w"(x) : "w"(key));
	return x;
}

/* The same and MixColumns; CPUs fuse the pair. */
static inline uint8x16_t aese_mix(uint8x16_t x, uint8x16_t key)
{
	__asm__(".arch_extension aes\n\taese %0.16b, %1.16b\n\taesmc %0.16b, %0.16b" : "+w"(x) : "w"(key));
	return x;
}

/* SubBytes of one word: with four equal columns ShiftRows changes nothing. */
static uint32_t sub_word(uint32_t word)
{
	uint8x16_t x = aese(vreinterpretq_u8_u32(vdupq_n_u32(word)), vdupq_n_u8(0));

	return vgetq_lane_u32(vreinterpretq_u32_u8(x), 0);
}

void aes_expand(uint8_t schedule[11][16], const uint8_t key[16])
{
	static const uint8_t constant[10] = { 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36 };
	uint32_t w[4];

	memcpy(w, key, sizeof w);
	memcpy(schedule[0], w, sizeof w);
	for (int i = 0; i < 10; i++) {
		w[0] ^= sub_word(w[3] >> 8 | w[3] << 24) ^ constant[i];
		w[1] ^= w[0];
		w[2] ^= w[1];
		w[3] ^= w[2];
		memcpy(schedule[i + 1], w, sizeof w);
	}
}

void aes_chain(const uint8_t schedule[11][16], uint8_t state[16], const uint8_t *block, size_t n)
{
	uint8x16_t k[11], x = vld1q_u8(state);

	for (int i = 0; i < 11; i++)
		k[i] = vld1q_u8(schedule[i]);
	for (; n; n--, block += 16) {
		x = veorq_u8(x, vld1q_u8(block));
		x = aese_mix(x, k[0]);
		x = aese_mix(x, k[1]);
		x = aese_mix(x, k[2]);
		x = aese_mix(x, k[3]);
		x = aese_mix(x, k[4]);
		x = aese_mix(x, k[5]);
		x = aese_mix(x, k[6]);
		x = aese_mix(x, k[7]);
		x = aese_mix(x, k[8]);
		x = veorq_u8(aese(x, k[9]), k[10]);
	}
	vst1q_u8(state, x);
}

void aes_mac(const uint8_t schedule[11][16], const uint8_t mask[16], const uint8_t *block, size_t n, uint8_t mac[12])
{
	uint8_t state[16] = { 0 };

	if (n > 1)
		aes_chain(schedule, state, block, n - 1);
	vst1q_u8(state, veorq_u8(vld1q_u8(state), vld1q_u8(mask)));
	aes_chain(schedule, state, block + 16 * (n - 1), 1);
	memcpy(mac, state, 12);
}

/* WIDTH lanes in step. Always inline, so that WIDTH is a constant and the states stay in registers; where there are fewer
 * lanes the first is computed again. */
static inline __attribute__((always_inline)) void chain_wide(const size_t width, struct aes_lane *const lane[],
	size_t lanes, size_t n)
{
	const uint8_t (*key[AES_LANES])[16];
	const uint8_t *block[AES_LANES];
	uint8x16_t x[AES_LANES];

	for (size_t j = 0; j < width; j++) {
		const struct aes_lane *from = lane[j < lanes ? j : 0];

		key[j] = from->schedule;
		block[j] = from->block;
		x[j] = vld1q_u8(from->state);
	}
	for (size_t at = 0; at < 16 * n; at += 16) {
		__asm__ __volatile__("" : : : "memory"); /* or the round keys of all lanes are copied onto the stack */
#pragma GCC unroll 8
		for (size_t j = 0; j < width; j++)
			x[j] = veorq_u8(x[j], vld1q_u8(block[j] + at));
#pragma GCC unroll 9
		for (size_t i = 0; i < 9; i++)
#pragma GCC unroll 8
			for (size_t j = 0; j < width; j++)
				x[j] = aese_mix(x[j], vld1q_u8(key[j][i]));
#pragma GCC unroll 8
		for (size_t j = 0; j < width; j++)
			x[j] = veorq_u8(aese(x[j], vld1q_u8(key[j][9])), vld1q_u8(key[j][10]));
	}
	for (size_t j = 0; j < lanes; j++) {
		vst1q_u8(lane[j]->state, x[j]);
		lane[j]->block += 16 * n;
	}
}

void aes_chain_lanes(struct aes_lane *const lane[], size_t lanes, size_t n)
{
	AES_BY_WIDTH(chain_wide, lane, lanes, n);
}
#endif
