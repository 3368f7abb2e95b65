/* SPDX-License-Identifier: BSD-3-Clause
 *
 * push.h - the life of a domain's books (codebook format, section 5): minted, offered to every controller, accepted, active,
 * draining, retired. Make before break; a refusal keeps the last good one; at most two books are live. */
#ifndef PROVISION_PUSH_H
#define PROVISION_PUSH_H

#include "csp.h"
#include "publish.h"
#include "store.h"
#include "usage.h"

/* The controllers of a domain, with what they were configured with. */
struct peer {
	struct controller_config config;
	struct credentials credentials; /* taken over by csp when it begins */
	struct csp csp;
};
struct peers {
	struct peer *peer;
	unsigned n;
};

/* Copies the controllers of a domain out of the configuration and reads their certificates. 0, or -errno with text saying
 * what is wrong. */
int peers_load(struct peers *peers, const struct config *config, const char *domain, char text[static 400]);
void peers_free(struct peers *peers); /* of peers that have not begun */

/* A live book. */
struct live {
	struct stored stored;
	struct md_codebook *book;
	struct offer offer;
	double drained_at;           /* draining: when that is over */
};

struct domain_counts {
	uint64_t minted, activated, rejected, expired, retired, damaged, failed;
};

struct domain {
	struct domain_config config;
	struct peers peers;
	struct ev_loop *loop;
	struct http *http;
	char folder[CONFIG_PATH], stats_dir[CONFIG_PATH];
	struct publisher publisher;
	struct keyring ring;
	uint32_t last_book;
	struct live *next, *active, *draining;
	ev_timer timer;
	double mint_at;              /* not before */
	double ended_at;             /* a book that was in use expired; or we began, and do not know of one */
	uint32_t orphan;             /* the book of the image, if its file was lost; 0: it was not */
	double orphan_until;         /* when nothing of it can be under way any more */
	bool refused_alone;          /* the last book made was refused by the only controller: nobody holds it */
	double active_since;
	struct usage usage;
	struct domain_counts count;
	char error[400];             /* the last refusal or failure, "": none since a book became active */
};

/* Opens what the domain needs and loads what was there; nothing is sent yet, and nothing of the state is changed. peers are
 * taken over. 0, or -errno with text. */
int domain_open(struct domain *d, const struct domain_config *config, const struct config *general, gid_t group,
	struct peers *peers, char text[static 400]);

/* Begins: offers, mints, publishes as the time comes. */
void domain_start(struct domain *d, struct ev_loop *loop, struct http *http);

/* Other settings and controllers for a domain that goes on. */
void domain_change(struct domain *d, const struct domain_config *config, struct peers *peers);

/* Stops; books stay in force, on disk and published. */
void domain_close(struct domain *d);

/* The domain is no longer ours: nothing of it stays in force. */
void domain_drop(struct domain *d);

/* When the next book is due, wall clock. */
double domain_next_mint(const struct domain *d);

/* Erased and freed. */
void live_free(struct live *live);

/* Makes the offer of a book whose text is there; domain has to outlive it. false: no digest could be made. */
bool live_offer(struct live *live, const char *domain);

/* Whether a controller has accepted a live book. */
bool live_accepted_by(const struct live *live, const char *controller);

/* Forgets what controllers accepted that are no longer there, or elsewhere: the same name at another URL is somebody else. */
void live_accepts_keep(struct live *live, const struct peers *before, const struct peers *after);

#endif
