/* SPDX-License-Identifier: BSD-3-Clause
 *
 * recall.c - a domain as it was left: controllers, certificates, and the books on disk. */
#include "bookjson.h"
#include "log.h"
#include "push.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int peer_load(struct peer *peer, const struct controller_config *config, char text[static 400])
{
	const char *path[CREDENTIALS], *which = "", *problem = "";
	int err;

	peer->config = *config;
	path[CREDENTIAL_CA] = peer->config.ca;
	path[CREDENTIAL_CERTIFICATE] = peer->config.certificate;
	path[CREDENTIAL_KEY] = peer->config.key;
	path[CREDENTIAL_CRL] = peer->config.crl;
	err = credentials_load(&peer->credentials, path, &which, &problem);
	if (err)
		snprintf(text, 400, "controller %s: %.250s: %s", config->name, which, problem);
	return err;
}

int peers_load(struct peers *peers, const struct config *config, const char *domain, char text[static 400])
{
	int err = 0;

	peers->n = 0;
	peers->peer = calloc(CONFIG_CONTROLLERS, sizeof(*peers->peer));
	if (!peers->peer) {
		snprintf(text, 400, "no memory");
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < config->controllers && !err; i++)
		if (strcmp(config->controller[i].domain, domain) == 0)
			err = peer_load(&peers->peer[peers->n++], &config->controller[i], text);
	if (err)
		peers_free(peers);
	return err;
}

void peers_free(struct peers *peers)
{
	for (unsigned i = 0; peers->peer && i < peers->n; i++)
		credentials_free(&peers->peer[i].credentials);
	free(peers->peer);
	peers->peer = NULL;
	peers->n = 0;
}

/* --- Books on disk ------------------------------------------------------------------------------------------------------------ */

/* Where a book of the file goes. The image is what senders go by: the book in it is the active one whatever its file says, for
 * it was published before its file was written. Of two that say active the newer is. */
static void place(struct domain *d, struct live *live, uint32_t published)
{
	struct live **to = &d->next;

	if (live->stored.book == published || (live->stored.state == BOOK_ACTIVE && live->stored.book > published)) {
		live->stored.state = BOOK_ACTIVE;
		if (d->active && !d->draining) {
			d->draining = d->active;
			d->draining->stored.state = BOOK_DRAINING;
			d->active = NULL;
		}
		to = &d->active;
	} else if (live->stored.state >= BOOK_ACTIVE) {
		live->stored.state = BOOK_DRAINING;
		to = &d->draining;
	} else {
		/* Controllers may have restarted too: each says once more that it has the book. */
		live->stored.state = BOOK_OFFERED;
		live->stored.accepts = 0;
	}
	if (*to) { /* at most one of each is kept, the newer */
		struct live *older = *to;

		store_forget(d->folder, d->config.name, older->stored.book);
		bookjson_free(older->stored.text, older->stored.len);
		md_codebook_wipe(older->book);
		free(older->book);
		free(older);
	}
	*to = live;
}

struct recall {
	struct domain *d;
	uint32_t published;
	unsigned damaged, expired;
	bool lately;                 /* there are books whose codes may still be under way */
};

/* Whether a file holds the book it is named after. */
static bool understood(const struct domain *d, struct live *live)
{
	struct md_book_faults faults = { 0 };

	live->book = calloc(1, sizeof(*live->book));
	return live->book && bookjson_read(live->stored.text, live->stored.len, false, live->book, &faults) == 0 &&
		strcmp(live->book->domain, d->config.name) == 0 && live->book->book == live->stored.book &&
		live_offer(live, d->config.name);
}

static void on_stored(void *context, struct stored *s)
{
	struct recall *r = context;
	struct domain *d = r->d;
	struct live *live = calloc(1, sizeof(*live));
	bool good, expired;

	if (live)
		live->stored = *s;
	good = live && understood(d, live);
	expired = good && (int64_t)ev_time() >= live->book->not_after;
	r->lately = r->lately || !good || ev_time() < (double)live->book->not_after + d->config.drain;

	if (s->book > d->last_book)
		d->last_book = s->book;
	for (uint32_t i = 0; good && i < live->book->keys; i++)
		d->ring.ended[live->book->key[i].key.keyid] = live->book->key[i].not_after;
	if (good && !expired) {
		live->drained_at = ev_time() + d->config.drain;
		place(d, live, r->published);
		return;
	}
	r->expired += expired;
	r->damaged += !expired;
	store_forget(d->folder, d->config.name, s->book);
	if (live)
		live_free(live);
	else
		bookjson_free(s->text, s->len);
}

static int recall(struct domain *d)
{
	int64_t not_after, made = 0;
	struct recall r = { .d = d, .published = publish_current(&d->publisher, &not_after) };
	double now = ev_time();
	unsigned torn = 0;
	int err;

	/* Without a history begin anywhere: the chance to meet a KeyID that was in use lately is small. */
	(void)RAND_bytes(&d->ring.last, 1);
	err = store_domain_load(d->folder, d->config.name, &d->last_book, &made, &d->ring);
	if (!err)
		err = store_load(d->folder, d->config.name, on_stored, &r, &torn);
	d->count.damaged = torn + r.damaged;
	d->count.expired = r.expired;
	if (r.published > d->last_book)
		d->last_book = r.published;
	if (now < (double)not_after + d->config.drain) {
		r.lately = true;
		d->orphan = d->active ? 0 : r.published;
		d->orphan_until = (double)not_after + d->config.drain;
	}
	d->ended_at = now;
	if (r.lately || torn || now < (double)made + d->config.drain) /* what was drained when we ended is not known */
		d->mint_at = now + d->config.drain;
	if (d->count.damaged || r.expired)
		log_error("domain %s: %u files of expired books and %u damaged ones were removed", d->config.name, r.expired, torn + r.damaged);
	return err;
}

int domain_open(struct domain *d, const struct domain_config *config, const struct config *general, gid_t group,
	struct peers *peers, char text[static 400])
{
	int err;

	memset(d, 0, sizeof(*d));
	d->config = *config;
	strcpy(d->folder, general->state_dir);
	strcpy(d->stats_dir, general->stats_dir);
	err = publish_open(&d->publisher, general->publish_dir, config->name, group);
	if (err) {
		snprintf(text, 400, "%s/%s.book: %s", general->publish_dir, config->name, strerror(-err));
		return err;
	}
	err = recall(d);
	if (err) {
		snprintf(text, 400, "%s: %s", general->state_dir, strerror(-err));
		domain_close(d);
		return err;
	}
	d->peers = *peers;
	memset(peers, 0, sizeof(*peers));
	return 0;
}
