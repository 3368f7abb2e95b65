/* SPDX-License-Identifier: BSD-3-Clause */
#include "csp.h"

#include "answer.h"
#include "log.h"

#include <math.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

enum { RETRY_AFTER_MAX = 3600 };

const char *csp_state_name(enum csp_state state)
{
	static const char *const name[] = { "idle", "calling", "waiting" };

	return name[state];
}

static void call_next(struct csp *csp);

/* 0.75 to 1.25: controllers of one operator are not all asked in the same moment. */
static double spread(void)
{
	uint16_t random = 0;

	(void)RAND_bytes((unsigned char *)&random, sizeof(random));
	return 0.75 + random / 131072.0;
}

static void wait_again(struct csp *csp, double at_least)
{
	const struct domain_config *d = csp->domain;
	double wait = d->retry_first * pow(2, csp->failures > 16 ? 16 : csp->failures);

	wait = (wait < d->retry_max ? wait : d->retry_max) * spread();
	if (at_least > RETRY_AFTER_MAX)
		at_least = RETRY_AFTER_MAX;
	wait = wait > at_least ? wait : at_least;
	csp->failures++;
	csp->state = CSP_WAITING;
	csp->next_at = ev_time() + wait;
	ev_timer_stop(csp->loop, &csp->timer);
	ev_timer_set(&csp->timer, wait, 0.);
	ev_timer_start(csp->loop, &csp->timer);
}

/* The same complaint again and again is told once. */
static void failed(struct csp *csp, const char *why, double retry_after)
{
	char plain[sizeof(csp->error)];
	bool news;

	log_plain(plain, sizeof(plain), why);
	news = strcmp(plain, csp->error) != 0;
	strcpy(csp->error, plain);
	csp->error_at = ev_time();
	csp->count.failed++;
	if (news)
		log_error("controller %s: %s", csp->config->name, plain);
	wait_again(csp, retry_after);
}

static void on_done(void *context, const struct http_result *result)
{
	struct csp *csp = context;
	const struct offer *offer = csp->offer[0];
	char reasons[256] = "", text[200];
	const char *why = "";
	enum answer answer;

	csp->call = NULL;
	csp->state = CSP_IDLE;
	if (!offer) /* withdrawn meanwhile */
		return;
	answer = result->error ? ANSWER_NONE : answer_read(result, offer, reasons, &why);
	if (answer == ANSWER_NONE) {
		if (result->error)
			snprintf(text, sizeof(text), "book %u: %s", offer->book, result->error);
		else
			snprintf(text, sizeof(text), "book %u: status %ld, %s", offer->book, result->status, why);
		failed(csp, text, result->retry_after);
		return;
	}
	csp->failures = 0;
	csp->error[0] = '\0';
	csp->answer_at = ev_time();
	if (answer == ANSWER_ACCEPTED)
		csp->count.accepted++;
	else
		csp->count.rejected++;
	csp_withdraw(csp, offer);
	csp->answer(csp->context, csp, offer, answer == ANSWER_ACCEPTED, reasons);
	call_next(csp);
}

/* RFC 9562, version 4; CAMARA's habit. */
static void correlator_make(char text[static 40])
{
	uint8_t r[16] = { 0 };

	(void)RAND_bytes(r, sizeof(r));
	r[6] = (uint8_t)((r[6] & 0x0f) | 0x40);
	r[8] = (uint8_t)((r[8] & 0x3f) | 0x80);
	snprintf(text, 40, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", r[0], r[1], r[2], r[3], r[4],
		r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
}

static void call_next(struct csp *csp)
{
	const struct offer *offer = csp->offer[0];
	char url[CONFIG_URL + 128], correlator[40];
	struct http_request request;

	if (!offer || csp->state != CSP_IDLE)
		return;
	credentials_refresh(&csp->credentials, csp->config->name);
	correlator_make(correlator);
	snprintf(url, sizeof(url), "%s/domains/%s/books/%u", csp->config->url, offer->domain, offer->book);
	request = (struct http_request){ url, &csp->credentials, correlator, offer->text, offer->len,
		csp->config->connect_timeout, csp->config->timeout };
	csp->count.offers++;
	csp->next_at = 0;
	csp->state = CSP_CALLING;
	csp->call = http_put(csp->http, &request, on_done, csp);
	log_info("controller %s: book %u offered, %zu octets, x-correlator %s", csp->config->name, offer->book, offer->len, correlator);
	if (!csp->call)
		failed(csp, "no memory for a request", 0);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct csp *csp = w->data;

	(void)loop, (void)events;
	csp->state = CSP_IDLE;
	call_next(csp);
}

void csp_begin(struct csp *csp, struct ev_loop *loop, struct http *http, const struct controller_config *config,
	const struct domain_config *domain, const struct credentials *credentials, csp_answer *answer, void *context)
{
	memset(csp, 0, sizeof(*csp));
	csp->loop = loop;
	csp->http = http;
	csp->config = config;
	csp->domain = domain;
	csp->credentials = *credentials;
	csp->answer = answer;
	csp->context = context;
	ev_timer_init(&csp->timer, on_timer, 0., 0.);
	csp->timer.data = csp;
}

void csp_end(struct csp *csp)
{
	ev_timer_stop(csp->loop, &csp->timer);
	if (csp->call)
		http_cancel(csp->call);
	csp->call = NULL;
	credentials_free(&csp->credentials);
	memset(csp->offer, 0, sizeof(csp->offer));
}

void csp_offer(struct csp *csp, const struct offer *offer)
{
	for (int i = 0; i < CSP_OFFERS; i++)
		if (csp->offer[i] == offer)
			return;
	for (int i = 0; i < CSP_OFFERS; i++) {
		if (!csp->offer[i]) {
			csp->offer[i] = offer;
			break;
		}
	}
	call_next(csp);
}

void csp_withdraw(struct csp *csp, const struct offer *offer)
{
	if (csp->offer[0] == offer) {
		if (csp->call) { /* the text goes away */
			http_cancel(csp->call);
			csp->call = NULL;
			csp->state = CSP_IDLE;
		}
		csp->offer[0] = csp->offer[1];
		csp->offer[1] = NULL;
		if (!csp->offer[0] && csp->state == CSP_WAITING) {
			ev_timer_stop(csp->loop, &csp->timer);
			csp->state = CSP_IDLE;
		}
		call_next(csp);
	} else if (csp->offer[1] == offer) {
		csp->offer[1] = NULL;
	}
}
