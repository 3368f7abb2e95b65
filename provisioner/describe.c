/* SPDX-License-Identifier: BSD-3-Clause
 *
 * describe.c - the state of the daemon as JSON, for mdctl. Numbers and names only: no code, no key. */
#include "service.h"

#include <string.h>

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *time_or_null(double at)
{
	return at > 0 ? json_integer((json_int_t)at) : json_null();
}

static json_t *live_json(const struct live *live, double now)
{
	json_t *names = json_array();

	for (uint32_t i = 0; i < live->stored.accepts; i++)
		json_array_append_new(names, json_string(live->stored.accepted[i]));
	return json_pack("{s:s, s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "state", book_state_name(live->stored.state), "book",
		number(live->stored.book), "not_before", (json_int_t)live->book->not_before, "not_after",
		(json_int_t)live->book->not_after, "age", (json_int_t)(now - (double)live->book->not_before), "codes",
		number(live->book->codes), "keys", number(live->book->keys), "accepted_by", names);
}

static json_t *counts_json(const struct domain_counts *c)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "minted", number(c->minted), "activated", number(c->activated),
		"rejected", number(c->rejected), "expired", number(c->expired), "retired", number(c->retired), "damaged",
		number(c->damaged), "failed", number(c->failed));
}

json_t *service_books(const struct service *s)
{
	json_t *all = json_array();
	double now = ev_time();

	for (unsigned i = 0; i < s->domains; i++) {
		const struct domain *d = s->domain[i];
		const struct live *live[] = { d->active, d->next, d->draining };
		json_t *books = json_array();

		for (int k = 0; k < 3; k++)
			if (live[k])
				json_array_append_new(books, live_json(live[k], now));
		json_array_append_new(all, json_pack("{s:s, s:s, s:o, s:o, s:s, s:o}", "domain", d->config.name, "option",
			d->config.ofc ? "ofc" : "med", "books", books, "next_mint", time_or_null(domain_next_mint(d)), "error", d->error,
			"counts", counts_json(&d->count)));
	}
	return json_pack("{s:I, s:o, s:o, s:o, s:s}", "now", (json_int_t)now, "domains", all, "reloads", number(s->reloads),
		"reloads_refused", number(s->reloads_refused), "reload_problem", s->problem);
}

static json_t *csp_json(const struct domain *d, const struct peer *p)
{
	const struct csp *c = &p->csp;

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "controller", p->config.name, "domain",
		d->config.name, "url", p->config.url, "state", csp_state_name(c->state), "outstanding",
		c->offer[0] ? number(c->offer[0]->book) : json_null(), "next_try", time_or_null(c->next_at), "last_answer",
		time_or_null(c->answer_at), "offers", number(c->count.offers), "accepted", number(c->count.accepted), "rejected",
		number(c->count.rejected), "failed", number(c->count.failed), "error", c->error, "error_at", time_or_null(c->error_at));
}

json_t *service_csp(const struct service *s)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < s->domains; i++)
		for (unsigned k = 0; k < s->domain[i]->peers.n; k++)
			json_array_append_new(all, csp_json(s->domain[i], &s->domain[i]->peers.peer[k]));
	return json_pack("{s:I, s:o}", "now", (json_int_t)ev_time(), "controllers", all);
}
