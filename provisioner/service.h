/* SPDX-License-Identifier: BSD-3-Clause
 *
 * service.h - all domains together: started from a configuration, changed to another one as a transaction. */
#ifndef PROVISION_SERVICE_H
#define PROVISION_SERVICE_H

#include "push.h"

#include <jansson.h>

struct service {
	const char *path;            /* of the configuration */
	struct config config;
	struct ev_loop *loop;
	struct http *http;
	gid_t group;                 /* -1: none */
	int lock;
	struct domain *domain[CONFIG_DOMAINS];
	unsigned domains;
	uint64_t reloads, reloads_refused;
	double started;
	char problem[512];           /* of the last reload, "": it was good */
};

/* Reads and opens everything that can fail. Says what is wrong on standard error. 0 or -errno. */
int service_open(struct service *s, const char *path);

/* Reads the configuration, certificates included, and opens nothing: for --check. 0 or -errno. */
int service_check(const char *path);

void service_start(struct service *s, struct ev_loop *loop, struct http *http);
void service_stop(struct service *s);

/* The new configuration as a whole, or none of it: then the old one goes on and s->problem says why. */
int service_reload(struct service *s);

/* For mdctl: everything about books, controllers and the daemon, without a secret. */
json_t *service_books(const struct service *s);
json_t *service_csp(const struct service *s);

#endif
