/* SPDX-License-Identifier: BSD-3-Clause */
#include "keys.h"

#include "address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct slot {
	struct md_tuple tuple; /* version 0: empty */
	struct md_traffic_key key;
};

struct keys {
	struct md_key *master[256]; /* by KeyID */
	bool of_book[256];
	size_t count, cache;
	uint64_t seed;
	const struct md_lend *lend;
	struct slot *slot;
};

struct keys *keys_new(size_t cache, uint64_t seed, const struct md_lend *lend)
{
	struct keys *keys = calloc(1, sizeof(*keys));

	if (!keys)
		return NULL;
	/* The members of a traffic key are aligned to 16, which calloc() gives on every platform with 64 bits. */
	keys->slot = aligned_alloc(_Alignof(struct slot), cache * sizeof(*keys->slot));
	if (!keys->slot) {
		free(keys);
		return NULL;
	}
	memset(keys->slot, 0, cache * sizeof(*keys->slot));
	keys->cache = cache;
	keys->seed = seed;
	keys->lend = lend;
	return keys;
}

void keys_free(struct keys *keys)
{
	for (size_t i = 0; i < 256; i++) {
		if (keys->master[i])
			explicit_bzero(keys->master[i], sizeof(*keys->master[i]));
		free(keys->master[i]);
	}
	explicit_bzero(keys->slot, keys->cache * sizeof(*keys->slot));
	free(keys->slot);
	free(keys);
}

int keys_add(struct keys *keys, const struct md_key *key)
{
	struct md_key *copy;

	if (keys->master[key->keyid])
		return -EEXIST;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *key;
	keys->master[key->keyid] = copy;
	keys->count++;
	return 0;
}

static bool same_key(const struct md_key *a, const struct md_key *b)
{
	return a->algorithm == b->algorithm && a->len == b->len && a->cover == b->cover && a->nat == b->nat &&
		memcmp(a->key, b->key, a->len) == 0;
}

bool keys_conflict(const struct keys *keys, const struct md_key *key)
{
	return !keys->of_book[key->keyid] && keys->master[key->keyid] && !same_key(keys->master[key->keyid], key);
}

void keys_take(struct keys *keys, uint8_t keyid)
{
	struct md_key *old = keys->master[keyid];

	if (!old || !keys->of_book[keyid])
		return;
	for (size_t i = 0; i < keys->cache; i++)
		if (keys->slot[i].tuple.version && keys->slot[i].key.keyid == keyid)
			explicit_bzero(&keys->slot[i], sizeof(keys->slot[i]));
	explicit_bzero(old, sizeof(*old));
	free(old);
	keys->master[keyid] = NULL;
	keys->of_book[keyid] = false;
	keys->count--;
}

void keys_put(struct keys *keys, const struct md_key *key)
{
	const struct md_key *old = keys->master[key->keyid];

	if (old && (!keys->of_book[key->keyid] || same_key(old, key)))
		return;
	keys_take(keys, key->keyid);
	keys->of_book[key->keyid] = keys_add(keys, key) == 0;
}

size_t keys_count(const struct keys *keys)
{
	return keys->count;
}

/* What the traffic key depends on: with nat, not on the source. */
static struct md_tuple context_of(const struct md_key *master, const struct md_tuple *tuple)
{
	struct md_tuple context = *tuple;

	if (master->nat) {
		memset(context.src, 0, sizeof(context.src));
		context.sport = 0;
	}
	return context;
}

static bool mac_is_right(const struct keys *keys, const struct md_traffic_key *key, const struct md_datagram *d,
	size_t options_at, const struct md_options *options)
{
	struct iovec user = { (void *)(uintptr_t)d->user, d->user_len };
	size_t mac_at = options_at + options->auth_at + MD_AUTH_LEN - MD_MAC_LEN;
	uint8_t mac[MD_MAC_LEN];

	if (md_auth_mac(key, &d->tuple, &user, 1, d->user_len, d->surplus, d->surplus_len, options_at - 2, mac_at,
		    keys->lend, mac) < 0)
		return false;
	return md_mac_equal(mac, d->surplus + mac_at);
}

enum md_reason keys_verify(struct keys *keys, const struct md_datagram *d, size_t options_at,
	const struct md_options *options)
{
	const struct md_key *master = keys->master[options->keyid];
	struct md_traffic_key fresh;
	struct md_tuple context;
	struct slot *slot;

	if (!master)
		return MD_R_AUTH_KEY;
	context = context_of(master, &d->tuple);
	slot = &keys->slot[tuple_hash(&context, keys->seed + options->keyid) & (keys->cache - 1)];
	if (slot->tuple.version && slot->key.keyid == options->keyid && tuple_equal(&slot->tuple, &context))
		return mac_is_right(keys, &slot->key, d, options_at, options) ? MD_R_NONE : MD_R_AUTH_MAC;
	if (md_traffic_key_make(&fresh, master, &d->tuple, keys->lend) < 0 ||
		!mac_is_right(keys, &fresh, d, options_at, options))
		return MD_R_AUTH_MAC;
	/* Remembered only once it has proved right: made-up sources must not push out the keys in use. */
	slot->tuple = context;
	slot->key = fresh;
	return MD_R_NONE;
}
