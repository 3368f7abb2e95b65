/* SPDX-License-Identifier: BSD-3-Clause */
#include "unrouted.h"

#include <errno.h>
#include <string.h>

#include "age.h"
#include "classify.h"
#include "memory.h"
#include "process.h"
#include "stir.h"

enum {
	BELIEVED_MS = 20, /* as long as the addresses of a socket (socktab.c) */
	RTP_LEAST = 12,
	ADDRESS_WORDS = 4
};

_Static_assert(sizeof(struct sockaddr_in6) <= ADDRESS_WORDS * sizeof(uint64_t), "an address fits its words");

struct unrouted *unrouted;
static uint64_t salt;

int unrouted_start(void)
{
	salt = process_random();
	unrouted = process_memory(sizeof(*unrouted));
	return unrouted ? 0 : -ENOMEM;
}

/* Of number and address, all octets of it; and of what was heard of the number, after which it may be another socket. */
static uint64_t hash_of(int fd, const struct msghdr *msg)
{
	uint64_t word[ADDRESS_WORDS] = { 0 };
	uint64_t x = (uint64_t)(uint32_t)fd << 8 | (socktab_turn(fd) & (uint8_t)~SOCKTAB_UNROUTED);
	size_t len = msg->msg_name ? msg->msg_namelen : 0;

	memcpy(word, msg->msg_name ? msg->msg_name : word, len);
	x = stir(x, len, salt);
	for (size_t i = 0; i * sizeof(*word) < len; i++)
		x = stir(x, word[i], salt);
	return x;
}

static bool has_usual_address(const struct msghdr *msg)
{
	return !msg->msg_name || (msg->msg_namelen <= sizeof(struct sockaddr_in6) && memory_readable(msg->msg_name, msg->msg_namelen));
}

static _Atomic uint64_t *place_of(uint64_t hash)
{
	return &unrouted->place[hash % UNROUTED_PLACES];
}

void unrouted_note(int fd, const struct msghdr *msg, uint32_t now)
{
	uint64_t hash;

	if (!has_usual_address(msg))
		return;
	hash = hash_of(fd, msg);
	atomic_store_explicit(place_of(hash), hash >> 32 << 32 | age_note(now), memory_order_relaxed);
	socktab_note_unrouted(fd);
}

bool unrouted_is(int fd, const struct msghdr *msg, bool own_pieces, uint32_t now)
{
	uint64_t hash, word;

	if (msg->msg_controllen || msg->msg_iovlen != 1 || !has_usual_address(msg) ||
		(!own_pieces && !memory_readable(msg->msg_iov, sizeof(*msg->msg_iov))) ||
		msg->msg_iov->iov_len < RTP_LEAST || !memory_readable(msg->msg_iov->iov_base, RTP_LEAST) ||
		!classify_is_rtp(msg->msg_iov->iov_base))
		return false;
	hash = hash_of(fd, msg);
	word = atomic_load_explicit(place_of(hash), memory_order_relaxed);
	return word >> 32 == hash >> 32 && (uint32_t)word && age_below(now, (uint32_t)word, BELIEVED_MS);
}
