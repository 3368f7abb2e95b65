/* SPDX-License-Identifier: BSD-3-Clause */
#include "push.h"

#include "bookjson.h"
#include "log.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK = 1 }; /* seconds at most between two looks at the clock, which may be set */

static void step(struct domain *d);

/* --- Live books ----------------------------------------------------------------------------------------------------------- */

static bool accepted_by_all(const struct domain *d, const struct live *live)
{
	for (unsigned i = 0; i < d->peers.n; i++)
		if (!live_accepted_by(live, d->peers.peer[i].config.name))
			return false;
	return d->peers.n > 0;
}

static void complain(struct domain *d, const char *what, uint32_t book, const char *why)
{
	snprintf(d->error, sizeof(d->error), "book %u: %.60s%s%.320s", book, what, *why ? ": " : "", why);
	log_error("domain %s: %s", d->config.name, d->error);
}

static void save(struct domain *d, struct live *live)
{
	int err = store_book(d->folder, d->config.name, &live->stored);

	if (err) {
		d->count.failed++;
		complain(d, "its state cannot be stored", live->stored.book, strerror(-err));
	}
}

/* Forgotten everywhere. */
static void retire(struct domain *d, struct live **which)
{
	struct live *live = *which;

	*which = NULL;
	for (unsigned i = 0; i < d->peers.n; i++)
		csp_withdraw(&d->peers.peer[i].csp, &live->offer);
	store_forget(d->folder, d->config.name, live->stored.book);
	log_info("domain %s: book %u retired", d->config.name, live->stored.book);
	d->count.retired++;
	live_free(live);
}

static void offer_to_all(struct domain *d, struct live *live)
{
	for (unsigned i = 0; i < d->peers.n; i++)
		csp_offer(&d->peers.peer[i].csp, &live->offer);
}

/* --- Room at the controllers ----------------------------------------------------------------------------------------------- */

/* A controller keeps the newest book it accepted and the one before. One that took a book which another refused, or which was
 * lost here, keeps that one and the book in use: one more would push the book in use out while senders use it. So the next
 * one has to wait until it is out of use and what was sent with it has arrived. */
static bool held(const struct domain *d)
{
	uint32_t in_use = d->active ? d->active->stored.book : d->orphan;

	return in_use && !d->next && d->last_book > in_use && !d->refused_alone;
}

/* --- A new book ----------------------------------------------------------------------------------------------------------- */

static int mint_next(struct domain *d, struct live *live, double now)
{
	const struct domain_config *c = &d->config;
	int64_t second = (int64_t)now, begin = second;
	struct mint mint = { .config = c, .now = second, .before = d->active ? d->active->book : NULL };
	int err;

	if (d->active && d->active->book->not_after - (int64_t)c->overlap > begin)
		begin = d->active->book->not_after - (int64_t)c->overlap;
	usage_look(&d->usage, d->stats_dir);
	mint.use = d->usage.total ? d->usage.use : NULL;
	mint.not_before = begin;
	mint.not_after = begin + (int64_t)c->epoch;
	/* The time as a number keeps ids rising even where the state was lost. */
	mint.book = d->last_book + 1;
	if (second > mint.book && second <= UINT32_MAX)
		mint.book = (uint32_t)second;
	err = mint_book(&mint, &d->ring, live->book);
	if (err)
		return err;
	d->last_book = live->stored.book = mint.book;
	d->refused_alone = false;
	live->stored.state = BOOK_OFFERED;
	live->stored.text = bookjson_write(live->book, &live->stored.len);
	if (!live->stored.text || !live_offer(live, d->config.name))
		return -ENOMEM;
	/* On disk before it is on the wire: an id that was seen is never given out again. The book first: an id without a book
	 * says that controllers may hold one that is lost (held()). */
	err = store_book(d->folder, c->name, &live->stored);
	return err ? err : store_domain(d->folder, c->name, d->last_book, second, &d->ring);
}

static void mint_and_offer(struct domain *d, double now)
{
	struct live *live = calloc(1, sizeof(*live));
	int err = -ENOMEM;

	if (live && (live->book = calloc(1, sizeof(*live->book))))
		err = mint_next(d, live, now);
	if (err) {
		d->count.failed++;
		d->mint_at = now + d->config.reject_wait;
		complain(d, "a book cannot be made", d->last_book, strerror(-err));
		if (live && live->stored.book)
			store_forget(d->folder, d->config.name, live->stored.book);
		if (live)
			live_free(live);
		return;
	}
	d->count.minted++;
	d->next = live;
	log_info("domain %s: book %u made, %u codes, %u keys", d->config.name, live->stored.book, live->book->codes, live->book->keys);
	offer_to_all(d, live);
}

/* --- Answers ---------------------------------------------------------------------------------------------------------------- */

static void on_accepted(struct domain *d, struct live *live, const char *controller)
{
	if (!live_accepted_by(live, controller) && live->stored.accepts < STORE_NAMES) {
		snprintf(live->stored.accepted[live->stored.accepts++], CONFIG_NAME, "%s", controller);
		save(d, live);
	}
	log_info("domain %s: book %u accepted by %s", d->config.name, live->stored.book, controller);
}

static void on_answer(void *context, struct csp *csp, const struct offer *offer, bool accepted, const char *reasons)
{
	struct domain *d = context;
	struct live *live = d->next && &d->next->offer == offer ? d->next : d->active && &d->active->offer == offer ? d->active : NULL;
	char why[330];

	if (!live)
		return;
	if (accepted) {
		on_accepted(d, live, csp->config->name);
	} else {
		snprintf(why, sizeof(why), "%s (%s)", csp->config->name, reasons);
		complain(d, live == d->next ? "rejected by" : "active, but on being offered again rejected by", live->stored.book, why);
	}
	if (!accepted && live == d->next) { /* final: the id is never offered again */
		d->count.rejected++;
		d->refused_alone = d->peers.n == 1;
		d->mint_at = fmax(ev_time() + d->config.reject_wait, d->ended_at + d->config.drain);
		retire(d, &d->next);
	}
	step(d);
}

/* --- Time ------------------------------------------------------------------------------------------------------------------- */

static void publish(struct domain *d, const struct md_codebook *book)
{
	int err = publish_book(&d->publisher, book);

	if (err) {
		d->count.failed++;
		complain(d, "publishing is not sure to survive a crash", book ? book->book : 0, strerror(-err));
	}
}

/* What was sent with a book that we no longer keep may be under way for so long; until then none may be pushed out. */
static void let_arrive(struct domain *d, double now)
{
	if (d->mint_at < now + d->config.drain)
		d->mint_at = now + d->config.drain;
}

/* Published first: whatever is on disk when we die, the image tells which book is in use. */
static void activate(struct domain *d, double now)
{
	publish(d, d->next->book);
	let_arrive(d, now);
	d->orphan = 0;
	d->count.activated++;
	d->active_since = now;
	d->error[0] = '\0';
	if (d->active) {
		d->draining = d->active;
		d->draining->stored.state = BOOK_DRAINING;
		d->draining->drained_at = now + d->config.drain;
		for (unsigned i = 0; i < d->peers.n; i++)
			csp_withdraw(&d->peers.peer[i].csp, &d->draining->offer);
	}
	d->active = d->next;
	d->next = NULL;
	d->active->stored.state = BOOK_ACTIVE;
	save(d, d->active);
	if (d->draining)
		save(d, d->draining);
	log_info("domain %s: book %u is active", d->config.name, d->active->stored.book);
}

static void let_drain(struct domain *d, double now)
{
	if (!d->draining || now < d->draining->drained_at)
		return;
	publish_wipe_idle(&d->publisher);
	retire(d, &d->draining);
}

/* Senders look at the end of a book themselves. */
static double active_until(const struct domain *d)
{
	return (double)d->active->book->not_after + (held(d) ? d->config.drain : 0);
}

static void let_expire(struct domain *d, double now)
{
	if (d->orphan && now >= d->orphan_until) {
		publish(d, NULL);
		publish_wipe_idle(&d->publisher);
		d->orphan = 0;
	}
	if (d->active && now >= active_until(d) && !(d->next && d->next->stored.state == BOOK_ACCEPTED)) {
		d->count.expired++;
		complain(d, "expired without a successor; senders go on natively", d->active->stored.book, "");
		publish(d, NULL);
		publish_wipe_idle(&d->publisher);
		d->ended_at = now;
		retire(d, &d->active);
	}
	if (d->next && now >= (double)d->next->book->not_after) {
		d->count.expired++;
		complain(d, "expired before every controller had accepted it", d->next->stored.book, "");
		retire(d, &d->next);
	}
}

double domain_next_mint(const struct domain *d)
{
	double at = d->active ? (double)d->active->book->not_after - d->config.lead : 0;

	if (held(d))
		at = d->active ? active_until(d) : d->orphan_until;
	return at > d->mint_at ? at : d->mint_at;
}

static void step(struct domain *d)
{
	double now = ev_time();

	let_drain(d, now);
	if (d->next && d->next->stored.state == BOOK_OFFERED && accepted_by_all(d, d->next)) {
		d->next->stored.state = BOOK_ACCEPTED;
		save(d, d->next);
	}
	if (d->next && d->next->stored.state == BOOK_ACCEPTED && !d->draining && now >= (double)d->next->book->not_before &&
		now < (double)d->next->book->not_after)
		activate(d, now);
	let_expire(d, now);
	if (!d->next && !d->draining && !held(d) && now >= domain_next_mint(d))
		mint_and_offer(d, now);
}

static double sooner(double a, double b, double now)
{
	return b > now && b < a ? b : a;
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct domain *d = w->data;
	double now, at;

	(void)events;
	step(d);
	now = ev_time();
	at = sooner(now + LOOK, domain_next_mint(d), now);
	if (d->next)
		at = sooner(at, (double)d->next->book->not_before, now);
	if (d->active)
		at = sooner(at, active_until(d), now);
	if (d->draining)
		at = sooner(at, d->draining->drained_at, now);
	ev_timer_stop(loop, w);
	ev_timer_set(w, at - now > 0.001 ? at - now : 0.001, 0.);
	ev_timer_start(loop, w);
}

/* --- Beginning and end ------------------------------------------------------------------------------------------------------ */

static void peers_begin(struct domain *d)
{
	for (unsigned i = 0; i < d->peers.n; i++) {
		struct peer *p = &d->peers.peer[i];

		csp_begin(&p->csp, d->loop, d->http, &p->config, &d->config, &p->credentials, on_answer, d);
		memset(&p->credentials, 0, sizeof(p->credentials));
	}
}

static void peers_end(struct domain *d)
{
	for (unsigned i = 0; i < d->peers.n; i++)
		csp_end(&d->peers.peer[i].csp);
	free(d->peers.peer);
	d->peers.peer = NULL;
}

/* Controllers are asked by offering again what is live: who has it says so, who lost it takes it. */
static void offer_live(struct domain *d)
{
	if (d->active)
		offer_to_all(d, d->active);
	if (d->next)
		offer_to_all(d, d->next);
}

void domain_start(struct domain *d, struct ev_loop *loop, struct http *http)
{
	int64_t not_after;
	uint32_t published = publish_current(&d->publisher, &not_after);

	d->loop = loop;
	d->http = http;
	peers_begin(d);
	if (d->active && published != d->active->stored.book)
		publish(d, d->active->book);
	if (!d->active && !d->orphan && published)
		publish(d, NULL);
	offer_live(d);
	ev_timer_init(&d->timer, on_timer, 0., 0.);
	d->timer.data = d;
	ev_timer_start(loop, &d->timer);
}

void domain_change(struct domain *d, const struct domain_config *config, struct peers *peers)
{
	if (d->active)
		live_accepts_keep(d->active, &d->peers, peers);
	if (d->next) {
		live_accepts_keep(d->next, &d->peers, peers);
		d->next->stored.state = BOOK_OFFERED;
	}
	peers_end(d);
	d->config = *config;
	d->peers = *peers;
	memset(peers, 0, sizeof(*peers));
	peers_begin(d);
	offer_live(d);
}

void domain_close(struct domain *d)
{
	struct live *live[] = { d->next, d->active, d->draining };

	if (d->loop)
		ev_timer_stop(d->loop, &d->timer);
	if (d->loop)
		peers_end(d);
	else
		peers_free(&d->peers);
	publish_close(&d->publisher);
	for (int i = 0; i < 3; i++)
		if (live[i])
			live_free(live[i]);
	d->next = d->active = d->draining = NULL;
}

void domain_drop(struct domain *d)
{
	publish(d, NULL);
	publish_wipe_idle(&d->publisher);
	if (d->next)
		retire(d, &d->next);
	if (d->active)
		retire(d, &d->active);
	if (d->draining)
		retire(d, &d->draining);
	domain_close(d);
}
