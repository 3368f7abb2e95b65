/* SPDX-License-Identifier: BSD-3-Clause */
#include "hints.h"

#include <errno.h>
#include <string.h>

#include "memory.h"
#include "notes.h"
#include "process.h"
#include "stats.h"

enum {
	BURSTS_KEPT = 1024,  /* a power of two; one burst for each, of flows that share a place the last */
	BURST_MS = 50,
	RTP_AT_ONCE = 1024   /* hints of one setsockopt() */
};

_Static_assert(sizeof(struct md_hint) == 20, "the application and the shim may be built by different compilers");
_Static_assert(sizeof(struct md_hint) <= SOCK_HINT_WORDS * sizeof(uint64_t), "a hint fits its words");
_Static_assert((int)NOTE_WORDS == (int)SOCK_HINT_WORDS, "on sockets and in notes hints look alike");
_Static_assert((int)MD_IS_DISCARDABLE == (int)CLASS_DISCARDABLE && (int)MD_IS_KEY == (int)CLASS_KEY &&
	(int)MD_IS_AUDIO == (int)CLASS_AUDIO && (int)MD_IS_REPAIR == (int)CLASS_REPAIR, "importance is the class");

static struct notes ahead; /* by SSRC and sequence number */

/* A hinted burst in one word: whose it is (16 bits), until when (16, milliseconds), its quantum (8), octets left (24). */
static _Atomic uint64_t *burst;

int hints_start(void)
{
	burst = process_memory(BURSTS_KEPT * sizeof(*burst));
	return burst ? notes_make(&ahead) : -ENOMEM;
}

static uint64_t rtp_key(uint32_t ssrc, uint16_t seq)
{
	return (uint64_t)ssrc << 32 | seq;
}

/* --- What is told ---------------------------------------------------------------------------------------------------- */

static void pack(const struct md_hint *hint, uint64_t word[SOCK_HINT_WORDS])
{
	memset(word, 0, SOCK_HINT_WORDS * sizeof(*word));
	memcpy(word, hint, sizeof(*hint));
}

static void unpack(struct md_hint *hint, const uint64_t word[SOCK_HINT_WORDS])
{
	memcpy(hint, word, sizeof(*hint));
}

static int told_socket(struct sock *sock, const void *value, uint32_t now)
{
	uint64_t word[SOCK_HINT_WORDS];
	struct md_hint hint;
	uint32_t n;

	memcpy(&hint, value, sizeof(hint));
	if (!md_hint_valid(&hint)) {
		stats_count(MD_C_HINTS_BAD, 1);
		return -EINVAL;
	}
	pack(&hint, word);
	if (!claim_take(&sock->claim, now))
		return -EAGAIN;
	/* As views are published: into the place nobody begins to read. */
	n = atomic_load_explicit(&sock->hints, memory_order_relaxed) + 1;
	for (unsigned i = 0; i < SOCK_HINT_WORDS; i++)
		atomic_store_explicit(&sock->hint[n & 1][i], word[i], memory_order_release);
	atomic_store_explicit(&sock->hints, n ? n : 2, memory_order_release);
	atomic_store_explicit(&sock->burst_due, (hint.given & MD_HINT_BURST) != 0, memory_order_relaxed);
	claim_drop(&sock->claim);
	return 0;
}

static int told_ahead(const void *value, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t word[SOCK_HINT_WORDS];
		struct md_hint_rtp one;

		memcpy(&one, (const uint8_t *)value + i * sizeof(one), sizeof(one));
		if (one.zero || !md_hint_valid(&one.hint)) {
			stats_count(MD_C_HINTS_BAD, 1);
			err = -EINVAL;
			continue;
		}
		pack(&one.hint, word);
		notes_put(&ahead, rtp_key(one.ssrc, one.seq), word);
	}
	return err;
}

int hints_told(struct sock *sock, int name, const void *value, socklen_t len, uint32_t now)
{
	if (name == MD_HINT_SOCKET && len == 0)
		return 0;
	if (name != MD_HINT_SOCKET && name != MD_HINT_RTP)
		return -ENOPROTOOPT;
	if (name == MD_HINT_SOCKET ? len != sizeof(struct md_hint) :
				     len % sizeof(struct md_hint_rtp) || len > RTP_AT_ONCE * sizeof(struct md_hint_rtp)) {
		stats_count(MD_C_HINTS_BAD, 1);
		return -EINVAL;
	}
	if (!memory_readable(value, len))
		return -EFAULT;
	return name == MD_HINT_SOCKET ? told_socket(sock, value, now) : told_ahead(value, len / sizeof(struct md_hint_rtp));
}

/* --- What is found --------------------------------------------------------------------------------------------------- */

/* Items that *hint has not yet. */
static void add(struct md_hint *hint, const struct md_hint *weaker)
{
	unsigned missing = weaker->given & ~(unsigned)hint->given;

	if (missing & MD_HINT_MDU)
		hint->mdu = weaker->mdu;
	if (missing & MD_HINT_START)
		hint->start = weaker->start;
	if (missing & MD_HINT_END)
		hint->end = weaker->end;
	if (missing & MD_HINT_IMPORTANCE)
		hint->importance = weaker->importance;
	if (missing & MD_HINT_DPL)
		hint->d = weaker->d, hint->p = weaker->p, hint->l = weaker->l;
	if (missing & MD_HINT_BURST)
		hint->burst = weaker->burst;
	if (missing & MD_HINT_STREAM)
		hint->stream = weaker->stream;
	hint->given = (uint16_t)(hint->given | missing);
}

static __attribute__((noinline)) void add_ahead(struct md_hint *hint, const struct rtp *rtp)
{
	uint64_t word[SOCK_HINT_WORDS];
	struct md_hint found;

	if (!notes_find(&ahead, rtp_key(rtp->ssrc, rtp->seq), word))
		return;
	unpack(&found, word);
	add(hint, &found);
}

/* A burst is one burst: the next packet begins it, not every packet (hints_burst). */
static __attribute__((noinline)) void add_socket(struct md_hint *hint, const struct sock *sock, uint32_t n)
{
	uint64_t word[SOCK_HINT_WORDS];
	struct md_hint found;

	for (unsigned i = 0; i < SOCK_HINT_WORDS; i++)
		word[i] = atomic_load_explicit(&sock->hint[n & 1][i], memory_order_acquire);
	if (atomic_load_explicit(&sock->hints, memory_order_relaxed) != n)
		return; /* changed while we read: said too late for this packet */
	unpack(&found, word);
	if (!atomic_load_explicit(&sock->burst_due, memory_order_relaxed))
		found.given = (uint16_t)(found.given & ~(unsigned)MD_HINT_BURST);
	add(hint, &found);
}

void hints_merge(struct md_hint *hint, const struct sock *sock, const struct rtp *rtp)
{
	uint32_t n = atomic_load_explicit(&sock->hints, memory_order_acquire);

	if (rtp && notes_any(&ahead))
		add_ahead(hint, rtp);
	if (n)
		add_socket(hint, sock, n);
}

bool hints_silent(const struct sock *sock)
{
	return !atomic_load_explicit(&sock->hints, memory_order_relaxed) && !notes_any(&ahead);
}

/* Audio and repair packets are MDUs by themselves; whatever else an importance says makes a packet one of video. */
static void apply_importance(enum class class, struct mdu_in *in)
{
	in->said.class = class;
	if (class == CLASS_AUDIO)
		in->media = MEDIA_AUDIO;
	else if (class == CLASS_REPAIR)
		in->media = MEDIA_REPAIR;
	else if (in->media != MEDIA_MPEGTS)
		in->media = MEDIA_VIDEO;
}

void hints_apply(const struct md_hint *hint, struct mdu_in *in)
{
	if (hint->given & MD_HINT_IMPORTANCE)
		apply_importance((enum class)hint->importance, in);
	if (hint->given & MD_HINT_START)
		in->said.start = hint->start;
	if (hint->given & MD_HINT_END)
		in->said.end = hint->end;
	if (hint->given & MD_HINT_MDU) {
		in->has_identity = true;
		in->identity = hint->mdu;
	}
}

/* --- Bursts ---------------------------------------------------------------------------------------------------------- */

struct burst {
	uint16_t whose, until;
	uint8_t quantum;
	uint32_t left;
};

static uint64_t burst_pack(const struct burst *b)
{
	return (uint64_t)b->whose << 48 | (uint64_t)b->until << 32 | (uint64_t)b->quantum << 24 | b->left;
}

static struct burst burst_unpack(uint64_t word)
{
	return (struct burst){ (uint16_t)(word >> 48), (uint16_t)(word >> 32), (uint8_t)(word >> 24), (uint32_t)word & 0xffffff };
}

static bool runs(const struct burst *b, uint16_t whose, uint32_t now)
{
	return b->left && b->whose == whose && (uint16_t)(b->until - now) <= BURST_MS;
}

/* The same burst told again, with each of its packets, goes on; anything else begins another. */
static void begin(struct burst *b, uint16_t whose, uint32_t octets, uint32_t now, uint32_t unit)
{
	uint8_t quantum = md_burst_quantum(octets, unit);

	if (runs(b, whose, now) && b->quantum == quantum)
		return;
	*b = (struct burst){ whose, (uint16_t)(now + BURST_MS), quantum, octets < 0xffffff ? octets : 0xffffff };
}

_Atomic uint32_t hints_bursts;

uint8_t hints_burst_of(struct flow *flow, struct sock *sock, const struct md_hint *hint, size_t octets, uint32_t now, uint32_t unit)
{
	uint64_t who = ((uintptr_t)flow / 64 ^ (uint64_t)atomic_load_explicit(&flow->slot.age, memory_order_relaxed) << 40) *
		0x9e3779b97f4a7c15u;
	_Atomic uint64_t *at = &burst[(who >> 32) % BURSTS_KEPT];
	uint64_t word = atomic_load_explicit(at, memory_order_relaxed);
	uint16_t whose = (uint16_t)(who >> 48);
	struct burst b;

	if (!word && !(hint->given & MD_HINT_BURST))
		return 0;
	if (!atomic_load_explicit(&hints_bursts, memory_order_relaxed))
		atomic_store_explicit(&hints_bursts, 1, memory_order_relaxed);
	do {
		b = burst_unpack(word);
		if (hint->given & MD_HINT_BURST)
			begin(&b, whose, hint->burst, now, unit);
		if (!runs(&b, whose, now))
			return 0;
		b.left = octets < b.left ? b.left - (uint32_t)octets : 0;
	} while (!atomic_compare_exchange_weak_explicit(at, &word, burst_pack(&b), memory_order_relaxed, memory_order_relaxed));
	if (atomic_load_explicit(&sock->burst_due, memory_order_relaxed))
		atomic_store_explicit(&sock->burst_due, 0, memory_order_relaxed);
	return b.quantum;
}
