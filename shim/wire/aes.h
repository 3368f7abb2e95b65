/* SPDX-License-Identifier: BSD-3-Clause
 *
 * aes.h - AES-128 on the CPU's own instructions, as much of it as CMAC needs. One file per architecture. */
#ifndef MD_WIRE_AES_H
#define MD_WIRE_AES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) || defined(__i386__)
#define AES_X86 1
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define AES_ARM 1
#endif

/* One of several CBC chains that go on side by side. */
struct aes_lane {
	const uint8_t (*schedule)[16]; /* as aes_expand() made it; lanes may share it */
	const uint8_t *block;          /* the next; moved on by what was done */
	uint8_t state[16];
};

enum { AES_LANES = 8 };

#if defined(AES_X86) || defined(AES_ARM)

/* Whether the others may be called. */
bool aes_present(void);

/* All round keys of key. schedule is aligned to 16. */
void aes_expand(uint8_t schedule[11][16], const uint8_t key[16]);

/* state = AES(state ^ block), for n blocks, at least one, of 16 octets one after the other: the CBC chain of CMAC. */
void aes_chain(const uint8_t schedule[11][16], uint8_t state[16], const uint8_t *block, size_t n);

/* The chain of a whole message, beginning at zero: mask is added to the last of its n blocks, at least one. Its result's first
 * 96 bits. */
void aes_mac(const uint8_t schedule[11][16], const uint8_t mask[16], const uint8_t *block, size_t n, uint8_t mac[12]);

/* The same as aes_chain() for 1..AES_LANES lanes, n blocks of each. A chain waits for its own last round most of the time; others fill
 * the gap, so that eight take little longer than one. */
void aes_chain_lanes(struct aes_lane *const lane[], size_t lanes, size_t n);

/* chain() at the least width, a constant for it, that holds so many lanes. */
#define AES_BY_WIDTH(chain, lane, lanes, n)                                     \
	((lanes) > 4 ? chain(8, lane, lanes, n) : (lanes) > 2 ? chain(4, lane, lanes, n) \
		: (lanes) > 1 ? chain(2, lane, lanes, n) : chain(1, lane, lanes, n))

#else

static inline bool aes_present(void)
{
	return false;
}

static inline void aes_expand(uint8_t schedule[11][16], const uint8_t key[16])
{
	(void)schedule, (void)key;
}

static inline void aes_chain(const uint8_t schedule[11][16], uint8_t state[16], const uint8_t *block, size_t n)
{
	(void)schedule, (void)state, (void)block, (void)n;
}

static inline void aes_mac(const uint8_t schedule[11][16], const uint8_t mask[16], const uint8_t *block, size_t n, uint8_t mac[12])
{
	(void)schedule, (void)mask, (void)block, (void)n, (void)mac;
}

static inline void aes_chain_lanes(struct aes_lane *const lane[], size_t lanes, size_t n)
{
	(void)lane, (void)lanes, (void)n;
}

#endif
#endif
