/* SPDX-License-Identifier: BSD-3-Clause */
#include "shelf.h"

#include "bookjson.h"
#include "bookfile.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct kept {
	struct md_codebook *book;    /* NULL: none */
	uint8_t digest[32];
};

struct shelf {
	pthread_mutex_t lock;
	char folder[256], domain[MD_BOOK_DOMAIN];
	bool lab_allowed;
	struct keys *keys;
	struct kept kept[2];         /* newest first */
	uint32_t highest;            /* book id ever accepted */
	int64_t now;
	struct shelf_counts count;
};

/* Without the lock: the disk may take its time, and packets wait for the lock. */
static void forget(struct shelf *s, struct md_codebook *book)
{
	if (!book)
		return;
	bookfile_forget(s->folder, s->domain, book->book);
	md_codebook_wipe(book);
	free(book);
}

/* --- Keys ----------------------------------------------------------------------------------------------------------- */

static bool key_valid(const struct md_book_key *k, int64_t now)
{
	return k->not_before - MD_BOOK_GRACE <= now && now < k->not_after + MD_BOOK_GRACE;
}

/* Two live books say the same of a KeyID, so the order does not matter. */
static void keys_update(struct shelf *s)
{
	bool live[256] = { false };

	for (int i = 0; i < 2; i++) {
		const struct md_codebook *b = s->kept[i].book;

		for (uint32_t k = 0; b && md_codebook_decodes(b, s->now) && k < b->keys; k++) {
			if (!key_valid(&b->key[k], s->now) || live[b->key[k].key.keyid])
				continue;
			live[b->key[k].key.keyid] = true;
			keys_put(s->keys, &b->key[k].key);
		}
	}
	for (unsigned keyid = 0; keyid < 256; keyid++)
		if (!live[keyid])
			keys_take(s->keys, (uint8_t)keyid);
}

/* --- Offers --------------------------------------------------------------------------------------------------------- */

/* What needs more than the document. Only the control thread changes the shelf, so it may look without the lock. */
static void judge(const struct shelf *s, const struct md_codebook *book, struct md_book_faults *faults)
{
	if (strcmp(book->domain, s->domain) != 0) {
		md_book_fault(faults, MD_B_DOMAIN, MD_BOOK_WHOLE, 0, "domain");
		return;
	}
	if (book->book <= s->highest)
		md_book_fault(faults, MD_B_BOOK_OLD, MD_BOOK_WHOLE, 0, "book");
	if (book->not_after <= (int64_t)time(NULL))
		md_book_fault(faults, MD_B_EXPIRED, MD_BOOK_WHOLE, 0, "notAfter");
	for (int i = 0; i < 2; i++)
		if (s->kept[i].book)
			md_codebook_compare(book, s->kept[i].book, faults);
	/* Accepted, nothing that is sent with it would be believed. */
	for (uint32_t i = 0; i < book->keys; i++)
		if (keys_conflict(s->keys, &book->key[i].key))
			md_book_fault(faults, MD_B_KEY_CONFLICT, MD_BOOK_KEY, book->key[i].at, NULL);
}

static bool repeated(const struct shelf *s, const uint8_t digest[static 32])
{
	for (int i = 0; i < 2; i++)
		if (s->kept[i].book && memcmp(s->kept[i].digest, digest, 32) == 0)
			return true;
	return false;
}

static void put_first(struct shelf *s, struct md_codebook *book, const uint8_t digest[static 32], int64_t now)
{
	struct md_codebook *oldest;

	shelf_lock(s);
	oldest = s->kept[1].book;
	s->kept[1] = s->kept[0];
	s->kept[0].book = book;
	memcpy(s->kept[0].digest, digest, 32);
	s->highest = book->book > s->highest ? book->book : s->highest;
	s->now = now;
	keys_update(s);
	shelf_unlock(s);
	forget(s, oldest);
}

void shelf_sweep(struct shelf *s, int64_t now)
{
	struct md_codebook *over[2] = { NULL, NULL };

	shelf_lock(s);
	for (int i = 1; i >= 0; i--) {
		if (!s->kept[i].book || now < s->kept[i].book->not_after + MD_BOOK_GRACE)
			continue;
		over[i] = s->kept[i].book;
		memset(&s->kept[i], 0, sizeof(s->kept[i]));
	}
	if (!s->kept[0].book) {
		s->kept[0] = s->kept[1];
		memset(&s->kept[1], 0, sizeof(s->kept[1]));
	}
	shelf_unlock(s);
	for (int i = 0; i < 2; i++)
		forget(s, over[i]);
}

static int offer(struct shelf *s, const char *text, size_t len, struct md_codebook *book, struct md_book_faults *faults)
{
	uint8_t digest[32];
	int err = bookjson_read(text, len, s->lab_allowed, book, faults);

	if (err)
		return err;
	if (!EVP_Digest(text, len, digest, NULL, EVP_sha256(), NULL))
		return -ENOMEM;
	if (repeated(s, digest)) {
		s->count.repeated++;
		return -EALREADY;
	}
	judge(s, book, faults);
	if (faults->reasons)
		return -EINVAL;
	err = bookfile_write(s->folder, s->domain, book->book, text, len);
	if (!err)
		put_first(s, book, digest, (int64_t)time(NULL));
	return err;
}

int shelf_offer(struct shelf *s, const char *text, size_t len, struct md_book_faults *faults, uint32_t *number)
{
	struct md_codebook *book = calloc(1, sizeof(*book));
	int err = book ? offer(s, text, len, book, faults) : -ENOMEM;

	*number = book ? book->book : 0;
	shelf_lock(s);
	s->count.offers++;
	s->count.accepted += err == 0;
	s->count.rejected += err == -EINVAL;
	shelf_unlock(s);
	if (err && book) {
		md_codebook_wipe(book);
		free(book);
	}
	return err == -EALREADY ? 0 : err;
}

/* --- Beginning and end ---------------------------------------------------------------------------------------------- */

static void on_file(void *context, uint32_t number, const char *text, size_t len)
{
	struct shelf *s = context;
	struct md_codebook *book = calloc(1, sizeof(*book));
	struct md_book_faults faults = { 0 };
	uint8_t digest[32];

	s->highest = number > s->highest ? number : s->highest;
	if (book && bookjson_read(text, len, s->lab_allowed, book, &faults) == 0 && book->book == number &&
		strcmp(book->domain, s->domain) == 0 && book->not_after + MD_BOOK_GRACE > s->now &&
		EVP_Digest(text, len, digest, NULL, EVP_sha256(), NULL)) {
		put_first(s, book, digest, s->now);
		return;
	}
	s->count.damaged++;
	bookfile_forget(s->folder, s->domain, number);
	free(book);
}

int shelf_open(struct shelf **out, const char *folder, const char *domain, bool lab_allowed, struct keys *keys, int64_t now)
{
	struct shelf *s = calloc(1, sizeof(*s));
	unsigned damaged = 0;
	int err;

	if (!s)
		return -ENOMEM;
	pthread_mutex_init(&s->lock, NULL);
	strcpy(s->folder, folder);
	strcpy(s->domain, domain);
	s->lab_allowed = lab_allowed;
	s->keys = keys;
	s->now = now;
	err = bookfile_load(folder, domain, &s->highest, on_file, s, &damaged);
	s->count.damaged += damaged;
	if (err)
		shelf_close(s);
	else
		*out = s;
	return err;
}

void shelf_close(struct shelf *s)
{
	for (int i = 0; i < 2; i++) {
		if (s->kept[i].book)
			md_codebook_wipe(s->kept[i].book);
		free(s->kept[i].book);
	}
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* --- The loop's side ------------------------------------------------------------------------------------------------ */

void shelf_lock(struct shelf *s)
{
	pthread_mutex_lock(&s->lock);
}

void shelf_unlock(struct shelf *s)
{
	pthread_mutex_unlock(&s->lock);
}

void shelf_tick(struct shelf *s, int64_t now)
{
	s->now = now;
	keys_update(s);
}

static bool is_short(const struct md_metadata *meta)
{
	for (int i = MD_LEGACY_CODE_LEN; i < MD_CODE_LEN; i++)
		if (meta->code[i])
			return false;
	return true;
}

bool shelf_find(void *shelf, struct md_metadata *meta, struct md_meaning *meaning)
{
	struct shelf *s = shelf;

	for (int i = 0; i < 2; i++) {
		const struct md_codebook *b = s->kept[i].book;
		const struct md_code *code;

		if (!b || !md_codebook_decodes(b, s->now))
			continue;
		code = md_codebook_find(b, meta->code, false);
		if (!code && is_short(meta))
			code = md_codebook_find(b, meta->code, true);
		if (!code)
			continue;
		*meaning = code->meaning;
		meta->s = code->meaning.s;
		meta->d = code->meaning.d;
		meta->p = code->meaning.p;
		meta->l = code->meaning.l;
		return true;
	}
	return false;
}

unsigned shelf_books(struct shelf *s, struct shelf_book out[2])
{
	unsigned n = 0;

	shelf_lock(s);
	for (int i = 0; i < 2; i++) {
		const struct md_codebook *b = s->kept[i].book;

		if (b)
			out[n++] = (struct shelf_book){ b->book, b->codes, b->keys, b->not_before, b->not_after };
	}
	shelf_unlock(s);
	return n;
}

struct shelf_counts shelf_counts(struct shelf *s)
{
	struct shelf_counts counts;

	shelf_lock(s);
	counts = s->count;
	shelf_unlock(s);
	return counts;
}

const char *shelf_domain(const struct shelf *s)
{
	return s->domain;
}
