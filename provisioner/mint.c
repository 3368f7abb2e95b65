/* SPDX-License-Identifier: BSD-3-Clause */
#include "mint.h"

#include <errno.h>
#include <math.h>
#include <mdshim/snapshot.h>
#include <openssl/rand.h>
#include <string.h>

enum { TRIES = 16, KEYS_KEPT = 8 };

/* --- How many ------------------------------------------------------------------------------------------------------ */

static unsigned shared(const uint64_t *use, unsigned n, double rate, uint16_t *codes)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < n; i++) {
		double want = floor((double)use[i] * rate);

		codes[i] = (uint16_t)(want < MD_BOOK_SET ? MD_BOOK_SET : want > MD_BOOK_CODES ? MD_BOOK_CODES : want);
		sum += codes[i];
	}
	return sum;
}

bool mint_share(const uint64_t *use, unsigned n, unsigned budget, uint16_t *codes)
{
	double low = 0, high = MD_BOOK_CODES;
	uint64_t total = 0;

	if (n * MD_BOOK_SET > budget)
		return false;
	for (unsigned i = 0; i < n; i++)
		total += use[i];
	for (unsigned i = 0; !total && i < n; i++)
		codes[i] = (uint16_t)(budget / n);
	if (!total)
		return true;
	for (int i = 0; i < 96; i++) { /* the highest rate that stays within the budget */
		double middle = (low + high) / 2;

		if (shared(use, n, middle, codes) <= budget)
			low = middle;
		else
			high = middle;
	}
	shared(use, n, low, codes);
	return true;
}

/* --- Codes ------------------------------------------------------------------------------------------------------------ */

struct plan {
	struct md_meaning meaning[MD_BOOK_CODES / MD_BOOK_SET];
	uint64_t use[MD_BOOK_CODES / MD_BOOK_SET];
	uint16_t codes[MD_BOOK_CODES / MD_BOOK_SET];
	unsigned n;
};

static bool plan_add(struct plan *p, const struct md_meaning *m, uint64_t use)
{
	if (p->n == MD_BOOK_CODES / MD_BOOK_SET)
		return false;
	p->meaning[p->n] = *m;
	p->use[p->n++] = use;
	return true;
}

static uint64_t used(const uint64_t *use, const struct md_meaning *m)
{
	return use ? use[md_meaning_number(m)] : 0;
}

/* A sender takes the sets of role "only" together, so they share their use (codebook format, section 6). */
static uint64_t used_only(const uint64_t *use, struct md_meaning m, uint32_t colours)
{
	uint64_t sum = 0;

	for (m.colour = 0; m.colour < MD_BOOK_COLOURS; m.colour++)
		sum += used(use, &m);
	return sum / colours;
}

static bool plan_frames(struct plan *p, const struct domain_config *c, const uint64_t *use)
{
	for (uint32_t i = 0; i < c->meanings; i++) {
		for (uint32_t k = 0; k < 4 * c->colours; k++) {
			struct md_meaning m = { .role = (uint8_t)(k / c->colours), .colour = (uint8_t)(k % c->colours),
				.d = c->meaning[i].d, .p = c->meaning[i].p, .l = c->meaning[i].l };

			if (!plan_add(p, &m, m.role == MD_ROLE_ONLY ? used_only(use, m, c->colours) : used(use, &m)))
				return false;
		}
	}
	return true;
}

static bool plan_streams(struct plan *p, const struct domain_config *c, const uint64_t *use)
{
	for (uint32_t stream = 0; stream < c->streams; stream++) {
		for (uint32_t i = 0; i < c->stream_meanings; i++) {
			struct md_meaning m = { .s = 1, .stream = (uint8_t)stream, .p = c->stream[i].p, .l = c->stream[i].l };

			if (!plan_add(p, &m, used(use, &m)))
				return false;
		}
	}
	return true;
}

static int codes_make(const struct mint *mint, struct md_codebook *out)
{
	static struct plan p;

	p.n = 0;
	if (!plan_frames(&p, mint->config, mint->use) || !plan_streams(&p, mint->config, mint->use) ||
		!mint_share(p.use, p.n, mint->config->codes, p.codes))
		return -EINVAL;
	for (unsigned i = 0; i < p.n; i++) {
		for (unsigned k = 0; k < p.codes[i]; k++, out->codes++) {
			struct md_code *c = &out->code[out->codes];

			c->meaning = p.meaning[i];
			c->at = (uint16_t)out->codes;
			if (RAND_bytes(c->code, MD_CODE_LEN) != 1)
				return -EIO;
		}
	}
	return 0;
}

/* --- Keys --------------------------------------------------------------------------------------------------------------- */

static const struct md_book_key *newest(const struct md_codebook *book)
{
	const struct md_book_key *best = NULL;

	for (uint32_t i = 0; i < book->keys; i++)
		if (!best || book->key[i].not_after > best->not_after)
			best = &book->key[i];
	return best;
}

/* Keys that are needed while the new book is in use; unchanged, since a key lives while a live book contains it. */
static void keys_keep(const struct mint *mint, struct md_codebook *out)
{
	for (uint32_t i = 0; mint->before && i < mint->before->keys && out->keys < KEYS_KEPT; i++) {
		if (mint->before->key[i].not_after <= mint->now)
			continue;
		out->key[out->keys] = mint->before->key[i];
		out->key[out->keys].at = (uint16_t)out->keys;
		out->keys++;
	}
}

/* The next KeyID that has rested long enough (wire format, 5.10), or -1. */
static int keyid_next(const struct keyring *ring, int64_t now)
{
	for (int i = 1; i <= 256; i++) {
		int keyid = (ring->last + i) % 256;

		if (!ring->ended[keyid] || ring->ended[keyid] + MD_KEYID_REST + MD_BOOK_GRACE <= now)
			return keyid;
	}
	return -1;
}

static int key_make(const struct mint *mint, struct keyring *ring, int64_t not_before, struct md_codebook *out)
{
	struct md_book_key *k = &out->key[out->keys];
	int keyid = keyid_next(ring, mint->now);

	if (keyid < 0)
		return -EAGAIN;
	memset(k, 0, sizeof(*k));
	k->key.keyid = (uint8_t)keyid;
	k->key.algorithm = mint->config->algorithm;
	k->key.len = mint->config->algorithm == MD_AES_128_CMAC_96 ? 16 : 20;
	k->key.cover = mint->config->cover;
	k->key.nat = mint->config->nat;
	k->not_before = not_before;
	k->not_after = not_before + (int64_t)mint->config->key_life;
	k->at = (uint16_t)out->keys;
	if (RAND_bytes(k->key.key, (int)k->key.len) != 1)
		return -EIO;
	ring->ended[keyid] = k->not_after;
	ring->last = (uint8_t)keyid;
	out->keys++;
	return 0;
}

/* A key follows in the first book that ends within an epoch of the newest key's end: so it is in the routers' hands at least
 * an epoch before it is needed (codebook format, section 7), and takes over an epoch before that end. Where no KeyID has rested
 * long enough, the present keys have to do. */
static int keys_make(const struct mint *mint, struct keyring *ring, struct md_codebook *out)
{
	int64_t epoch = (int64_t)mint->config->epoch, begin = mint->now;
	const struct md_book_key *last;
	int err;

	keys_keep(mint, out);
	while (!(last = newest(out)) || last->not_after < mint->not_after + epoch) {
		if (last)
			begin = last->not_after - epoch > mint->now ? last->not_after - epoch : mint->now;
		err = out->keys == KEYS_KEPT ? -EAGAIN : key_make(mint, ring, begin, out);
		if (err)
			return err == -EAGAIN && last && last->not_after > mint->not_before ? 0 : err;
	}
	return 0;
}

/* --- Books -------------------------------------------------------------------------------------------------------------- */

static int attempt(const struct mint *mint, struct keyring *ring, struct md_codebook *out)
{
	const struct domain_config *c = mint->config;
	struct md_book_faults faults = { 0 };
	int err;

	memset(out, 0, sizeof(*out));
	strcpy(out->domain, c->name);
	out->book = mint->book;
	out->not_before = mint->not_before;
	out->not_after = mint->not_after;
	out->bq_unit = c->bq_unit;
	out->legacy16 = c->legacy16;
	err = c->ofc ? codes_make(mint, out) : 0;
	if (!err)
		err = keys_make(mint, ring, out);
	if (err)
		return err;
	md_codebook_index(out);
	md_codebook_check(out, false, &faults);
	if (mint->before)
		md_codebook_compare(out, mint->before, &faults);
	return faults.reasons ? -EAGAIN : 0;
}

/* Two codes that meet in their short form are no surprise with 56 bits; then all are made anew. */
int mint_book(const struct mint *mint, struct keyring *ring, struct md_codebook *out)
{
	int err = -EAGAIN;

	for (int i = 0; i < TRIES && err == -EAGAIN; i++) {
		struct keyring tried = *ring;

		err = attempt(mint, &tried, out);
		if (!err)
			*ring = tried;
	}
	if (err)
		md_codebook_wipe(out);
	return err == -EAGAIN ? -EINVAL : err;
}
