/* SPDX-License-Identifier: BSD-3-Clause
 *
 * live.c - one live book of a domain: its offer, and which controllers have accepted it. */
#include "bookjson.h"
#include "push.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

void live_free(struct live *live)
{
	if (live->book)
		md_codebook_wipe(live->book);
	free(live->book);
	bookjson_free(live->stored.text, live->stored.len);
	explicit_bzero(live, sizeof(*live));
	free(live);
}

bool live_offer(struct live *live, const char *domain)
{
	live->offer.book = live->stored.book;
	live->offer.domain = domain;
	live->offer.text = live->stored.text;
	live->offer.len = live->stored.len;
	return EVP_Digest(live->stored.text, live->stored.len, live->offer.digest, NULL, EVP_sha256(), NULL) == 1;
}

bool live_accepted_by(const struct live *live, const char *controller)
{
	for (uint32_t i = 0; i < live->stored.accepts; i++)
		if (strcmp(live->stored.accepted[i], controller) == 0)
			return true;
	return false;
}

static const char *url_of(const struct peers *peers, const char *name)
{
	for (unsigned i = 0; i < peers->n; i++)
		if (strcmp(peers->peer[i].config.name, name) == 0)
			return peers->peer[i].config.url;
	return NULL;
}

void live_accepts_keep(struct live *live, const struct peers *before, const struct peers *after)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < live->stored.accepts; i++) {
		const char *was = url_of(before, live->stored.accepted[i]), *is = url_of(after, live->stored.accepted[i]);

		if (was && is && strcmp(was, is) == 0)
			memmove(live->stored.accepted[kept++], live->stored.accepted[i], CONFIG_NAME);
	}
	live->stored.accepts = kept;
}
