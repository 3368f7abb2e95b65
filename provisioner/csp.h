/* SPDX-License-Identifier: BSD-3-Clause
 *
 * csp.h - one controller of a CSP: a small state machine with timers that offers it books until it has answered. */
#ifndef PROVISION_CSP_H
#define PROVISION_CSP_H

#include "config.h"
#include "http.h"

enum csp_state { CSP_IDLE, CSP_CALLING, CSP_WAITING };
enum { CSP_OFFERS = 2 };

/* A book as it is offered; it lives until the offer is withdrawn. */
struct offer {
	uint32_t book;
	const char *domain, *text;
	size_t len;
	uint8_t digest[32];          /* SHA-256 of text */
};

struct csp_counts {
	uint64_t offers, accepted, rejected, failed;
};

struct csp;

/* The answer to an offer, from the loop. reasons is fit to be logged. The offer may be withdrawn in it. */
typedef void csp_answer(void *context, struct csp *csp, const struct offer *offer, bool accepted, const char *reasons);

struct csp {
	const struct controller_config *config;
	const struct domain_config *domain; /* how often offers are repeated */
	struct credentials credentials;
	struct http *http;
	struct ev_loop *loop;
	ev_timer timer;
	enum csp_state state;
	struct http_call *call;
	const struct offer *offer[CSP_OFFERS]; /* outstanding, in the order they go out */
	unsigned failures;           /* in a row */
	csp_answer *answer;
	void *context;
	struct csp_counts count;
	char error[200];             /* the last one, "": none since an answer */
	double error_at, answer_at, next_at; /* wall clock; 0: never */
};

/* credentials are taken over. */
void csp_begin(struct csp *csp, struct ev_loop *loop, struct http *http, const struct controller_config *config,
	const struct domain_config *domain, const struct credentials *credentials, csp_answer *answer, void *context);
void csp_end(struct csp *csp);

/* Offers a book, after those already outstanding; one that is offered already is not offered twice. */
void csp_offer(struct csp *csp, const struct offer *offer);

/* The offer is no longer to be repeated, and not looked at again. */
void csp_withdraw(struct csp *csp, const struct offer *offer);

const char *csp_state_name(enum csp_state state);

#endif
